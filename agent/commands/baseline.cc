// doorward-agent baseline: info and merge of baseline files, export from and import into a state.
#include <cstdio>
#include <filesystem>
#include <memory>

#include "agent/commands/commands.h"
#include "agent/options.h"
#include "agent/state_baseline.h"
#include "agent/summary.h"
#include "plugins/alert_notes.h"
#include "plugins/json_writer.h"
#include "plugins/time_text.h"
#include "proto/agent_state_file.h"
#include "proto/baseline_file.h"

namespace doorward {
namespace {

struct BaselineCommand {
  std::vector<std::string> files;
  std::string out;
  std::string state;
  std::string key;
  bool json = false;
};

int fail(const Error& error, int status) {
  print_errors({error});
  return status;
}

void print_info(const std::string& path, const Baseline& baseline, bool json) {
  const BaselineFill fill = baseline.fill();
  const BaselineOptions& options = baseline.options();
  const bool empty = baseline.newest() == kNoEpoch;
  const std::string until =
      empty ? "nothing learned" : format_time((baseline.newest() + 1) * options.epoch_us);
  std::error_code failed;
  const auto bytes = std::filesystem::file_size(path, failed);
  if (json) {
    std::string out;
    JsonWriter writer(out);
    writer.open()
        .text("file", path)
        .number("file_bytes", failed ? 0 : static_cast<std::int64_t>(bytes));
    writer.number("memory_bytes", static_cast<std::int64_t>(options.bytes));
    writer.number("epochs", options.epochs).number("epoch_seconds", options.epoch_us / kSecondUs);
    writer.text("newest_epoch_ends", until).real("distinct_pairs", fill.pairs.distinct_pairs);
    writer.real("counter_share", fill.pairs.counters).real("false_seen", fill.pairs.false_seen);
    writer.number("partitions", static_cast<std::int64_t>(fill.partitions));
    writer.number("partitions_limit", static_cast<std::int64_t>(fill.partitions_limit));
    writer.real("partitions_given_up", fill.partitions_overflowed).close();
    std::printf("%s\n", out.c_str());
    return;
  }
  std::printf("%s: %s bytes on disk\n", path.c_str(), with_commas(failed ? 0 : bytes).c_str());
  std::string out;
  append_baseline_summary(baseline, out);
  std::printf("%s", out.c_str());
  std::printf("epochs    %u of %lld days, newest ends %s\n", options.epochs,
              static_cast<long long>(options.epoch_us / (86'400 * kSecondUs)), until.c_str());
  std::printf("distinct  %zu of %zu partitions", fill.partitions, fill.partitions_limit);
  if (fill.partitions_overflowed > 0) {
    std::printf(", %.0f more only estimated", fill.partitions_overflowed);
  }
  std::printf("\n");
}

int run_info(const BaselineCommand& typed) {
  int status = kExitDone;
  for (const std::string& file : typed.files) {
    const std::string path = state_path(file);
    const Result<HashKey> key = key_for(typed.key, path);
    const Result<Baseline> baseline =
        key ? read_any_baseline(path, key.value()) : Result<Baseline>(key.error());
    const std::string sections = typed.json ? std::string() : describe_state(path);
    if (baseline) print_info(path, baseline.value(), typed.json);
    std::fputs(sections.c_str(), stdout);
    if (!baseline) status = fail(baseline.error(), kExitUnreadable);
  }
  return status;
}

int run_merge(const BaselineCommand& typed) {
  const Result<HashKey> key = key_for(typed.key, {});
  if (!key) return fail(key.error(), kExitUsage);
  Result<Baseline> sum = read_any_baseline(typed.files.front(), key.value());
  if (!sum) return fail(sum.error(), kExitUnreadable);
  for (std::size_t i = 1; i < typed.files.size(); ++i) {
    const Result<Baseline> more = read_any_baseline(typed.files[i], key.value());
    if (!more) return fail(more.error(), kExitUnreadable);
    const Status merged = sum.value().merge(more.value());
    if (!merged) return fail({typed.files[i], merged.error().message()}, kExitUsage);
  }
  const Status written = write_baseline_file(typed.out, sum.value());
  if (!written) return fail(written.error(), kExitUnreadable);
  print_info(typed.out, sum.value(), false);
  return kExitDone;
}

int run_export(const BaselineCommand& typed) {
  const std::string path = state_path(typed.state);
  const Result<HashKey> key = key_for(typed.key, path);
  if (!key) return fail(key.error(), kExitUsage);
  const Result<Baseline> baseline = read_any_baseline(path, key.value());
  if (!baseline) return fail(baseline.error(), kExitUnreadable);
  const Status written = write_baseline_file(typed.out, baseline.value());
  if (!written) return fail(written.error(), kExitUnreadable);
  print_info(typed.out, baseline.value(), false);
  return kExitDone;
}

int run_import(const BaselineCommand& typed) {
  const std::string path = state_path(typed.state);
  const Result<HashKey> key = key_for(typed.key, path);
  if (!key) return fail(key.error(), kExitUsage);
  const Result<Baseline> baseline = read_any_baseline(typed.files.front(), key.value());
  if (!baseline) return fail(baseline.error(), kExitUnreadable);
  const Result<std::string> kept =
      import_baseline(path, baseline.value(), key.value(), clock_now());
  if (!kept) return fail(kept.error(), kExitUsage);
  std::printf("%s has the baseline of %s\n", path.c_str(), typed.files.front().c_str());
  if (!kept.value().empty()) std::printf("the state before is %s\n", kept.value().c_str());
  return kExitDone;
}

}  // namespace

void add_baseline(CLI::App& app, Run& run) {
  auto typed = std::make_shared<BaselineCommand>();
  CLI::App* command = app.add_subcommand("baseline", "Looks into and merges baseline files");
  command->require_subcommand(1);
  CLI::App* info =
      command->add_subcommand("info", "Size, fill, epochs and error of baseline files");
  info->add_option("FILE", typed->files, "Baseline files, state files, or state folders")
      ->required()
      ->type_name("");
  add_key_option(*info, typed->key);
  info->add_flag("--json", typed->json, "One JSON object a line");
  info->callback([typed, &run] { run = [typed] { return run_info(*typed); }; });
  CLI::App* merge = command->add_subcommand(
      "merge", "Adds baselines of several hosts: the result is that of their logs together");
  merge->add_option("FILE", typed->files, "Baseline files to add")->required()->type_name("");
  merge->add_option("-o,--out", typed->out, "Where the sum goes")->required()->type_name("FILE");
  add_key_option(*merge, typed->key);
  merge->callback([typed, &run] { run = [typed] { return run_merge(*typed); }; });
  CLI::App* out = command->add_subcommand("export", "Takes the baseline out of an agent's state");
  out->add_option("--state", typed->state, "State file of the agent, or its folder")
      ->default_str(kStateFolder)
      ->type_name("FILE|DIR");
  out->add_option("-o,--out", typed->out, "Where the baseline goes")->required()->type_name("FILE");
  add_key_option(*out, typed->key);
  out->callback([typed, &run] { run = [typed] { return run_export(*typed); }; });
  CLI::App* in = command->add_subcommand(
      "import",
      "Puts a baseline into the state of an agent that does not run; the state before is kept");
  in->add_option("FILE", typed->files, "Baseline of the same key and size")
      ->required()
      ->expected(1)
      ->type_name("");
  in->add_option("--state", typed->state, "State file of the agent, or its folder")
      ->default_str(kStateFolder)
      ->type_name("FILE|DIR");
  add_key_option(*in, typed->key);
  in->callback([typed, &run] { run = [typed] { return run_import(*typed); }; });
}

}  // namespace doorward
