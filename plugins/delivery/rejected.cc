#include "plugins/delivery/rejected.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "plugins/delivery/limits.h"
#include "plugins/delivery/segment_files.h"
#include "plugins/json_writer.h"

namespace doorward {

Status RejectedFile::append(std::string_view output, std::string_view reason,
                            const Document& document) const {
  std::string line;
  JsonWriter json(line);
  json.open().text("output", output).text("reason", reason);
  line += ",\"document\":" + document.text + "}\n";
  struct stat about {};
  if (::stat(path_.c_str(), &about) == 0 &&
      static_cast<std::uint64_t>(about.st_size) + line.size() > kRejectedBytesMax) {
    std::rename(path_.c_str(), (path_ + ".1").c_str());
  }
  const Descriptor fd(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
  if (!fd.ok()) return system_error(path_, "cannot open");
  if (::write(fd.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    return system_error(path_, "cannot append");
  }
  return {};
}

}  // namespace doorward
