// Any bytes as the state of a source or of the merging of twins: refused and nothing remembered, or
// taken up, saved as the same again, and lines can follow. The first byte picks one.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include "agent/twin_merge.h"
#include "plugins/sources/source.h"

namespace doorward {
extern const SourcePlugin kSourceAuthlog;
extern const SourcePlugin kSourceAuditd;
extern const SourcePlugin kSourceSuricata;
}  // namespace doorward

namespace {

using namespace doorward;
using Bytes = std::vector<std::uint8_t>;

constexpr Told kBoth = Told::authlog | Told::auditd;
/// After every time that the lines below bear.
constexpr TimeUs kLater = 1'770'680'000 * kSecondUs;

constexpr std::array<std::string_view, 10> kLines = {
    "2026-02-09T21:19:40Z web-1 sshd[7]: Invalid user bob from 203.0.113.9 port 22",
    "2026-02-09T21:19:41Z web-1 sshd[7]: Failed password for invalid user bob from 203.0.113.9 "
    "port 22 ssh2",
    "2026-02-09T21:19:41Z web-1 last message repeated 3 times",
    "2026-02-09T21:19:41Z web-1 sshd[7]: last message repeated 3 times",
    "2026-02-09T21:19:42Z web-1 sudo: pam_unix(sudo:auth): authentication failure; logname= uid=1 "
    "euid=0 tty=x ruser=bob rhost= user=bob",
    "type=USER_AUTH msg=audit(1770671980.000:1): pid=7 uid=0 auid=4294967295 ses=4294967295 "
    "msg='op=PAM:authentication grantors=? acct=\"bob\" exe=\"/usr/sbin/sshd\" "
    "hostname=203.0.113.9 addr=203.0.113.9 terminal=ssh res=failed'",
    "type=USER_LOGIN msg=audit(1770671981.000:2): pid=7 uid=0 auid=4294967295 ses=4294967295 "
    "msg='op=login acct=\"(unknown)\" exe=\"/usr/sbin/sshd\" hostname=? addr=203.0.113.9 "
    "terminal=ssh res=failed'",
    "type=USER_START msg=audit(1770671982.000:3): pid=8 uid=0 auid=1001 ses=5 "
    "msg='op=PAM:session_open grantors=x acct=\"bob\" exe=\"/usr/sbin/sshd\" "
    "hostname=203.0.113.9 addr=203.0.113.9 terminal=ssh res=success'",
    "type=USER_ERR msg=audit(1770671983.000:4): pid=7 uid=0 auid=4294967295 ses=4294967295 "
    "msg='op=PAM:bad_ident grantors=? acct=\"?\" exe=\"/usr/sbin/sshd\" hostname=203.0.113.9 "
    "addr=203.0.113.9 terminal=ssh res=failed'",
    "type=CRED_DISP msg=audit(1770671984.000:5): pid=8 uid=0 auid=1001 ses=5 "
    "msg='op=PAM:setcred grantors=x acct=\"bob\" exe=\"/usr/bin/sudo\" hostname=? addr=? "
    "terminal=x res=success'"};

void require(bool holds) {
  if (!holds) std::abort();
}

/// Every byte of an event can be read.
class Reader final : public EventSink {
 public:
  void on_event(const Event& event) override {
    require(event.time != kNoTime);
    for (const std::string_view text : event.text) {
      for (const char c : text) sum_ = sum_ + static_cast<unsigned char>(c);
    }
  }

 private:
  volatile std::size_t sum_ = 0;
};

template <class Saved>
Bytes save(const Saved& saved) {
  Bytes bytes;
  StateWriter out(bytes);
  saved.save(out);
  return bytes;
}

/// `saved` and `other` are fresh.
template <class Saved>
void load(const Bytes& bytes, Saved& saved, Saved& other) {
  const Bytes nothing = save(saved);
  StateReader in(bytes);
  saved.load(in);
  if (!in.ok()) {
    require(save(saved) == nothing);
    return;
  }
  const Bytes again = save(saved);
  StateReader second(again);
  other.load(second);
  require(second.done());
  require(save(other) == again);
}

void try_source(const SourcePlugin& plugin, const Bytes& bytes) {
  const std::unique_ptr<Source> source = plugin.make({});
  load(bytes, *source, *plugin.make({}));
  Reader sink;
  InputState input;
  for (const std::string_view line : kLines) {
    source->feed(line, source->stamp(line, input), sink);
  }
  source->advance(kLater, sink);
  source->finish(sink);
}

void try_merge(const Bytes& bytes) {
  Reader sink;
  TwinMerge merge(sink);
  TwinMerge other(sink);
  load(bytes, merge, other);
  merge.expect(kBoth);
  const std::unique_ptr<Source> auth = kSourceAuthlog.make({});
  const std::unique_ptr<Source> audit = kSourceAuditd.make({});
  InputState input;
  for (const std::string_view line : kLines) {
    const bool is_audit = line.starts_with("type=");
    Source& source = is_audit ? *audit : *auth;
    const Stamp stamp = source.stamp(line, input);
    merge.advance(stamp.time);
    source.feed(line, stamp, merge);
    if (is_audit) merge.heard_audit(line, stamp.time);
  }
  merge.advance(kLater);
  merge.finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes bytes(data + 1, data + size);
  switch (data[0] % 4) {
    case 0:
      try_source(kSourceAuthlog, bytes);
      break;
    case 1:
      try_source(kSourceAuditd, bytes);
      break;
    case 2:
      try_source(kSourceSuricata, bytes);
      break;
    default:
      try_merge(bytes);
      break;
  }
  return 0;
}
