// Stored alerts on their way to the outputs of server.toml.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "plugins/delivery/delivery.h"
#include "plugins/delivery/spool.h"
#include "server/core/core.h"

namespace doorward {

/// Alerts read from the log at a time.
inline constexpr std::size_t kFedAtATime = 200;

/// The ordered log is the queue: this reads it from the place up to which the spool was fed, which
/// is kept in FOLDER/outputs.place together with the spool's head then. So after kill -9 every
/// alert goes out at least once, under its id. Alerts from before there was an output stay where
/// they are.
///
/// For the io_context's one thread. Destroyed after the core's thread has ended.
class AlertFanOut {
 public:
  /// Before Core::start(). `folder`: the server's.
  AlertFanOut(boost::asio::io_context& io, Core& core, const std::string& folder);
  AlertFanOut(const AlertFanOut&) = delete;
  AlertFanOut& operator=(const AlertFanOut&) = delete;

  /// Opens the spool and the outputs; again after a change of the settings. `last`: the log's last
  /// place at the start.
  Status open(const ServerSettings& settings, std::uint64_t last);
  /// After the core has stopped: delivers for at most so long what is in the spool, then `done`.
  void stop(std::chrono::milliseconds time, std::function<void()> done);

  [[nodiscard]] std::vector<OutputStatus> status() const;

 private:
  struct Fed {
    std::uint64_t place = 0;
    DocumentKind kind = DocumentKind::alert;
    double score = 0;
    std::string id;
    std::uint32_t occurrences = 1;
    std::string document;
  };

  void feed();
  void take(const std::vector<Fed>& alerts);
  void save();
  void every_second();
  [[nodiscard]] std::string place_file() const { return folder_ + "/outputs.place"; }

  boost::asio::io_context& io_;
  Core& core_;
  std::string folder_;
  boost::asio::steady_timer second_;
  std::unique_ptr<Spool> spool_;
  std::unique_ptr<Delivery> delivery_;
  std::atomic<bool> wanted_{false};       // a feed() is on its way
  std::atomic<std::uint64_t> newest_{0};  // place of the newest alert
  bool reading_ = false;
  bool again_ = false;
  bool stopping_ = false;
  std::uint64_t fed_ = 0;
  std::uint64_t saved_ = 0;
};

}  // namespace doorward
