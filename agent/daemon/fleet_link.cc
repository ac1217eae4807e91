#include "agent/daemon/fleet_link.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <utility>

#include "agent/memory.h"
#include "plugins/delivery/limits.h"
#include "sketch/baseline_layout.h"

namespace doorward {
namespace {

namespace asio = boost::asio;

HeartbeatFacts facts_of(const PipelineStatus& status, TimeUs now) {
  HeartbeatFacts facts;
  facts.lines = status.lines;
  facts.lines_bytes = status.bytes;
  facts.events = status.counts.success + status.counts.failure + status.counts.unknown;
  facts.alerts = status.counts.alerts;
  for (const StreamStatus& stream : status.streams) {
    if (stream.bytes_behind == 0 || stream.newest == kNoTime || stream.newest >= now) continue;
    facts.lag_ms = std::max(facts.lag_ms, static_cast<std::uint64_t>((now - stream.newest) / 1000));
  }
  return facts;
}

}  // namespace

std::unique_ptr<FleetLearning> load_learning(const StateSections& sections, bool fresh,
                                             bool begins_empty, const std::string& agent,
                                             std::vector<std::string>& warnings) {
  const auto section = sections.find(kFleetSection);
  if (section == sections.end()) {
    return fresh ? std::make_unique<FleetLearning>(agent) : nullptr;
  }
  Result<std::unique_ptr<FleetLearning>> loaded = FleetLearning::load(section->second, agent);
  if (!loaded) {
    warnings.push_back(loaded.error().message() + "; the fleet's baseline is fetched anew");
    return std::make_unique<FleetLearning>(agent);
  }
  if (begins_empty) loaded.value()->forget_generation();
  return std::move(loaded).value();
}

std::string host_name_of(const std::string& configured) {
  if (!configured.empty()) return configured;
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

FleetLink::FleetLink(asio::io_context& io, asio::thread_pool& worker, FleetIdentity identity,
                     Options options, Hooks hooks)
    : io_(io),
      worker_(worker),
      agent_(identity.agent),
      options_(std::move(options)),
      hooks_(std::move(hooks)),
      session_(
          io, std::move(identity), options_.session,
          {[this] { return facts_; }, [this](const FleetTerms& terms) { return welcome(terms); },
           [this] {
             seal_timer_.cancel();
             forget_patches();  // the server sends them again
           },
           [this](std::uint64_t sequence, const std::string& reason) {
             hooks_.say(Loudness::error, "the server will never take delta " +
                                             std::to_string(sequence) + ": " + reason);
             with_learning([sequence](FleetLearning& learning, Baseline&, Engine&) {
               learning.refused(sequence);
             });
           },
           [this](FleetPatch patch) { take_patch(std::move(patch)); },
           [this](std::uint64_t version, FleetPolicyFiles files) {
             hooks_.on_policy(version, std::move(files));
           },
           [this](std::vector<FleetVerdict> verdicts) { take_verdicts(std::move(verdicts)); },
           [this] { beat(); }, hooks_.say}),
      seal_timer_(io) {}

void FleetLink::start(PipelineThread& pipeline, const FleetLearning* learned) {
  pipeline_ = &pipeline;
  learns_ = learned != nullptr;
  facts_.baseline_bytes = options_.baseline.bytes;
  if (learned != nullptr) {
    facts_.key_name = key_name(options_.baseline.key);
    know(learned->status());
    session_.offer(learned->image().numbered);
  }
  session_.start();
}

void FleetLink::stop() {
  session_.stop();
  seal_timer_.cancel();
  pipeline_ = nullptr;
}

void FleetLink::with_learning(PipelineThread::FleetWork work) {
  if (pipeline_ == nullptr) return;
  pipeline_->with_learning(
      [this, work = std::move(work)](FleetLearning& learning, Baseline& baseline, Engine& engine) {
        work(learning, baseline, engine);
        asio::post(io_, [this, status = learning.status()] { know(status); });
      });
}

void FleetLink::know(const FleetLearningStatus& status) {
  learning_ = status;
  facts_.generation = status.generation;
  facts_.next_sequence = status.next_sequence;
  facts_.verdicts = status.verdicts;
  facts_.group = status.group;
  if (status.dropped > dropped_told_) {
    dropped_told_ = status.dropped;
    hooks_.say(Loudness::warning, std::to_string(status.dropped) +
                                      " deltas were let go for room; the fleet does not learn "
                                      "what was in them");
  }
}

bool FleetLink::welcome(const FleetTerms& terms) {
  if (pipeline_ == nullptr) return false;
  const std::uint64_t bytes = terms.baseline_bytes;
  if (bytes != 0 && (bytes < kBaselineBytesMin || bytes > kBaselineBytesMax)) {
    session_.again("its baseline has an impossible size");
    return false;
  }
  const bool anew = !learns_ || terms.key != options_.baseline.key;
  const bool resized = bytes != 0 && bytes != options_.baseline.bytes;
  if (anew || resized) {
    hooks_.say(Loudness::info,
               anew ? "the fleet has another key: learning anew under it from the logs there are"
                    : "the fleet's baseline has another size: it is taken over");
    stop();
    hooks_.start_anew({terms.key, bytes, anew});
    return false;
  }
  seal_every_ = terms.delta_interval;
  group_ = terms.group;
  with_learning([this, sequence = terms.sequence](FleetLearning& learning, Baseline&, Engine&) {
    if (learning.welcome(sequence)) return;
    asio::post(io_, [this] {
      // After know(): the Hello to come asks for the whole.
      asio::post(io_, [this] { session_.again("the server lost deltas that it had"); });
    });
  });
  wish_seal();
  wait_for_seal();
  return true;
}

void FleetLink::wait_for_seal() {
  seal_timer_.expires_after(seal_every_);
  seal_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || pipeline_ == nullptr) return;
    wish_seal();
    wait_for_seal();
  });
}

void FleetLink::wish_seal() {
  seal_wish_ = true;
  asio::post(io_, [this] {
    if (pipeline_ != nullptr) hooks_.save();
  });
}

void FleetLink::saved(const FleetLearning::Image& image) {
  if (pipeline_ != nullptr) session_.offer(image.numbered);
}

void FleetLink::take_patch(FleetPatch patch) {
  const std::size_t bytes = patch.additions.size() + patch.whole.size();
  if (patches_.size() >= kPatchesWaiting || patches_bytes_ + bytes > kPatchesWaitingBytes) {
    forget_patches();
    session_.again("patches come faster than they can be applied");
    return;
  }
  patch.group = group_;
  patches_bytes_ += bytes;
  patches_.push_back(std::move(patch));
  if (!patching_) next_patch();
}

void FleetLink::forget_patches() {
  patches_.clear();
  patches_bytes_ = 0;
}

/// Own deltas come from the pipeline's thread, the work is done on the worker's, and what is ready
/// goes back: the pipeline only adds.
void FleetLink::next_patch() {
  if (patches_.empty() || pipeline_ == nullptr) return;
  patching_ = true;
  auto patch = std::make_shared<FleetPatch>(std::move(patches_.front()));
  patches_.pop_front();
  patches_bytes_ -= patch->additions.size() + patch->whole.size();
  with_learning([this, patch](FleetLearning& learning, Baseline& baseline, Engine&) {
    asio::post(worker_, [this, patch, own = learning.begin_patch(), like = baseline.options()] {
      auto prepared =
          std::make_shared<Result<PreparedPatch>>(prepare_patch(*patch, own, like, clock_now()));
      *patch = {};
      give_memory_back();
      asio::post(io_, [this, prepared] {
        with_learning([this, prepared](FleetLearning& now, Baseline& in_force, Engine&) {
          Status status;
          if (*prepared) {
            status = now.apply(std::move(*prepared).value(), in_force);
          } else {
            now.drop_patch();
            status = prepared->error();
          }
          asio::post(io_, [this, status] { asio::post(io_, [this, status] { patched(status); }); });
        });
      });
    });
  });
}

void FleetLink::patched(const Status& status) {
  patching_ = false;
  give_memory_back();
  if (pipeline_ == nullptr) return;
  if (!status) {
    forget_patches();
    hooks_.say(Loudness::warning, status.error().message() + "; asking for all of it");
    with_learning(
        [](FleetLearning& learning, Baseline&, Engine&) { learning.forget_generation(); });
    session_.again(status.error().message());
    return;
  }
  next_patch();
}

void FleetLink::take_verdicts(std::vector<FleetVerdict> verdicts) {
  with_learning(
      [verdicts = std::move(verdicts)](FleetLearning& learning, Baseline&, Engine& engine) {
        for (const FleetVerdict& verdict : verdicts) {
          if (verdict.place <= learning.verdicts()) continue;
          engine.judge(verdict.id, verdict.learn);
          learning.set_verdicts(verdict.place);
        }
      });
}

void FleetLink::beat() {
  if (pipeline_ == nullptr) return;
  pipeline_->status([this](const PipelineStatus& status) {
    asio::post(io_, [this, facts = facts_of(status, clock_now())]() mutable {
      if (pipeline_ == nullptr) return;
      facts.pending_deltas = static_cast<std::uint32_t>(learning_.numbered + learning_.waiting);
      hooks_.fill(facts);
      session_.heartbeat(facts);
    });
  });
}

void FleetLink::set_policy(PolicyStand stand) {
  policy_ = stand;
  session_.set_policy(std::move(stand));
  beat();
}

void FleetLink::add_output(std::vector<OutputSettings>& outputs) {
  if (outputs.size() >= kReadersMax) {
    hooks_.say(Loudness::warning, "alerts do not go to the server: there are " +
                                      std::to_string(kReadersMax) + " outputs already");
    return;
  }
  OutputSettings output;
  output.type = "server";
  output.name = "server";
  const auto taken = [&](const OutputSettings& other) { return other.name == output.name; };
  while (std::any_of(outputs.begin(), outputs.end(), taken)) output.name = "fleet-" + output.name;
  output.sink.make = session_.alerts();
  output.sink.target = session_.status().server;
  outputs.push_back(std::move(output));
}

FleetReport FleetLink::report() const {
  const FleetSessionStatus session = session_.status();
  FleetReport out;
  out.server = session.server;
  out.agent = agent_;
  out.group = session.group;
  out.connected = session.connected;
  out.since = session.since;
  out.last_error = session.last_error;
  out.connects = session.connects;
  out.bytes_sent = session.bytes_sent;
  out.generation = learning_.generation;
  out.last_delta = learning_.next_sequence - 1;
  out.acked = session.acked;
  out.pending_deltas = learning_.numbered + learning_.waiting;
  out.dropped_deltas = learning_.dropped + learning_.refused;
  out.lost = learning_.lost;
  out.certificate_ends = session.certificate_ends;
  out.renewals = session.renewals;
  out.policy = policy_.version;
  out.policy_refused = policy_.refused;
  out.policy_reason = policy_.reason;
  return out;
}

}  // namespace doorward
