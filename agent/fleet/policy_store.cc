#include "agent/fleet/policy_store.h"

#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <span>
#include <system_error>

#include "plugins/clock.h"
#include "plugins/policy/folder.h"
#include "plugins/policy/validate.h"
#include "plugins/printable.h"
#include "plugins/state_archive.h"
#include "proto/whole_file.h"
#include "sketch/system_error.h"

namespace doorward {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCurrent = "current";
constexpr const char* kTemporary = ".tmp";
constexpr std::size_t kCurrentBytesMax = 256;
constexpr std::size_t kHashBytes = 32;
constexpr std::size_t kHashDigitsInName = 8;

/// BLAKE2b of 256 bits over names and texts, in hexadecimal digits.
std::string hash_of(const PolicyTexts& texts) {
  std::vector<std::uint8_t> bytes;
  StateWriter out(bytes);
  for (const PolicyText& file : sorted_policy(texts)) {
    out.text(file.name);
    out.text(file.text);
  }
  std::array<unsigned char, kHashBytes> hash{};
  crypto_generichash(hash.data(), hash.size(), bytes.data(), bytes.size(), nullptr, 0);
  std::array<char, 2 * kHashBytes + 1> digits{};
  sodium_bin2hex(digits.data(), digits.size(), hash.data(), hash.size());
  return digits.data();
}

std::string folder_name(std::uint64_t version, const std::string& hash) {
  return std::to_string(version) + "-" + hash.substr(0, kHashDigitsInName);
}

/// `current`: "doorward policy 7 3f9a..." and a line end.
struct Current {
  std::uint64_t version = 0;
  std::string hash;
};

std::string current_text(const Current& current) {
  return "doorward policy " + std::to_string(current.version) + " " + current.hash + "\n";
}

std::optional<Current> read_current(std::string_view text) {
  constexpr std::string_view kHead = "doorward policy ";
  if (!text.starts_with(kHead)) return std::nullopt;
  text.remove_prefix(kHead.size());
  Current out;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out.version);
  if (error != std::errc() || out.version == 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (text.size() != 1 + 2 * kHashBytes + 1) return std::nullopt;
  out.hash = std::string(text.substr(1, 2 * kHashBytes));
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (!std::all_of(out.hash.begin(), out.hash.end(), is_digit)) return std::nullopt;
  // Nothing but what would be written.
  if (" " + out.hash + "\n" != text) return std::nullopt;
  return out;
}

enum class CurrentIs : std::uint8_t { missing, good, damaged, not_for_us, unreadable };

struct Looked {
  CurrentIs is = CurrentIs::missing;
  StoredPolicy policy;
  Error error;
};

Error first_of(const std::vector<Error>& mistakes) {
  Error out = mistakes.front();
  if (mistakes.size() > 1) {
    out.what += " (and " + std::to_string(mistakes.size() - 1) + " more)";
  }
  return out;
}

Looked look(const std::string& folder) {
  Looked out;
  const std::string path = folder + "/" + kCurrent;
  struct stat facts {};
  if (lstat(path.c_str(), &facts) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return out;
    out.is = CurrentIs::unreadable;
    out.error = system_error(path, "cannot read which policy is in force");
    return out;
  }
  const Result<std::vector<std::uint8_t>> bytes =
      read_whole_file(path, kCurrentBytesMax, "the policy in force");
  out.is = CurrentIs::damaged;
  if (!bytes) {
    if (S_ISREG(facts.st_mode) && access(path.c_str(), R_OK) != 0) out.is = CurrentIs::unreadable;
    out.error = bytes.error();
    return out;
  }
  const std::optional<Current> current =
      read_current({reinterpret_cast<const char*>(bytes.value().data()), bytes.value().size()});
  if (!current) {
    out.error = {path, "damaged; it does not say which policy is in force"};
    return out;
  }
  out.policy.version = current->version;
  out.policy.folder = folder + "/" + folder_name(current->version, current->hash);
  Result<PolicyTexts> texts = read_policy_folder(out.policy.folder);
  if (!texts) {
    out.error = texts.error();
    return out;
  }
  if (hash_of(texts.value()) != current->hash) {
    out.error = {out.policy.folder, "damaged; its files are not those that the server sent"};
    return out;
  }
  out.policy.texts = std::move(texts).value();
  const PolicyFindings findings =
      review_policy(out.policy.texts, clock_now(), PolicyExamples::leave);
  if (!findings.mistakes.empty()) {
    out.is = CurrentIs::not_for_us;
    out.error = first_of(findings.mistakes);
    return out;
  }
  out.is = CurrentIs::good;
  return out;
}

Status make_folder(const std::string& path) {
  if (mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return system_error(path, "cannot make the folder");
}

Status write_text(const std::string& path, const std::string& text) {
  return write_whole_file(path, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

}  // namespace

Result<std::optional<StoredPolicy>> read_current_policy(const std::string& state_dir) {
  Looked looked = look(state_dir + "/" + kPolicyFolder);
  if (looked.is == CurrentIs::missing) return std::optional<StoredPolicy>();
  if (looked.is != CurrentIs::good) return looked.error;
  return std::optional<StoredPolicy>(std::move(looked.policy));
}

Result<std::unique_ptr<PolicyStore>> PolicyStore::open(const std::string& state_dir) {
  const std::string folder = state_dir + "/" + kPolicyFolder;
  if (Status made = make_folder(folder); !made) return made.error();
  std::unique_ptr<PolicyStore> store(new PolicyStore(folder));
  const Looked looked = look(folder);
  switch (looked.is) {
    case CurrentIs::unreadable:
      return looked.error;
    case CurrentIs::missing:
      break;
    case CurrentIs::good:
      store->version_ = looked.policy.version;
      store->name_ = fs::path(looked.policy.folder).filename().string();
      break;
    case CurrentIs::not_for_us:
      (void)store->refuse(looked.policy.version, looked.error);
      store->warnings_.push_back("policy " + std::to_string(looked.policy.version) +
                                 " of the fleet is not in force: " + store->reason_);
      break;
    case CurrentIs::damaged: {
      const std::string path = folder + "/" + kCurrent;
      const std::string aside = path + ".damaged";
      if (std::rename(path.c_str(), aside.c_str()) != 0) {
        return system_error(path, "cannot set aside what is damaged");
      }
      store->warnings_.push_back(
          printable(looked.error.message()) + "; set aside as " + aside +
          ". No policy of the fleet is in force until the server sends it again");
      break;
    }
  }
  store->clean(false);
  return store;
}

std::vector<std::string> PolicyStore::take_warnings() {
  return std::exchange(warnings_, {});
}

Status PolicyStore::refuse(std::uint64_t version, const Error& why) {
  refused_ = version;
  reason_ = printable(why.message()).substr(0, kPolicyReasonBytesMax);
  return Error{why.where, why.what};
}

Status PolicyStore::write_version(const PolicyTexts& files, const std::string& name) const {
  const std::string whole = folder_ + "/" + name;
  const std::string temporary = whole + kTemporary;
  std::error_code failed;
  // What is there of that name is not what is in force, or is damaged.
  fs::remove_all(whole, failed);
  fs::remove_all(temporary, failed);
  if (Status made = make_folder(temporary); !made) return made;
  for (const char* below : {"rules", "exceptions", "sets"}) {
    const std::string prefix = std::string(below) + "/";
    const bool used = std::any_of(files.begin(), files.end(), [&](const PolicyText& file) {
      return file.name.starts_with(prefix);
    });
    if (!used) continue;
    if (Status made = make_folder(temporary + "/" + below); !made) return made;
  }
  for (const PolicyText& file : files) {
    if (Status written = write_text(temporary + "/" + file.name, file.text); !written) {
      return written;
    }
  }
  if (Status synced = sync_folder(temporary); !synced) return synced;
  if (std::rename(temporary.c_str(), whole.c_str()) != 0) {
    return system_error(whole, "cannot put the new policy in its place");
  }
  return sync_folder(folder_);
}

Status PolicyStore::offer(std::uint64_t version, const PolicyTexts& files, const TryIt& try_it) {
  if (version == 0) return refuse(version, {"policy", "versions begin at 1"});
  // Names and sizes first: nothing is hashed or written that is beyond a limit.
  const PolicyFindings findings = review_policy(files, clock_now(), PolicyExamples::leave);
  if (!findings.mistakes.empty()) return refuse(version, first_of(findings.mistakes));
  const Current next{version, hash_of(files)};
  const std::string name = folder_name(next.version, next.hash);
  if (version == version_ && name == name_) {
    refused_ = 0;
    reason_.clear();
    return {};
  }
  std::error_code ignored;
  const std::string folder = folder_ + "/" + name;
  if (const Status written = write_version(files, name); !written) {
    clean(false);
    return refuse(version, written.error());
  }
  if (const Status tried = try_it(folder); !tried) {
    fs::remove_all(folder, ignored);
    return refuse(version, tried.error());
  }
  if (const Status written = write_text(folder_ + "/" + kCurrent, current_text(next)); !written) {
    // What runs must be what a restart would run.
    const Status back = try_it(name_.empty() ? "" : folder_ + "/" + name_);
    if (!back)
      warnings_.push_back("the policy before is not in force either: " +
                          printable(back.error().message()));
    fs::remove_all(folder, ignored);
    return refuse(version, written.error());
  }
  version_ = version;
  name_ = name;
  refused_ = 0;
  reason_.clear();
  clean(true);
  return {};
}

void PolicyStore::clean(bool old_versions) {
  struct Old {
    fs::file_time_type written;
    fs::path path;
  };
  std::vector<Old> versions;
  std::error_code failed;
  for (fs::directory_iterator entry(folder_, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    std::error_code ignored;
    if (!entry->is_directory(ignored)) continue;
    const std::string name = entry->path().filename().string();
    if (name.ends_with(kTemporary)) {
      fs::remove_all(entry->path(), ignored);
    } else if (name != name_) {
      versions.push_back({entry->last_write_time(ignored), entry->path()});
    }
  }
  if (!old_versions || versions.size() < kPolicyVersionsKept) return;
  std::sort(versions.begin(), versions.end(), [](const Old& a, const Old& b) {
    return a.written != b.written ? a.written > b.written : a.path > b.path;
  });
  for (std::size_t i = kPolicyVersionsKept - 1; i < versions.size(); ++i) {
    std::error_code ignored;
    fs::remove_all(versions[i].path, ignored);
  }
}

}  // namespace doorward
