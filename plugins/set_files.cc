#include "plugins/set_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "plugins/descriptor.h"
#include "plugins/limits.h"
#include "sketch/system_error.h"

namespace doorward {
namespace {

std::string_view without_comment(std::string_view line) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (line[at] == '#' && (at == 0 || blank(line[at - 1]))) {
      line = line.substr(0, at);
      break;
    }
  }
  while (!line.empty() && blank(line.front())) line.remove_prefix(1);
  while (!line.empty() && blank(line.back())) line.remove_suffix(1);
  return line;
}

bool is_text(std::string_view value) {
  return std::none_of(value.begin(), value.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

Status add_line(std::string_view value, ValueList& out) {
  if (value.size() > kSetValueBytesMax) {
    return Error{"", "longer than " + std::to_string(kSetValueBytesMax) + " bytes; not a value"};
  }
  if (!is_text(value)) return Error{"", "control characters; not a text file?"};
  if (value.starts_with('!') || value.starts_with('@')) {
    return Error{"",
                 "a set file holds plain values; write ! and @ in the condition, or = before a "
                 "value that begins so"};
  }
  return out.add(value);
}

}  // namespace

Result<FileVersion> DiskLoader::version(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return system_error(path, "cannot read");
  if (!S_ISREG(status.st_mode)) return Error{path, "not a plain file"};
  return FileVersion{status.st_mtim.tv_sec * kSecondUs + status.st_mtim.tv_nsec / 1000,
                     static_cast<std::uint64_t>(status.st_size),
                     static_cast<std::uint64_t>(status.st_ino)};
}

Result<std::string> DiskLoader::read(const std::string& path, std::size_t bytes_max) {
  // Opening a pipe would wait for its writer.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return system_error(path, "cannot read");
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return system_error(path, "cannot read");
  if (!S_ISREG(status.st_mode)) return Error{path, "not a plain file"};
  const Error too_large{path, "larger than " + std::to_string(bytes_max >> 20) + " MiB"};
  if (static_cast<std::uint64_t>(status.st_size) > bytes_max) return too_large;
  std::string text;
  std::size_t used = 0;
  for (;;) {
    constexpr std::size_t kBlock = std::size_t{64} * 1024;
    text.resize(std::max(used + kBlock, static_cast<std::size_t>(status.st_size) + 1));
    const ssize_t got = ::read(file.get(), text.data() + used, text.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(path, "cannot read");
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
    if (used > bytes_max) return too_large;
  }
  text.resize(used);
  return text;
}

void read_set(std::string_view text, const std::string& file, ValueList& out,
              std::vector<Error>& mistakes) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::size_t line_number = 0;
  std::size_t wrong = 0;
  while (!text.empty()) {
    ++line_number;
    const std::size_t end = text.find('\n');
    const std::string_view value = without_comment(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (value.empty()) continue;
    const Status added = add_line(value, out);
    if (added) continue;
    if (++wrong <= kSetMistakesMax) {
      mistakes.push_back({file + ":" + std::to_string(line_number), added.error().what});
    }
  }
  if (wrong > kSetMistakesMax) {
    mistakes.push_back(
        {file, "and " + std::to_string(wrong - kSetMistakesMax) + " more lines like these"});
  }
  out.seal();
}

bool SetFiles::replace(Entry& entry, std::vector<Error>& mistakes) {
  const std::string& path = entry.file->path;
  const Result<std::string> text = loader_.read(path, kSetFileBytesMax);
  if (!text) {
    mistakes.push_back(text.error());
    return false;
  }
  ValueList values(entry.file->values.kind());
  const std::size_t before = mistakes.size();
  read_set(text.value(), path, values, mistakes);
  if (mistakes.size() != before) return false;
  entry.file->values = std::move(values);
  return true;
}

std::shared_ptr<const SetFile> SetFiles::open(
    std::string_view path, const std::string& named_in, ValueKind kind,
    const std::function<void(const std::string&)>& mistake) {
  if (path.empty()) {
    mistake("expected the path of a set file after @");
    return nullptr;
  }
  const std::filesystem::path written(path);
  const std::string whole =
      (written.is_absolute() ? written : std::filesystem::path(named_in).parent_path() / written)
          .lexically_normal()
          .string();
  for (const Entry& entry : entries_) {
    if (entry.file->path == whole && entry.file->values.kind() == kind) return entry.file;
  }
  if (entries_.size() == kSetFilesMax) {
    mistake("more than " + std::to_string(kSetFilesMax) + " set files");
    return nullptr;
  }
  Entry entry{std::make_shared<SetFile>(SetFile{whole, ValueList(kind)}), {}, false};
  // The version first: what is written while the file is read makes another version.
  if (const Result<FileVersion> version = loader_.version(whole)) entry.looked_at = version.value();
  std::vector<Error> mistakes;
  if (!replace(entry, mistakes)) {
    for (const Error& error : mistakes) mistake(error.message());
    return nullptr;
  }
  entries_.push_back(std::move(entry));
  return entries_.back().file;
}

std::size_t SetFiles::reload_if_changed(TimeUs now, std::vector<Error>& mistakes) {
  // A clock that was set back must not stop the checks.
  if (checked_ != kNoTime && now >= checked_ && now - checked_ < kSetCheckUs) return 0;
  checked_ = now;
  std::size_t replaced = 0;
  for (Entry& entry : entries_) {
    const Result<FileVersion> version = loader_.version(entry.file->path);
    if (!version) {
      if (!entry.missing) {
        mistakes.push_back({version.error().where,
                            version.error().what + "; what was read before stays in force"});
      }
      entry.missing = true;
      continue;
    }
    entry.missing = false;
    if (version.value() == entry.looked_at) continue;
    const TimeUs modified = version.value().modified;
    if (modified <= now && now - modified < kSetSettleUs) continue;
    entry.looked_at = version.value();
    if (replace(entry, mistakes)) {
      ++replaced;
    } else {
      mistakes.push_back(
          {entry.file->path, "the new version is not used; what was read before stays in force"});
    }
  }
  return replaced;
}

}  // namespace doorward
