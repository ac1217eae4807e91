// doorward-agent baseline: info and merge of baseline files.
#include <cstdio>
#include <filesystem>
#include <memory>

#include "agent/commands/commands.h"
#include "agent/options.h"
#include "agent/summary.h"
#include "plugins/alert_notes.h"
#include "plugins/json_writer.h"
#include "plugins/time_text.h"
#include "proto/baseline_file.h"

namespace doorward {
namespace {

struct BaselineCommand {
  std::vector<std::string> files;
  std::string out;
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
    const Result<Baseline> baseline = read_baseline_file(file, HashKey{});
    if (!baseline) {
      status = fail(baseline.error(), kExitUnreadable);
      continue;
    }
    print_info(file, baseline.value(), typed.json);
  }
  return status;
}

int run_merge(const BaselineCommand& typed) {
  Result<Baseline> sum = read_baseline_file(typed.files.front(), HashKey{});
  if (!sum) return fail(sum.error(), kExitUnreadable);
  for (std::size_t i = 1; i < typed.files.size(); ++i) {
    const Result<Baseline> more = read_baseline_file(typed.files[i], HashKey{});
    if (!more) return fail(more.error(), kExitUnreadable);
    const Status merged = sum.value().merge(more.value());
    if (!merged) return fail({typed.files[i], merged.error().message()}, kExitUsage);
  }
  const Status written = write_baseline_file(typed.out, sum.value());
  if (!written) return fail(written.error(), kExitUnreadable);
  print_info(typed.out, sum.value(), false);
  return kExitDone;
}

}  // namespace

void add_baseline(CLI::App& app, Run& run) {
  auto typed = std::make_shared<BaselineCommand>();
  CLI::App* command = app.add_subcommand("baseline", "Looks into and merges baseline files");
  command->require_subcommand(1);
  CLI::App* info =
      command->add_subcommand("info", "Size, fill, epochs and error of baseline files");
  info->add_option("FILE", typed->files, "Baseline files")->required()->type_name("");
  info->add_flag("--json", typed->json, "One JSON object a line");
  info->callback([typed, &run] { run = [typed] { return run_info(*typed); }; });
  CLI::App* merge = command->add_subcommand(
      "merge", "Adds baselines of several hosts: the result is that of their logs together");
  merge->add_option("FILE", typed->files, "Baseline files to add")->required()->type_name("");
  merge->add_option("-o,--out", typed->out, "Where the sum goes")->required()->type_name("FILE");
  merge->callback([typed, &run] { run = [typed] { return run_merge(*typed); }; });
}

}  // namespace doorward
