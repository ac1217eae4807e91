#include "plugins/prometheus_page.h"

#include <array>
#include <cstdio>

namespace doorward {
namespace {

/// A label's value: backslash, quote and newline are escaped, as the format wants.
std::string label(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

PrometheusPage& PrometheusPage::family(std::string_view name, std::string_view type,
                                       std::string_view help) {
  name_ = prefix_ + std::string(name);
  out_.append("# HELP ").append(name_).append(" ").append(help);
  out_.append("\n# TYPE ").append(name_).append(" ").append(type).append("\n");
  return *this;
}

PrometheusPage& PrometheusPage::sample(double value, std::string_view key, std::string_view of) {
  out_ += name_;
  if (!key.empty()) out_ += "{" + std::string(key) + "=\"" + label(of) + "\"}";
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), " %.15g\n", value);
  out_ += text.data();
  return *this;
}

}  // namespace doorward
