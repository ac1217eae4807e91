#include "server/commands/manage_call.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "plugins/clock.h"
#include "plugins/count_words.h"
#include "plugins/printable.h"
#include "plugins/span_words.h"
#include "plugins/time_text.h"

namespace doorward {
namespace {

namespace json = boost::json;

const json::value* member(const json::object& object, std::string_view name) {
  return object.if_contains({name.data(), name.size()});
}

/// "17.8572", "6e-14", "90"; the JSON library would write 1.78572E1.
std::string real_words(double number) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.6g", number);
  return text.data();
}

}  // namespace

void add_manage_options(CLI::App* command, ManageOptions& options) {
  command->add_flag("--json", options.json, "The answer as the API gives it");
  command
      ->add_option("-c,--config", options.config,
                   "Default: /etc/doorward/server.toml if it is there")
      ->type_name("FILE");
}

ServerSettings manage_settings(const ManageOptions& options) {
  std::vector<Error> mistakes;
  ServerSettings settings = read_server_settings(options.config, mistakes);
  for (const Error& mistake : mistakes) {
    std::fprintf(stderr, "doorward-server: warning: %s\n", printable(mistake.message()).c_str());
  }
  return settings;
}

int manage_error(const Error& error, int status) {
  std::fprintf(stderr, "doorward-server: error: %s\n", printable(error.message()).c_str());
  return status;
}

ApiRequest manage_request(const char* method, std::string path,
                          const std::map<std::string, std::string>& query,
                          const json::object& body) {
  ApiRequest out;
  out.method = method;
  out.path = std::move(path);
  for (const auto& [name, value] : query) {
    if (!value.empty()) out.query[name] = value;
  }
  if (out.method == "POST") out.body = json::serialize(body);
  return out;
}

int manage_call(const ManageOptions& options, ApiRequest request, const ManageShow& show) {
  const Result<ApiResponse> asked = ask_server(manage_settings(options), std::move(request));
  if (!asked) return manage_error(asked.error(), kManageUnreachable);
  const ApiResponse& answer = asked.value();
  boost::system::error_code fault;
  const json::value value = json::parse(answer.body, fault);
  const json::object* object = fault ? nullptr : value.if_object();
  if (object == nullptr) return manage_error({"", "this is no answer"}, kManageUnreachable);
  if (answer.status != 200) {
    if (options.json) std::printf("%s\n", answer.body.c_str());
    manage_error({text_in(*object, "where"), text_in(*object, "error")}, kManageRefused);
    return answer.status == 503 ? kManageUnreachable : kManageRefused;
  }
  if (options.json)
    std::printf("%s\n", answer.body.c_str());
  else
    show(*object);
  return kManageDone;
}

std::string text_in(const json::object& object, std::string_view name) {
  const json::value* value = member(object, name);
  if (value == nullptr) return {};
  if (value->is_string()) {
    return printable({value->get_string().data(), value->get_string().size()});
  }
  if (value->is_int64()) return std::to_string(value->get_int64());
  if (value->is_double()) return real_words(value->get_double());
  return printable(json::serialize(*value));
}

std::int64_t number_in(const json::object& object, std::string_view name) {
  const json::value* value = member(object, name);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

std::string rounded_in(const json::object& object, std::string_view name) {
  const json::value* value = member(object, name);
  if (value == nullptr || !value->is_double()) return std::to_string(number_in(object, name));
  return std::to_string(std::llround(value->get_double()));
}

std::string count_in(const json::object& object, std::string_view name, const char* noun) {
  return counted(number_in(object, name), noun);
}

std::string version_in(const json::object& object, std::string_view name) {
  const std::int64_t version = number_in(object, name);
  return version == 0 ? "-" : std::to_string(version);
}

bool flag_in(const json::object& object, std::string_view name) {
  const json::value* value = member(object, name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

const json::array& list_in(const json::object& object, std::string_view name) {
  static const json::array kNone;
  const json::value* value = member(object, name);
  return value != nullptr && value->is_array() ? value->get_array() : kNone;
}

const json::object& object_in(const json::object& object, std::string_view name) {
  static const json::object kNone;
  const json::value* value = member(object, name);
  return value != nullptr && value->is_object() ? value->get_object() : kNone;
}

std::string time_in(const json::object& object, std::string_view name) {
  std::string text = text_in(object, name);
  if (text.size() < 19) return "-";
  text.resize(19);
  text[10] = ' ';
  return text;
}

std::string ago_in(const json::object& object, std::string_view name) {
  const std::optional<TimeUs> time = parse_time(text_in(object, name));
  if (!time) return "-";
  const std::int64_t now = clock_now();
  const std::int64_t seconds = (now - *time) / kSecondUs;
  return seconds < 0 ? "in " + span_words(-seconds) : span_words(seconds) + " ago";
}

std::string size_words(std::int64_t bytes) {
  constexpr std::array<const char*, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  auto size = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (size >= 1024 && unit + 1 < kUnits.size()) {
    size /= 1024;
    ++unit;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f %s" : "%.1f %s", size, kUnits[unit]);
  return text.data();
}

void ManageTable::print(const char* none) const {
  if (rows_.size() == 1) {
    std::printf("%s\n", none);
    return;
  }
  // printable() leaves UTF-8; a sign is counted as one column.
  const auto width = [](const std::string& text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
      return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
  };
  std::vector<std::size_t> widths(rows_.front().size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], width(row[i]));
    }
  }
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - width(row[i]) + 2, ' ');
    }
    std::printf("%s\n", line.c_str());
  }
}

}  // namespace doorward
