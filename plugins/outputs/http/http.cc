// Output `http`: documents to Elasticsearch, OpenSearch, Splunk or anything that takes a POST.
#include <algorithm>
#include <initializer_list>

#include "plugins/delivery/net/secret.h"
#include "plugins/outputs/http/http_sink.h"
#include "plugins/outputs/output.h"

namespace doorward {
namespace {

constexpr std::int64_t kTimeoutMaxS = 600;

std::unique_ptr<HttpDialect> read_dialect(Params& table) {
  const std::string kind = table.text_required("kind");
  if (kind == "elasticsearch" || kind == "opensearch") return elasticsearch_dialect(table);
  if (kind == "splunk") return splunk_dialect(table);
  if (kind == "webhook") return webhook_dialect(table);
  if (!kind.empty()) {
    table.mistake("kind", "no such kind: \"" + kind +
                              "\"; there are elasticsearch, opensearch, splunk and webhook");
  }
  return nullptr;
}

HttpAuth read_auth(Params& table, const HttpDialect& dialect) {
  HttpAuth auth;
  auth.user = table.text("user");
  const std::string token = table.text("token_file");
  const std::string password = table.text("password_file");
  auth.scheme = table.text("token_scheme", dialect.token_scheme());
  if (!token.empty() && !password.empty()) {
    table.mistake("password_file", "there is a token_file as well; one of them");
  }
  if (auth.user.empty() != password.empty()) {
    table.mistake(auth.user.empty() ? "password_file" : "user",
                  "user and password_file go together");
  }
  if (auth.user.find_first_of(":\r\n") != std::string::npos) {
    table.mistake("user", "expected no colon and no line break");
  }
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  };
  if (!std::all_of(auth.scheme.begin(), auth.scheme.end(), letter) || auth.scheme.empty()) {
    table.mistake("token_scheme", "expected a word such as \"Bearer\"");
  }
  if (!password.empty()) auth.scheme = "Basic";
  auth.secret_file = token.empty() ? password : token;
  if (!auth.secret_file.empty()) {
    const Result<std::string> secret = read_secret(auth.secret_file);
    if (!secret) {
      table.mistake(token.empty() ? "password_file" : "token_file", secret.error().message());
    }
  }
  return auth;
}

/// Whether a header has one of these names, which are in lower case.
bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  const auto same = [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  };
  return std::any_of(names.begin(), names.end(), [&](std::string_view one) {
    return std::equal(name.begin(), name.end(), one.begin(), one.end(), same);
  });
}

std::string read_headers(Params& table) {
  std::string out;
  std::optional<Params> headers = table.table("headers");
  if (!headers) return out;
  const auto visible = [](char c) { return c >= ' ' && c < '\x7f'; };
  for (const std::string& name : headers->leaf_keys()) {
    const std::string value = headers->leaf_text(name);
    const bool plain = name.find_first_of(" :\"(),/;<=>?@[\\]{}") == std::string::npos;
    if (!plain || !std::all_of(name.begin(), name.end(), visible) ||
        !std::all_of(value.begin(), value.end(), visible)) {
      headers->mistake(name, "expected a header of printable ASCII");
    } else if (is_one_of(name, {"authorization"})) {
      headers->mistake(name, "a secret belongs into token_file");
    } else if (is_one_of(name, {"host", "content-length", "content-type", "content-encoding",
                                "transfer-encoding", "connection"})) {
      headers->mistake(name, "is set by the program");
    } else {
      out.append(name).append(": ").append(value).append("\r\n");
    }
  }
  return out;
}

SinkSetup configure(Params& table) {
  SinkSetup setup;
  HttpSettings settings;
  settings.dialect = read_dialect(table);
  const std::string url = table.text_required("url");
  settings.gzip = table.boolean("gzip", false);
  settings.limits.connect =
      std::chrono::seconds(table.integer("connect_timeout_s", 15, 1, kTimeoutMaxS));
  settings.limits.request = std::chrono::seconds(table.integer("timeout_s", 60, 1, kTimeoutMaxS));
  settings.headers = read_headers(table);
  if (settings.dialect != nullptr) settings.auth = read_auth(table, *settings.dialect);
  const Result<Address> parsed = parse_address(url);
  if (!parsed) {
    if (!url.empty()) table.mistake("url", parsed.error().what);
    return setup;
  }
  settings.address = parsed.value();
  Address& address = settings.address;
  const bool tls = address.scheme == "https";
  if (!tls && address.scheme != "http") table.mistake("url", "expected https://... or http://...");
  if (address.port.empty()) address.port = tls ? "443" : "80";
  if (tls) {
    settings.tls = read_tls(table, setup.warnings);
  } else {
    for (const char* key : {"ca_file", "cert_file", "key_file", "insecure_skip_verify"}) {
      if (table.has(key)) table.mistake(key, "is for https:// addresses");
    }
    if (!address.is_loopback() && !settings.auth.secret_file.empty()) {
      table.mistake("url", "a token or password goes over https:// only");
    } else if (!address.is_loopback()) {
      setup.warnings.emplace_back(
          "http:// is not encrypted: who is on the way can read and change the alerts; https:// "
          "is");
    }
  }
  setup.target = address.scheme + "://" + address.authority() + address.path;
  setup.make = [settings](const SinkEnv& env) { return make_http_sink(env, settings); };
  return setup;
}

}  // namespace

extern const OutputPlugin kOutputHttp;
const OutputPlugin kOutputHttp = {"http", "documents to Elasticsearch, Splunk or a webhook",
                                  nullptr, configure};

}  // namespace doorward
