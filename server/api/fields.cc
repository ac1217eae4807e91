#include "server/api/fields.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <cstring>

#include "plugins/time_text.h"
#include "server/api/limits.h"
#include "server/manage/limits.h"

namespace doorward {
namespace {

namespace json = boost::json;
using ErrorCode = boost::system::error_code;

std::string bounds(const ApiField& field) {
  if (field.max == INT64_MAX) return "expected at least " + std::to_string(field.min);
  return "expected " + std::to_string(field.min) + " to " + std::to_string(field.max);
}

Status take_number(const ApiField& field, std::int64_t number, ApiValue& value) {
  if (number < field.min || number > field.max) return Error{field.name, bounds(field)};
  value.number = number;
  value.real = static_cast<double>(number);
  return {};
}

Status take_text(const ApiField& field, std::string_view text, ApiValue& value) {
  if (text.size() > kApiTextBytesMax) {
    return Error{field.name, "longer than " + std::to_string(kApiTextBytesMax) + " bytes"};
  }
  if (text.find('\0') != std::string_view::npos) return Error{field.name, "has a zero byte"};
  value.text = text;
  switch (field.kind) {
    case ApiKind::time: {
      const std::optional<TimeUs> time = parse_time(text);
      if (!time) return Error{field.name, "expected a time like 2026-11-20T08:15:00Z"};
      value.number = *time;
      break;
    }
    case ApiKind::duration: {
      const std::optional<std::int64_t> span = parse_duration(text);
      if (!span || *span <= 0) return Error{field.name, "expected a time like 90s, 15m, 24h or 7d"};
      value.number = *span;
      break;
    }
    case ApiKind::choice: {
      std::string all;
      for (const char* choice : field.choices) {
        if (text == choice) return {};
        all += (all.empty() ? "" : ", ") + std::string(choice);
      }
      return Error{field.name, "expected one of " + all};
    }
    default:
      break;
  }
  return {};
}

Status take_files(const ApiField& field, const json::value& given, ApiValue& value) {
  const json::array* list = given.if_array();
  if (list == nullptr) return Error{field.name, "expected a list of {name, text}"};
  if (list->size() > kApiFilesMax) {
    return Error{field.name, "more than " + std::to_string(kApiFilesMax)};
  }
  for (const json::value& item : *list) {
    const json::object* object = item.if_object();
    const json::value* name = object == nullptr ? nullptr : object->if_contains("name");
    const json::value* text = object == nullptr ? nullptr : object->if_contains("text");
    if (name == nullptr || text == nullptr || !name->is_string() || !text->is_string() ||
        object->size() != 2) {
      return Error{field.name, "expected a list of {name, text}"};
    }
    value.files.push_back({std::string(name->get_string()), std::string(text->get_string())});
  }
  return {};
}

Status take_json(const ApiField& field, const json::value& given, ApiValue& value) {
  switch (field.kind) {
    case ApiKind::files:
      return take_files(field, given, value);
    case ApiKind::boolean:
      if (!given.is_bool()) return Error{field.name, "expected true or false"};
      value.number = given.get_bool() ? 1 : 0;
      return {};
    case ApiKind::integer: {
      if (given.is_int64()) return take_number(field, given.get_int64(), value);
      if (given.is_uint64() || given.is_double()) return Error{field.name, bounds(field)};
      return Error{field.name, "expected a whole number"};
    }
    case ApiKind::real:
      if (!given.is_number()) return Error{field.name, "expected a number"};
      value.real = given.is_double()  ? given.get_double()
                   : given.is_int64() ? static_cast<double>(given.get_int64())
                                      : static_cast<double>(given.get_uint64());
      return {};
    default:
      if (!given.is_string()) return Error{field.name, "expected a text"};
      return take_text(field, std::string_view(given.get_string()), value);
  }
}

Status take_query(const ApiField& field, std::string_view text, ApiValue& value) {
  const char* end = text.data() + text.size();
  switch (field.kind) {
    case ApiKind::integer: {
      std::int64_t number = 0;
      const auto [at, fault] = std::from_chars(text.data(), end, number);
      if (fault != std::errc() || at != end) return Error{field.name, bounds(field)};
      return take_number(field, number, value);
    }
    case ApiKind::real: {
      const auto [at, fault] = std::from_chars(text.data(), end, value.real);
      if (fault != std::errc() || at != end || !std::isfinite(value.real)) {
        return Error{field.name, "expected a number"};
      }
      return {};
    }
    case ApiKind::boolean:
      if (text != "true" && text != "false") return Error{field.name, "expected true or false"};
      value.number = text == "true" ? 1 : 0;
      return {};
    default:
      return take_text(field, text, value);
  }
}

const ApiField* field_of(const std::vector<ApiField>& fields, std::string_view name) {
  const auto found =
      std::find_if(fields.begin(), fields.end(), [&](const auto& f) { return name == f.name; });
  return found == fields.end() ? nullptr : &*found;
}

Result<ApiValues> complete(const std::vector<ApiField>& fields, ApiValues values) {
  for (const ApiField& field : fields) {
    if (field.required && values.find(field.name) == values.end()) {
      return Error{field.name, "is missing"};
    }
  }
  return values;
}

/// Parses; nothing when the text is no JSON value of this depth. (Boost.JSON throws only
/// bad_alloc here.)
std::optional<json::value> parsed(std::string_view text, std::size_t depth, std::string& why) {
  json::parse_options options;
  options.max_depth = depth;
  ErrorCode error;
  json::value value = json::parse({text.data(), text.size()}, error, {}, options);
  if (error) {
    why = error.message();
    return std::nullopt;
  }
  return value;
}

}  // namespace

Result<ApiValues> read_api_query(const std::vector<ApiField>& fields,
                                 const std::map<std::string, std::string>& query) {
  ApiValues values;
  if (query.size() > kApiQueryMax) return Error{"query", "too many parameters"};
  for (const auto& [name, text] : query) {
    const ApiField* field = field_of(fields, name);
    if (field == nullptr) return Error{name.substr(0, kNameBytesMax), "no such parameter"};
    if (const Status taken = take_query(*field, text, values[field->name]); !taken) {
      return taken.error();
    }
  }
  return complete(fields, std::move(values));
}

Result<ApiValues> read_api_body(const std::vector<ApiField>& fields, std::string_view body) {
  ApiValues values;
  if (body.size() > kApiBodyBytesMax) return Error{"body", "is too long"};
  const bool blank = body.find_first_not_of(" \t\r\n") == std::string_view::npos;
  if (blank) return complete(fields, std::move(values));
  std::string why;
  const std::optional<json::value> read = parsed(body, kApiJsonDepthMax, why);
  if (!read) return Error{"body", "is no JSON object: " + why};
  const json::object* object = read->if_object();
  if (object == nullptr) return Error{"body", "is no JSON object"};
  if (object->size() > kApiJsonMembersMax) return Error{"body", "has too many members"};
  for (const auto& member : *object) {
    const std::string_view name(member.key().data(), member.key().size());
    const ApiField* field = field_of(fields, name);
    if (field == nullptr) {
      return Error{std::string(name.substr(0, kNameBytesMax)), "no such member"};
    }
    if (const Status taken = take_json(*field, member.value(), values[field->name]); !taken) {
      return taken.error();
    }
  }
  return complete(fields, std::move(values));
}

bool is_json(std::string_view text) {
  constexpr std::size_t kDepth = 64;
  std::string why;
  return parsed(text, kDepth, why).has_value();
}

}  // namespace doorward
