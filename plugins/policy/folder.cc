#include "plugins/policy/folder.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "plugins/printable.h"
#include "plugins/set_files.h"

namespace doorward {
namespace {

namespace fs = std::filesystem;

/// Entries of a folder that are looked at; more is an Error.
constexpr std::size_t kEntriesMax = 4 * kPolicyFilesMax;

Result<std::vector<std::string>> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code failed;
  for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    std::string name = entry->path().filename().string();
    if (name.starts_with('.') || name.ends_with(".md")) continue;
    if (names.size() == kEntriesMax) {
      return Error{folder.string(), "more than " + std::to_string(kEntriesMax) + " entries"};
    }
    names.push_back(std::move(name));
  }
  if (failed) return Error{folder.string(), "cannot read the policy: " + failed.message()};
  std::sort(names.begin(), names.end());
  return names;
}

bool is_below(const fs::path& file, const fs::path& folder) {
  const auto [in_folder, in_file] =
      std::mismatch(folder.begin(), folder.end(), file.begin(), file.end());
  return in_folder == folder.end();
}

/// Where a path leads, when that is within the folder.
Status check_inside(const fs::path& path, const fs::path& real_root) {
  std::error_code failed;
  const fs::path real = fs::canonical(path, failed);
  if (failed) return Error{path.string(), "cannot read: " + failed.message()};
  if (is_below(real, real_root)) return {};
  return Error{path.string(), "a symbolic link that leads out of the policy's folder; refused"};
}

class Reader {
 public:
  explicit Reader(fs::path root) : root_(std::move(root)) {}

  Result<PolicyTexts> read() {
    std::error_code failed;
    real_root_ = fs::canonical(root_, failed);
    if (failed) return Error{root_.string(), "cannot read the policy: " + failed.message()};
    const Result<std::vector<std::string>> names = names_in(root_);
    if (!names) return names.error();
    for (const std::string& name : names.value()) {
      if (const Status taken = take(name); !taken) return taken.error();
    }
    return sorted_policy(std::move(texts_));
  }

 private:
  Status take(const std::string& name) {
    const bool folder = name == "rules" || name == "exceptions" || name == "sets";
    if (!folder) return read_file(name);
    if (const Status inside = check_inside(root_ / name, real_root_); !inside) return inside;
    const Result<std::vector<std::string>> names = names_in(root_ / name);
    if (!names) return names.error();
    for (const std::string& file : names.value()) {
      if (const Status read = read_file(name + "/" + file); !read) return read;
    }
    return {};
  }

  Status read_file(const std::string& name) {
    const std::string path = (root_ / name).string();
    if (const Status named = check_policy_name(name); !named) {
      return Error{printable(path), named.error().what};
    }
    if (const Status inside = check_inside(path, real_root_); !inside) return inside;
    if (texts_.size() == kPolicyFilesMax) {
      return Error{root_.string(), "more than " + std::to_string(kPolicyFilesMax) + " files"};
    }
    Result<std::string> text = disk_.read(path, kPolicyFileBytesMax);
    if (!text) return text.error();
    bytes_ += text.value().size();
    if (bytes_ > kPolicyBytesMax) {
      return Error{root_.string(), "all files together are larger than " +
                                       std::to_string(kPolicyBytesMax >> 20U) + " MiB"};
    }
    texts_.push_back({name, std::move(text).value()});
    return {};
  }

  fs::path root_;
  fs::path real_root_;
  DiskLoader disk_;
  PolicyTexts texts_;
  std::size_t bytes_ = 0;
};

}  // namespace

Result<PolicyTexts> read_policy_folder(const std::string& path) {
  return Reader(path).read();
}

}  // namespace doorward
