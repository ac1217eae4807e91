// Any bytes given to Pipeline::load(): refused, and the pipeline is as new; or taken, and saved and
// loaded once more they are the same.
#include <cstdlib>
#include <vector>

#include "plugins/pipeline/pipeline.h"

namespace {

using namespace doorward;

class Silent final : public PipelineSink {
 public:
  void on_alert(const Alert& /*alert*/) override {}
};

std::vector<std::uint8_t> saved(const Pipeline& pipeline) {
  std::vector<std::uint8_t> bytes;
  StateWriter out(bytes);
  pipeline.save(out);
  return bytes;
}

/// Small and quickly made: one rule of each kind that keeps something.
std::vector<RuleText> few_rules() {
  std::vector<RuleText> out;
  for (const RuleText& text : builtin_rules()) {
    for (const char* id : {"\"password_spraying\"", "\"unusual_logon\"", "\"rare_user\"",
                           "\"rare_host_for_user\"", "\"signin_from_suspicious_source\"",
                           "\"brute_force_success\"", "\"impossible_travel\""}) {
      if (text.toml.find(std::string("id = ") + id) != std::string::npos) out.push_back(text);
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static std::vector<Error> mistakes;
  static const RuleSet rules(few_rules(), HashKey{}, mistakes);
  static Baseline baseline = std::move(Baseline::make({kBaselineBytesMin})).value();
  static Silent silent;
  static const std::vector<std::uint8_t> fresh = saved(Pipeline(rules, baseline, silent, {}));
  // The head is what rules and views there are: without it nothing would come through.
  static const std::size_t head = [] {
    std::vector<std::uint8_t> bytes;
    StateWriter out(bytes);
    SavedRules::save(rules, out);
    return sizeof(std::uint16_t) + sizeof(std::uint64_t) + bytes.size();
  }();
  std::vector<std::uint8_t> bytes(fresh.begin(), fresh.begin() + static_cast<std::ptrdiff_t>(head));
  bytes.insert(bytes.end(), data, data + size);
  Pipeline pipeline(rules, baseline, silent, {});
  StateReader in(bytes);
  pipeline.load(in);
  const std::vector<std::uint8_t> once = saved(pipeline);
  if (!in.ok() && once != fresh) std::abort();
  Pipeline other(rules, baseline, silent, {});
  StateReader again(once);
  other.load(again);
  if (!again.ok() || saved(other) != once) std::abort();
  return 0;
}
