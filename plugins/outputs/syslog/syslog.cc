// Output `syslog`: documents as messages to a log server or the local syslog.
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "plugins/outputs/output.h"
#include "plugins/outputs/syslog/sinks.h"

namespace doorward {
namespace {

std::string own_host() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return {};
  std::string out = name.data();
  const auto hidden = [](char c) { return c <= ' ' || c >= '\x7f'; };
  out.erase(std::remove_if(out.begin(), out.end(), hidden), out.end());
  return out;
}

SyslogStyle read_style(Params& table, bool local) {
  SyslogStyle style;
  const std::string facility = table.text("facility", "authpriv");
  if (const std::optional<int> code = syslog_facility(facility)) {
    style.facility = *code;
  } else {
    table.mistake("facility", "no such facility: \"" + facility + "\"");
  }
  const std::string form = table.text("format", local ? "rfc3164" : "rfc5424");
  style.form = form == "rfc3164" ? SyslogForm::rfc3164 : SyslogForm::rfc5424;
  if (form != "rfc3164" && form != "rfc5424") {
    table.mistake("format", "expected \"rfc5424\" or \"rfc3164\"");
  }
  style.bytes_max = static_cast<std::size_t>(
      table.integer("max_message_bytes", kSyslogBytes, kSyslogBytesMin, kSyslogBytesMax));
  style.host = own_host();
  style.pid = ::getpid();
  return style;
}

SinkSetup local_setup(Params& table, const std::string& path) {
  SinkSetup setup;
  setup.target = "unix://" + path;
  if (!path.starts_with('/') || path.size() >= sizeof(sockaddr_un::sun_path)) {
    table.mistake("address", "expected unix:///PATH of at most 107 bytes");
  }
  for (const char* key : {"ca_file", "cert_file", "key_file", "insecure_skip_verify"}) {
    if (table.has(key)) table.mistake(key, "is for tls:// addresses");
  }
  const SyslogStyle style = read_style(table, true);
  setup.make = [path, style](const SinkEnv& env) {
    return make_syslog_datagrams(env, path, style);
  };
  return setup;
}

SinkSetup configure(Params& table) {
  constexpr std::string_view kUnix = "unix://";
  const std::string text = table.text("address", "unix:///dev/log");
  if (text.starts_with(kUnix)) return local_setup(table, text.substr(kUnix.size()));
  SinkSetup setup;
  const SyslogStyle style = read_style(table, false);
  Result<Address> parsed = parse_address(text);
  if (!parsed) {
    table.mistake("address", parsed.error().what);
    return setup;
  }
  Address address = std::move(parsed).value();
  const bool tls = address.scheme == "tls";
  if (!tls && address.scheme != "tcp") {
    table.mistake("address", "expected tls://HOST[:PORT], tcp://HOST[:PORT] or unix:///PATH");
    return setup;
  }
  if (!address.path.empty()) table.mistake("address", "expected nothing behind the port");
  if (address.port.empty()) address.port = tls ? "6514" : "514";
  setup.target = address.scheme + "://" + address.authority();
  std::shared_ptr<TlsContext> context;
  if (tls) {
    context = read_tls(table, setup.warnings);
  } else {
    for (const char* key : {"ca_file", "cert_file", "key_file", "insecure_skip_verify"}) {
      if (table.has(key)) table.mistake(key, "is for tls:// addresses");
    }
    if (!address.is_loopback()) {
      setup.warnings.emplace_back(
          "tcp:// is not encrypted: who is on the way can read and change the alerts; tls:// is");
    }
  }
  setup.make = [address, context, style](const SinkEnv& env) {
    return make_syslog_stream(env, address, context, style);
  };
  return setup;
}

}  // namespace

extern const OutputPlugin kOutputSyslog;
const OutputPlugin kOutputSyslog = {"syslog", "documents to a log server or the local syslog",
                                    nullptr, configure};

}  // namespace doorward
