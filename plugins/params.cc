#include "plugins/params.h"

#include <algorithm>
#include <set>
#include <sstream>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace doorward {

struct Params::Impl {
  std::shared_ptr<toml::table> document;
  const toml::table* table = nullptr;
  std::string file;
  std::vector<Error>* mistakes = nullptr;
  std::set<std::string, std::less<>> asked;

  [[nodiscard]] std::string place(const toml::node* node) const {
    const auto line = node != nullptr ? node->source().begin.line : table->source().begin.line;
    return line == 0 ? file : file + ":" + std::to_string(line);
  }

  const toml::node* find(std::string_view key) {
    asked.emplace(key);
    return table->get(key);
  }

  void note(const toml::node* node, std::string_view key, std::string_view what) const {
    mistakes->push_back({place(node), std::string(key) + ": " + std::string(what)});
  }
};

namespace {

std::string scalar_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  std::ostringstream out;
  if (const auto* value = node.as_integer()) {
    out << value->get();
  } else if (const auto* real = node.as_floating_point()) {
    out << real->get();
  } else if (const auto* flag = node.as_boolean()) {
    out << (flag->get() ? "true" : "false");
  } else if (const auto* instant = node.as_date_time()) {
    out << instant->get();
  }
  return out.str();
}

void collect_leaves(const toml::table& table, const std::string& prefix,
                    std::vector<std::pair<std::uint32_t, std::string>>& out) {
  for (const auto& [key, node] : table) {
    const std::string joined = prefix + std::string(key.str());
    if (const auto* sub = node.as_table()) {
      collect_leaves(*sub, joined + ".", out);
    } else {
      out.emplace_back(node.source().begin.line, joined);
    }
  }
}

}  // namespace

Result<Params> Params::open(std::string_view toml, const std::string& file,
                            std::vector<Error>* mistakes) {
  toml::parse_result parsed = toml::parse(toml, file);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return Error{file + ":" + std::to_string(error.source().begin.line),
                 std::string(error.description())};
  }
  auto impl = std::make_shared<Impl>();
  impl->document = std::make_shared<toml::table>(std::move(parsed).table());
  impl->table = impl->document.get();
  impl->file = file;
  impl->mistakes = mistakes;
  return Params(std::move(impl));
}

bool Params::has(std::string_view key) const {
  return impl_->table->contains(key);
}

std::string Params::text(std::string_view key, std::string_view fallback) {
  const toml::node* node = impl_->find(key);
  if (node == nullptr) return std::string(fallback);
  if (const auto* value = node->as_string()) return value->get();
  impl_->note(node, key, "expected a string");
  return std::string(fallback);
}

std::string Params::text_required(std::string_view key) {
  const toml::node* node = impl_->find(key);
  std::string value = text(key);
  if (value.empty() && (node == nullptr || node->is_string())) {
    impl_->note(node, key, "expected a string that is not empty");
  }
  return value;
}

double Params::number(std::string_view key, double fallback, double least, double most) {
  const toml::node* node = impl_->find(key);
  if (node == nullptr) return fallback;
  const std::optional<double> value = node->is_number() ? node->value<double>() : std::nullopt;
  if (value && *value >= least && *value <= most) return *value;
  std::ostringstream what;
  what << "expected a number from " << least << " to " << most;
  impl_->note(node, key, what.str());
  return fallback;
}

std::int64_t Params::integer(std::string_view key, std::int64_t fallback, std::int64_t least,
                             std::int64_t most) {
  const toml::node* node = impl_->find(key);
  if (node == nullptr) return fallback;
  const std::optional<std::int64_t> value =
      node->is_integer() ? node->value<std::int64_t>() : std::nullopt;
  if (value && *value >= least && *value <= most) return *value;
  impl_->note(
      node, key,
      "expected a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  return fallback;
}

std::vector<std::string> Params::texts(std::string_view key) {
  impl_->find(key);
  return leaf_texts(key);
}

std::optional<Params> Params::table(std::string_view key) {
  const toml::node* node = impl_->find(key);
  if (node == nullptr) return std::nullopt;
  if (!node->is_table()) {
    impl_->note(node, key, "expected a table");
    return std::nullopt;
  }
  auto impl = std::make_shared<Impl>(*impl_);
  impl->table = node->as_table();
  impl->asked.clear();
  return Params(std::move(impl));
}

std::vector<Params> Params::tables(std::string_view key) {
  std::vector<Params> out;
  const toml::node* node = impl_->find(key);
  if (node == nullptr) return out;
  const toml::array* array = node->as_array();
  if (array == nullptr) {
    impl_->note(node, key, "expected an array of tables");
    return out;
  }
  for (const toml::node& entry : *array) {
    if (!entry.is_table()) {
      impl_->note(&entry, key, "expected an array of tables");
      return {};
    }
    auto impl = std::make_shared<Impl>(*impl_);
    impl->table = entry.as_table();
    impl->asked.clear();
    out.push_back(Params(std::move(impl)));
  }
  return out;
}

std::vector<std::string> Params::leaf_keys() {
  std::vector<std::pair<std::uint32_t, std::string>> leaves;
  collect_leaves(*impl_->table, "", leaves);
  std::stable_sort(leaves.begin(), leaves.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> out;
  out.reserve(leaves.size());
  for (auto& [line, key] : leaves) out.push_back(std::move(key));
  for (const auto& [key, node] : *impl_->table) impl_->asked.emplace(key.str());
  return out;
}

namespace {

const toml::node* find_leaf(const toml::table& table, std::string_view joined) {
  if (const toml::node* node = table.get(joined)) return node;
  return table.at_path(joined).node();
}

}  // namespace

std::string Params::leaf_text(std::string_view joined_key) {
  const toml::node* node = find_leaf(*impl_->table, joined_key);
  if (node == nullptr) return {};
  if (node->is_array() || node->is_table()) {
    impl_->note(node, joined_key, "expected one value");
    return {};
  }
  return scalar_text(*node);
}

std::vector<std::string> Params::leaf_texts(std::string_view joined_key) {
  std::vector<std::string> out;
  const toml::node* node = find_leaf(*impl_->table, joined_key);
  if (node == nullptr) return out;
  if (const auto* value = node->as_string()) {
    out.push_back(value->get());
    return out;
  }
  if (const toml::array* array = node->as_array()) {
    for (const toml::node& entry : *array) {
      if (const auto* value = entry.as_string()) {
        out.push_back(value->get());
      } else {
        impl_->note(&entry, joined_key, "expected strings");
      }
    }
    return out;
  }
  impl_->note(node, joined_key, "expected a string or an array of strings");
  return out;
}

void Params::mistake(std::string_view key, std::string_view what) {
  const toml::node* node = find_leaf(*impl_->table, key);
  impl_->note(node, key, what);
}

void Params::refuse_unknown() {
  for (const auto& [key, node] : *impl_->table) {
    if (!impl_->asked.contains(key.str())) {
      impl_->note(&node, key.str(), "no such setting here");
    }
  }
}

std::string Params::where() const {
  return impl_->place(nullptr);
}

}  // namespace doorward
