#include "plugins/delivery/net/secret.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "plugins/delivery/limits.h"
#include "plugins/descriptor.h"
#include "sketch/system_error.h"

namespace doorward {

Result<std::string> read_secret(const std::string& path) {
  // O_NONBLOCK: a pipe in its place must not stop the program.
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.ok()) return system_error(path, "cannot read the secret");
  struct stat about {};
  if (::fstat(fd.get(), &about) != 0) return system_error(path, "cannot read the secret");
  if (!S_ISREG(about.st_mode)) return Error{path, "the secret is not in a regular file"};
  if ((about.st_mode & S_IRWXO) != 0) {
    return Error{path, "others may read this secret; chmod 0640 or 0600"};
  }
  std::string text(kSecretBytesMax + 1, '\0');
  const ssize_t got = ::read(fd.get(), text.data(), text.size());
  if (got < 0) return system_error(path, "cannot read the secret");
  text.resize(static_cast<std::size_t>(got));
  if (text.size() > kSecretBytesMax) return Error{path, "too long for a secret"};
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (text.empty()) return Error{path, "there is no secret in it"};
  const auto printable = [](char c) { return c >= ' ' && c < '\x7f'; };
  if (!std::all_of(text.begin(), text.end(), printable)) {
    return Error{path, "expected one line of printable ASCII"};
  }
  return text;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t at) {
      return at < bytes.size() ? static_cast<unsigned>(static_cast<unsigned char>(bytes[at])) : 0U;
    };
    const unsigned three = byte(i) << 16U | byte(i + 1) << 8U | byte(i + 2);
    out += kDigits[three >> 18U];
    out += kDigits[(three >> 12U) & 63U];
    out += i + 1 < bytes.size() ? kDigits[(three >> 6U) & 63U] : '=';
    out += i + 2 < bytes.size() ? kDigits[three & 63U] : '=';
  }
  return out;
}

}  // namespace doorward
