// What the commands share: options, the call, tables. Only for server/commands/*.cc.
#pragma once

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/commands/manage_client.h"
#include "server/commands/manage_commands.h"

namespace doorward {

/// Options of every command.
struct ManageOptions {
  std::string config;
  bool json = false;
};
void add_manage_options(CLI::App* command, ManageOptions& options);

/// The settings of the options; mistakes are told as warnings.
ServerSettings manage_settings(const ManageOptions& options);

using ManageShow = std::function<void(const boost::json::object& answer)>;
/// Asks, shows the answer (or prints it as it is) and gives the exit status.
int manage_call(const ManageOptions& options, ApiRequest request, const ManageShow& show);

/// A request: "GET", "/api/v1/agents"; empty values of the query are left out.
ApiRequest manage_request(const char* method, std::string path,
                          const std::map<std::string, std::string>& query = {},
                          const boost::json::object& body = {});

/// Prints "doorward-server: error: ..." and gives the status.
int manage_error(const Error& error, int status);

// --- answers, printable: names in them come from attackers ---
std::string text_in(const boost::json::object& object, std::string_view name);
std::int64_t number_in(const boost::json::object& object, std::string_view name);
bool flag_in(const boost::json::object& object, std::string_view name);
const boost::json::array& list_in(const boost::json::object& object, std::string_view name);
const boost::json::object& object_in(const boost::json::object& object, std::string_view name);
/// "2026-11-20 08:15:00", UTC; "-" when it is missing.
std::string time_in(const boost::json::object& object, std::string_view name);
/// "3 min ago", "in 6 days"; "-" when it is missing.
std::string ago_in(const boost::json::object& object, std::string_view name);
/// "12.3 MiB"
std::string size_words(std::int64_t bytes);
/// A number without its fraction: "60" of 59.6675; "0" when it is missing.
std::string rounded_in(const boost::json::object& object, std::string_view name);
/// "1 alert", "2 alerts" of the member `name`; `noun` takes an s.
std::string count_in(const boost::json::object& object, std::string_view name, const char* noun);
/// A version, which begins at 1: "-" of 0 and of one that is missing.
std::string version_in(const boost::json::object& object, std::string_view name);

/// Columns under headings, as wide as they need to be.
class ManageTable {
 public:
  explicit ManageTable(std::vector<std::string> head) : rows_{std::move(head)} {}
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  /// On stdout; `none` when there is no row.
  void print(const char* none) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace doorward
