#include "bench/fleet/alerts.h"

#include <boost/json/src.hpp>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string_view>

namespace doorward::fleet {
namespace {

namespace json = boost::json;

// The value at a dotted path, whether the document nests objects or writes the dots itself.
const json::value* find(const json::object& object, std::string_view path) {
  if (const json::value* value = object.if_contains(path)) {
    return value;
  }
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos;
       dot = path.find('.', dot + 1)) {
    const json::value* head = object.if_contains(path.substr(0, dot));
    if (head == nullptr || !head->is_object()) {
      continue;
    }
    if (const json::value* value = find(head->get_object(), path.substr(dot + 1))) {
      return value;
    }
  }
  return nullptr;
}

// A string, or the first string of an array.
std::string text_at(const json::object& object, std::string_view path) {
  const json::value* value = find(object, path);
  if (value != nullptr && value->is_array() && !value->get_array().empty()) {
    value = &value->get_array().front();
  }
  if (value == nullptr || !value->is_string()) {
    return {};
  }
  return {value->get_string().data(), value->get_string().size()};
}

bool is_true(const json::object& object, std::string_view path) {
  const json::value* value = find(object, path);
  return value != nullptr && value->is_bool() && value->get_bool();
}

double number_at(const json::object& object, std::string_view path, double otherwise) {
  const json::value* value = find(object, path);
  if (value == nullptr || !value->is_number()) {
    return otherwise;
  }
  return value->to_number<double>();
}

std::optional<Alert> read_alert(const std::string& line) {
  json::error_code error;
  const json::value document = json::parse(line, error);
  if (error || !document.is_object()) {
    return std::nullopt;
  }
  const json::object& object = document.get_object();
  const std::optional<Time> time = parse_stamp(text_at(object, "@timestamp"));
  if (!time) {
    return std::nullopt;
  }
  return Alert{*time,
               number_at(object, "doorward.score", 100.0),
               text_at(object, "user.name"),
               text_at(object, "source.ip"),
               text_at(object, "host.name"),
               text_at(object, "rule.id")};
}

// An update of an alert, or a summary of many.
bool is_note(const std::string& line) {
  json::error_code error;
  const json::value document = json::parse(line, error);
  return !error && document.is_object() &&
         (is_true(document.get_object(), "doorward.update") ||
          is_true(document.get_object(), "doorward.summary"));
}

}  // namespace

AlertFile load_alerts(const std::string& path) {
  std::ifstream file;
  if (path != "-") {
    file.open(path);
    if (!file) {
      throw std::runtime_error(path + ": cannot be read");
    }
  }
  std::istream& in = path == "-" ? std::cin : file;
  AlertFile out;
  std::string line;
  while (std::getline(in, line)) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) {
      continue;
    }
    // What is told later of alerts that were raised, or summed up, is nothing new to look at.
    if (is_note(line)) {
      continue;
    }
    if (std::optional<Alert> alert = read_alert(line)) {
      out.alerts.push_back(std::move(*alert));
    } else {
      ++out.unreadable;
    }
  }
  return out;
}

std::optional<Period> load_period(const std::string& path) {
  std::ifstream in(path);
  if (!in) {
    return std::nullopt;
  }
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  json::error_code error;
  const json::value document = json::parse(text, error);
  if (error || !document.is_object()) {
    return std::nullopt;
  }
  const auto from = parse_stamp(text_at(document.get_object(), "test_start"));
  const auto to = parse_stamp(text_at(document.get_object(), "end"));
  if (!from || !to || *to <= *from) {
    return std::nullopt;
  }
  return Period{*from, *to};
}

}  // namespace doorward::fleet
