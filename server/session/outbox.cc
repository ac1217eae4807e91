#include "server/session/outbox.h"

#include <functional>
#include <utility>

#include "server/session/session.h"

namespace doorward {
namespace {

std::size_t size_of(const PolicyFiles* files) {
  std::size_t bytes = 64;
  if (files == nullptr) return bytes;
  for (const PolicyFileText& file : *files) bytes += file.name.size() + file.text.size() + 32;
  return bytes;
}

/// The frame is made on the link's strand, so that the core's thread only decides.
void send_and_report(const std::shared_ptr<SessionContext>& context,
                     const std::shared_ptr<Session>& session, std::function<Frame()> make) {
  session->link().post([context, session, make = std::move(make)] {
    session->send(make());
    session->link().when_sent([context, session] {
      context->core.ask([context, session](FleetView& view) {
        context->outbox.release(*session);
        if (!session->over()) context->outbox.wake(session);
        context->outbox.pump(context, view);
      });
    });
  });
}

}  // namespace

void Outbox::wake(const std::shared_ptr<Session>& session) {
  if (session->outbox.waits || session->outbox.on_way || session->over()) return;
  session->outbox.waits = true;
  waiting_.push_back(session);
}

void Outbox::release(Session& session) {
  OutboxPlace& place = session.outbox;
  if (!place.on_way) return;
  place.on_way = false;
  bytes_ -= std::exchange(place.bytes, 0);
  if (std::exchange(place.whole, false)) --wholes_;
}

void Outbox::pump(const std::shared_ptr<SessionContext>& context, FleetView& view) {
  for (std::size_t free = kWholesAtATime - wholes_; free > 0 && !for_whole_.empty(); --free) {
    waiting_.push_front(std::move(for_whole_.front()));
    for_whole_.pop_front();
  }
  while (!waiting_.empty() && bytes_ < kOutboxBytesMax) {
    const std::shared_ptr<Session> session = std::move(waiting_.front());
    waiting_.pop_front();
    session->outbox.waits = false;
    if (session->over() || send_next(context, session, view)) continue;
    session->outbox.waits = true;
    for_whole_.push_back(session);
  }
}

/// False: it needs a whole baseline, and enough of these are on their way.
bool Outbox::send_next(const std::shared_ptr<SessionContext>& context,
                       const std::shared_ptr<Session>& session, FleetView& view) {
  OutboxPlace& place = session->outbox;
  const auto begin = [&](std::size_t bytes, bool whole) {
    place.on_way = true;
    place.bytes = bytes;
    place.whole = whole;
    bytes_ += bytes;
    wholes_ += whole ? 1 : 0;
  };

  const GroupRecord* group = view.state.group(session->group());
  const PolicyVersion* policy = group == nullptr ? nullptr : group->policy();
  const std::uint64_t version = policy == nullptr ? 0 : policy->version;
  if (place.policy_unsure || (version != place.policy && version != place.policy_refused)) {
    place.policy_unsure = false;
    place.policy = version;
    place.policy_refused = 0;
    std::shared_ptr<const PolicyFiles> files = policy == nullptr ? nullptr : policy->files;
    begin(size_of(files.get()), false);
    send_and_report(context, session,
                    [version, files] { return policy_frame(version, files.get()); });
    return true;
  }

  std::vector<VerdictRecord> verdicts =
      view.state.verdicts_after(session->agent(), place.verdicts, kVerdictsAMessage);
  if (!verdicts.empty()) {
    place.verdicts = verdicts.back().place;
    begin(verdicts.size() * 128, false);
    send_and_report(context, session,
                    [verdicts = std::move(verdicts)] { return verdicts_frame(verdicts); });
    return true;
  }

  if (wholes_ >= kWholesAtATime && (place.generation == 0 || place.key_name == 0)) return false;
  std::optional<Patch> patch =
      view.baselines.patch(session->group(), session->agent(), place.generation, place.key_name);
  if (!patch) return true;
  if (patch->whole && wholes_ >= kWholesAtATime) return false;
  place.generation = patch->generation;
  place.key_name = key_name(view.state.key());
  begin(patch->bytes ? patch->bytes->size() : 0, patch->whole);
  send_and_report(context, session, [patch = std::move(*patch)] { return patch_frame(patch); });
  return true;
}

}  // namespace doorward
