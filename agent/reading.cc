#include "agent/reading.h"

#include <cstdio>

#include "agent/folder_files.h"
#include "agent/spool_folder.h"
#include "agent/stop_signal.h"

namespace doorward {
namespace {

bool report(const std::vector<Error>& errors) {
  print_errors(errors);
  return errors.empty();
}

bool flush(const ReadHooks& hooks) {
  return hooks.flush() || report({{"standard output", "cannot write"}});
}

int watch(const CommonOptions& options, InputSet& inputs, EventSink& sink, Progress& progress,
          const ReadHooks& hooks) {
  const StopSignal noting;
  std::vector<std::string> folders;
  for (const std::string& path : options.files) {
    if (is_folder(path)) folders.push_back(path);
  }
  SpoolFolder spool(folders);
  bool told_polling = false;
  bool good = true;
  bool written = true;
  const auto tick = [&] {
    progress.tick();
    if (StopSignal::came()) inputs.stop();
  };
  for (bool first = true; written && !StopSignal::came(); first = false) {
    const std::vector<std::string> files = spool.take();
    good = report(spool.take_errors()) && good;
    if (!spool.why_polling().empty() && !told_polling) {
      std::fprintf(stderr, "doorward-agent: note: no inotify: %s; looking for new files instead\n",
                   spool.why_polling().c_str());
      told_polling = true;
    }
    if (first || !files.empty()) {
      if (!first) progress.resume();
      if (hooks.begin) hooks.begin(clock_now());
      inputs.add(files);
      inputs.read_on(sink, tick);
      written = flush(hooks);
      progress.finish();
      good = report(inputs.take_errors()) && good;
    }
    if (written && !StopSignal::came()) StopSignal::wait(spool.descriptor(), spool.wait_ms());
  }
  inputs.finish(sink);
  if (hooks.finish) hooks.finish();
  written = written && flush(hooks);
  return good && written ? kExitDone : kExitUnreadable;
}

}  // namespace

std::vector<std::string> first_files(const CommonOptions& options) {
  std::vector<std::string> files = options.files;
  if (options.watch) std::erase_if(files, is_folder);
  return files;
}

int read_inputs(const CommonOptions& options, InputSet& inputs, EventSink& sink, Progress& progress,
                const ReadHooks& hooks) {
  if (options.watch) return watch(options, inputs, sink, progress, hooks);
  inputs.read(sink, [&] { progress.tick(); });
  if (hooks.finish) hooks.finish();
  const bool written = flush(hooks);
  progress.finish();
  const bool good = report(inputs.take_errors());
  return good && written ? kExitDone : kExitUnreadable;
}

}  // namespace doorward
