// The journald source: entries as journalctl -o json writes them in, logons out.
#include <memory>

#include "plugins/sources/authlog/logon_reader.h"
#include "plugins/sources/journald/trust.h"
#include "plugins/sources/json_record.h"
#include "plugins/sources/json_sniff.h"
#include "plugins/sources/source.h"

namespace doorward {

extern const SourcePlugin kSourceJournald;

namespace journald {
namespace {

using authlog::Program;

/// The first words of sshd's messages that tell an outcome or begin an attempt.
constexpr std::string_view kSshdVerdicts[] = {"Accepted ",    "Failed ",      "Invalid user ",
                                              "User ",        "error: PAM: ", "Postponed ",
                                              "ROOT LOGIN ",  "Partial ",     "error: maximum ",
                                              "Illegal user "};

bool tells_outcome(std::string_view message) {
  for (const std::string_view verdict : kSshdVerdicts) {
    if (message.starts_with(verdict)) return true;
  }
  return false;
}

class JournaldSource final : public authlog::LogonSource {
 public:
  explicit JournaldSource(const SourceOptions& options)
      : LogonSource(Told::journald),
        host_(options.host_name),
        bytes_(std::make_unique_for_overwrite<char[]>(kLineBytesMax)) {}

  Stamp stamp(std::string_view line, InputState& /*input*/) override {
    if (!record_.read(line)) return {};
    const JsonValue root = record_.root();
    std::optional<std::int64_t> time = root["_SOURCE_REALTIME_TIMESTAMP"].integer();
    if (!time) time = root["__REALTIME_TIMESTAMP"].integer();
    return {time && *time >= 0 ? *time : kNoTime, 0};
  }

  void feed(std::string_view line, const Stamp& stamp, EventSink& sink) override {
    SourceCounters& counters = reader().counters();
    ++counters.lines;
    reader().set_sink(sink);
    if (!record_.read(line)) {
      ++counters.malformed;
      return;
    }
    if (stamp.time == kNoTime) {
      ++counters.no_stamp;
      return;
    }
    reader().expire(stamp.time);
    const JsonValue root = record_.root();
    authlog::Record record;
    record.time = stamp.time;
    switch (read_entry(root, record)) {
      case Entry::good:
        reader().read_message(record);
        break;
      case Entry::other:
        ++counters.other;
        break;
      case Entry::malformed:
        ++counters.malformed;
        break;
      case Entry::untrusted:
        ++counters.untrusted;
        break;
    }
  }

 private:
  enum class Entry : std::uint8_t { good, other, malformed, untrusted };

  Entry read_entry(JsonValue root, authlog::Record& record) {
    const JsonValue identifier = root["SYSLOG_IDENTIFIER"];
    record.tag = identifier.text();
    record.program = authlog::program_of(record.tag);
    if (record.program == Program::other || record.program == Program::logind) {
      // A sender may give the field more than once; no logon program does.
      return names_program(identifier) ? Entry::untrusted : Entry::other;
    }
    const Trust trust =
        trust_of(record.program,
                 {own_field(root, "_TRANSPORT"), own_field(root, "_UID"), own_field(root, "_COMM"),
                  own_field(root, "_EXE"), own_field(root, "_CAP_EFFECTIVE")});
    if (trust == Trust::none) return Entry::untrusted;
    const std::optional<std::string_view> message = read_message(root["MESSAGE"]);
    if (!message) return Entry::malformed;
    if (trust == Trust::without_uid) {
      // sshd's part that runs as the user tells how the connection ended, which its other part has
      // told as well, and never an outcome.
      return tells_outcome(*message) || record.program != Program::sshd ? Entry::untrusted
                                                                        : Entry::other;
    }
    record.message = record.line = *message;
    record.host = root["_HOSTNAME"].text();
    if (record.host.empty()) record.host = host_;
    const std::optional<std::int64_t> pid = root["_PID"].integer();
    if (pid && *pid > 0 && *pid <= UINT32_MAX) record.pid = static_cast<std::uint32_t>(*pid);
    return Entry::good;
  }

  /// One of journald's own fields; a text that nobody expects where it is there and is not one
  /// text.
  static std::string_view own_field(JsonValue root, std::string_view name) {
    const JsonValue value = root[name];
    if (value.is_text()) return value.text();
    return value.is_there() ? "?" : std::string_view();
  }

  static bool names_program(JsonValue identifier) {
    for (const std::string_view name :
         {"sshd", "sshd-session", "sshd-auth", "sudo", "su", "su-l", "login"}) {
      if (identifier.has(name)) return true;
    }
    return false;
  }

  /// A text, or an array of the bytes of one that is no UTF-8. nullopt for null (journalctl without
  /// --all leaves long ones out), for several, and for more than kLineBytesMax.
  std::optional<std::string_view> read_message(JsonValue value) {
    if (value.is_text()) {
      if (value.text().size() > kLineBytesMax) return std::nullopt;
      return value.text();
    }
    const std::optional<std::size_t> size = value.bytes({bytes_.get(), kLineBytesMax});
    if (!size) return std::nullopt;
    return std::string_view(bytes_.get(), *size);
  }

  std::string host_;
  JsonRecord record_;
  std::unique_ptr<char[]> bytes_;
};

int sniff(std::string_view head) {
  return has_json_object_with(head, {"__REALTIME_TIMESTAMP", "_BOOT_ID"}, 1) ||
                 has_json_object_with(head, {"__REALTIME_TIMESTAMP", "MESSAGE"}, 1)
             ? 95
             : 0;
}

std::unique_ptr<Source> make(const SourceOptions& options) {
  return std::make_unique<JournaldSource>(options);
}

}  // namespace
}  // namespace journald

const SourcePlugin kSourceJournald = {"journald",
                                      "the systemd journal as journalctl -o json writes it: sshd, "
                                      "sudo, su, login and gdm",
                                      Told::journald,
                                      journald::sniff,
                                      journald::make,
                                      Framing::json_records};

}  // namespace doorward
