#include "server/daemon/alert_fan_out.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "plugins/program_log.h"
#include "plugins/state_archive.h"
#include "proto/whole_file.h"
#include "server/store/entry_data.h"

namespace doorward {
namespace {

namespace asio = boost::asio;

constexpr std::uint8_t kPlaceVersion = 1;
constexpr std::size_t kPlaceBytesMax = 64;

DeliveryEnv delivery_env() {
  DeliveryEnv env = system_delivery_env();
  env.say = [](Loudness loudness, std::string_view text) {
    const std::string line(text);
    if (loudness == Loudness::info) {
      program_log::info(line);
    } else if (loudness == Loudness::warning) {
      program_log::warning(line);
    } else {
      program_log::error(line);
    }
  };
  return env;
}

}  // namespace

AlertFanOut::AlertFanOut(asio::io_context& io, Core& core, const std::string& folder)
    : io_(io), core_(core), folder_(folder), second_(io) {
  core.listen([this](const LogEntry& entry, FleetView&) {
    if (entry.kind != EntryKind::alert) return;
    newest_.store(entry.place);
    if (wanted_.exchange(true)) return;
    asio::post(io_, [this] { feed(); });
  });
}

Status AlertFanOut::open(const ServerSettings& settings, std::uint64_t last) {
  if (spool_) save();
  delivery_.reset();
  spool_.reset();
  if (settings.outputs.empty()) {
    ::unlink(place_file().c_str());
    return {};
  }
  fed_ = std::max(last, newest_.load());
  std::uint64_t head = SpoolOptions::kKeepNone;
  if (::access(place_file().c_str(), F_OK) == 0) {
    const auto bytes = read_whole_file(place_file(), kPlaceBytesMax, "a place");
    if (!bytes) return bytes.error();
    StateReader reader(bytes.value());
    reader.version(kPlaceVersion);
    std::uint64_t place = 0;
    reader(place, head);
    if (reader.done()) {
      fed_ = place;
    } else {
      head = SpoolOptions::kKeepNone;
      program_log::warning(place_file() + " is damaged: outputs go on with what comes from now on");
    }
  }
  SpoolOptions options;
  options.folder = folder_ + "/spool";
  options.bytes_max = static_cast<std::uint64_t>(settings.spool_mib) << 20U;
  options.keep_from = head;
  for (const OutputSettings& output : settings.outputs) options.readers.push_back(output.name);
  DeliveryEnv env = delivery_env();
  Result<std::unique_ptr<Spool>> spool = Spool::open(options, env);
  if (!spool) return spool.error();
  spool_ = std::move(spool).value();
  // What was fed after the place was kept is fed once more.
  if (head != SpoolOptions::kKeepNone) spool_->refuse_repeats_since(head);
  saved_ = 0;
  save();
  delivery_ = std::make_unique<Delivery>(io_, *spool_, settings.outputs, env);
  delivery_->start();
  every_second();
  asio::post(io_, [this] { feed(); });
  return {};
}

void AlertFanOut::every_second() {
  second_.expires_after(std::chrono::seconds(1));
  second_.async_wait([this](const boost::system::error_code& error) {
    if (error || stopping_) return;
    save();
    every_second();
  });
}

void AlertFanOut::feed() {
  if (reading_) {
    again_ = true;
    return;
  }
  wanted_.store(false);
  if (!spool_ || stopping_) return;
  reading_ = true;
  core_.ask([this, from = fed_](FleetView& view) {
    auto out = std::make_shared<std::vector<Fed>>();
    const Status read = view.log.read(from, EntryKind::alert, [&out](const LogEntry& entry) {
      Fed one;
      one.place = entry.place;
      one.id = entry.subject;
      if (const auto* alert = entry_table<log::Alert>(entry)) {
        one.kind = static_cast<DocumentKind>(std::clamp<int>(alert->kind(), 1, 3));
        one.score = alert->score();
        one.occurrences = alert->occurrences();
        one.document = text_of(alert->document());
      }
      out->push_back(std::move(one));
      return out->size() < kFedAtATime;
    });
    if (!read) program_log::error("alerts for the outputs: " + read.error().message());
    asio::post(io_, [this, out] { take(*out); });
  });
}

void AlertFanOut::take(const std::vector<Fed>& alerts) {
  reading_ = false;
  if (!spool_ || stopping_) return;
  for (const Fed& one : alerts) {
    if (one.place <= fed_) continue;
    fed_ = one.place;
    if (one.document.empty()) continue;
    spool_->append({one.kind, one.score, one.id, one.occurrences, one.document});
  }
  if (!alerts.empty()) delivery_->wake();
  if (alerts.size() == kFedAtATime || std::exchange(again_, false)) feed();
}

void AlertFanOut::save() {
  if (fed_ == saved_ || !spool_->sync()) return;
  std::vector<std::uint8_t> bytes;
  StateWriter writer(bytes);
  writer.version(kPlaceVersion);
  const std::uint64_t head = spool_->head();
  writer(fed_, head);
  if (const Status written = write_whole_file(place_file(), bytes); !written) {
    program_log::warning("after a restart some alerts may go out twice: " +
                         written.error().message());
    return;
  }
  saved_ = fed_;
  spool_->keep_from(head);
}

void AlertFanOut::stop(std::chrono::milliseconds time, std::function<void()> done) {
  stopping_ = true;
  second_.cancel();
  if (!delivery_) {
    asio::post(io_, std::move(done));
    return;
  }
  save();
  delivery_->stop(time, std::move(done));
}

std::vector<OutputStatus> AlertFanOut::status() const {
  return delivery_ ? delivery_->status() : std::vector<OutputStatus>();
}

}  // namespace doorward
