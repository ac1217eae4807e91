#include "server/manage/policies.h"

#include <algorithm>

#include "plugins/json_writer.h"
#include "server/manage/limits.h"
#include "server/store/entry_data.h"

namespace doorward {
namespace {

Managed version_answer(Managed out, const std::string& group, std::uint64_t version,
                       std::uint64_t from, bool changed) {
  JsonWriter json(out.answer);
  json.open().text("group", group).number("version", static_cast<std::int64_t>(version));
  if (from != 0) json.number("from", static_cast<std::int64_t>(from));
  json.boolean("changed", changed).close();
  return out;
}

Managed new_version(const GroupRecord& group, const Asker& asker, const PolicyFiles& files,
                    const std::string& comment, std::uint64_t from) {
  Managed out;
  out.target = group.name;
  if (comment.size() > kReasonBytesMax) {
    out.refused = 422;
    out.why = {"comment", "longer than " + std::to_string(kReasonBytesMax) + " bytes"};
    return out;
  }
  const PolicyVersion* now = group.policy();
  const std::uint64_t last = now == nullptr ? 0 : now->version;
  if (now != nullptr && now->files != nullptr && *now->files == files) {
    out.detail = "says what version " + std::to_string(last) + " says";
    return version_answer(std::move(out), group.name, last, 0, false);
  }
  out.detail = "version " + std::to_string(last + 1) +
               (from == 0 ? "" : ", again version " + std::to_string(from)) +
               (comment.empty() ? "" : ": " + comment);
  log::PolicyT table;
  for (const PolicyFileText& file : files) {
    auto packed = std::make_unique<log::PolicyFileT>();
    packed->name = file.name;
    packed->text = file.text;
    table.files.push_back(std::move(packed));
  }
  table.by = asker.name;
  table.comment = comment;
  table.from = from;
  out.entries.push_back(packed_entry(EntryKind::policy, group.name, last + 1, asker.now, table));
  return version_answer(std::move(out), group.name, last + 1, from, true);
}

Managed no_group(const std::string& group) {
  Managed out = Managed::no(404, "group", "there is no group \"" + group + "\"");
  out.target = group.substr(0, kAuditTextMax);
  return out;
}

}  // namespace

const PolicyVersion* policy_version(const GroupRecord& group, std::uint64_t version) {
  if (version == 0) return group.policy();
  const auto found = std::find_if(group.policies.begin(), group.policies.end(),
                                  [&](const PolicyVersion& p) { return p.version == version; });
  return found == group.policies.end() ? nullptr : &*found;
}

Managed apply_policy(const FleetState& state, const Asker& asker, const std::string& group,
                     const PolicyWanted& wanted) {
  const GroupRecord* found = state.group(group);
  if (found == nullptr) return no_group(group);
  const std::uint64_t in_force = found->policy() == nullptr ? 0 : found->policy()->version;
  if (wanted.after != 0 && wanted.after != in_force) {
    Managed out = Managed::no(
        409, "after",
        "version " + std::to_string(in_force) + " is in force by now; look at it first");
    out.target = group;
    return out;
  }
  return new_version(*found, asker, wanted.files, wanted.comment, 0);
}

Managed roll_back_policy(const FleetState& state, const Asker& asker, const std::string& group,
                         std::uint64_t version, const std::string& comment) {
  const GroupRecord* found = state.group(group);
  if (found == nullptr) return no_group(group);
  const PolicyVersion* old = version == 0 ? nullptr : policy_version(*found, version);
  if (old == nullptr || old->files == nullptr) {
    Managed out = Managed::no(404, "version", "there is no version " + std::to_string(version));
    out.target = group;
    return out;
  }
  return new_version(*found, asker, *old->files, comment, version);
}

}  // namespace doorward
