// The OpenAPI 3.1 document, of the tables in routes.h.
#include <map>

#include "plugins/json_writer.h"
#include "server/api/limits.h"
#include "server/api/routes.h"

namespace doorward {
namespace {

/// Members of a JSON schema for one of ApiMember's kinds.
void write_kind(JsonWriter& json, std::string_view kind) {
  if (kind.starts_with("[]")) {
    json.text("type", "array").open("items");
    write_kind(json, kind.substr(2));
    json.close();
  } else if (kind == "time") {
    json.text("type", "string").text("format", "date-time");
  } else if (kind == "any") {
    json.text("type", "object");
  } else if (kind == "string" || kind == "integer" || kind == "number" || kind == "boolean") {
    json.text("type", kind);
  } else {
    json.text("$ref", "#/components/schemas/" + std::string(kind));
  }
}

void write_field(JsonWriter& json, const ApiField& field) {
  switch (field.kind) {
    case ApiKind::integer:
      json.text("type", "integer").number("minimum", field.min);
      if (field.max != INT64_MAX) json.number("maximum", field.max);
      break;
    case ApiKind::real:
      json.text("type", "number");
      break;
    case ApiKind::boolean:
      json.text("type", "boolean");
      break;
    case ApiKind::time:
      json.text("type", "string").text("format", "date-time");
      break;
    case ApiKind::duration:
      json.text("type", "string").text("pattern", "^[0-9]+[smhd]$");
      break;
    case ApiKind::choice:
      json.text("type", "string").open_array("enum");
      for (const char* choice : field.choices) json.item(choice);
      json.close_array();
      break;
    case ApiKind::files:
      json.text("type", "array").open("items").text("$ref", "#/components/schemas/PolicyFile");
      json.close();
      break;
    case ApiKind::text:
      json.text("type", "string").number("maxLength", kApiTextBytesMax);
      break;
  }
}

void write_parameter(JsonWriter& json, std::string_view in, const ApiField& field) {
  json.open().text("name", field.name).text("in", in).boolean("required", field.required);
  json.text_if("description", field.about).open("schema");
  write_field(json, field);
  json.close().close();
}

void write_parameters(JsonWriter& json, const ApiRoute& route) {
  json.open_array("parameters");
  std::string_view path = route.path;
  for (std::size_t at = path.find('{'); at != std::string_view::npos; at = path.find('{')) {
    path.remove_prefix(at + 1);
    const std::string name(path.substr(0, path.find('}')));
    write_parameter(json, "path", {name.c_str(), ApiKind::text, true});
  }
  for (const ApiField& field : route.query) write_parameter(json, "query", field);
  json.close_array();
}

void write_body(JsonWriter& json, const ApiRoute& route) {
  bool required = false;
  for (const ApiField& field : route.body) required = required || field.required;
  json.open("requestBody").boolean("required", required).open("content");
  json.open("application/json").open("schema").text("type", "object");
  json.boolean("additionalProperties", false).open("properties");
  for (const ApiField& field : route.body) {
    json.open(field.name);
    write_field(json, field);
    json.text_if("description", field.about).close();
  }
  json.close().open_array("required");
  for (const ApiField& field : route.body) {
    if (field.required) json.item(field.name);
  }
  json.close_array().close().close().close().close();
}

void write_refusal(JsonWriter& json, const char* status, const char* about) {
  json.open(status).text("description", about).open("content").open("application/json");
  json.open("schema").text("$ref", "#/components/schemas/Error").close().close().close().close();
}

void write_responses(JsonWriter& json, const ApiRoute& route) {
  const std::string_view answer = route.answer;
  const bool media = answer.find('/') != std::string_view::npos;
  json.open("responses").open("200").text("description", "Done").open("content");
  json.open(media ? answer : "application/json").open("schema");
  write_kind(json, media ? "string" : answer);
  json.close().close();
  if (std::string_view(route.name) == "backup") {
    json.open("application/vnd.sqlite3").open("schema").text("type", "string");
    json.text("format", "binary").close().close();
  }
  json.close().close();
  if (route.role == Role::none) {
    if (std::string_view(route.name) == "readyz") {
      json.open("503").text("description", "It cannot").close();
    }
    json.close();
    return;
  }
  write_refusal(json, "400", "The request is not what this route takes");
  write_refusal(json, "401", "No token, or none that is good");
  write_refusal(json, "403", "The token's role may not");
  if (std::string_view(route.path).find('{') != std::string_view::npos) {
    write_refusal(json, "404", "There is no such thing");
  }
  if (route.action != nullptr) {
    write_refusal(json, "409", "It does not go with how things are now");
    write_refusal(json, "422", "What is wanted makes no sense");
  }
  if (!route.body.empty()) write_refusal(json, "413", "The body is too long");
  write_refusal(json, "429", "Too many requests; Retry-After says when to try again");
  write_refusal(json, "503", "Not now (the disk is full, for one); Retry-After says when");
  json.close();
}

void write_operation(JsonWriter& json, const ApiRoute& route) {
  std::string method = route.method;
  for (char& c : method) c = static_cast<char>(c - 'A' + 'a');
  json.open(method).text("operationId", route.name).text("summary", route.summary);
  json.text("x-doorward-role", role_name(route.role));
  if (route.action != nullptr) json.text("x-doorward-audit", route.action);
  if (route.role == Role::none) json.open_array("security").close_array();
  write_parameters(json, route);
  if (!route.body.empty()) write_body(json, route);
  write_responses(json, route);
  json.close();
}

void write_schema(JsonWriter& json, const ApiSchema& schema) {
  json.open(schema.name).text("type", "object").open("properties");
  for (const ApiMember& member : schema.members) {
    json.open(member.name);
    write_kind(json, member.kind);
    json.text_if("description", member.about).close();
  }
  json.close().open_array("required");
  for (const ApiMember& member : schema.members) {
    if (member.always) json.item(member.name);
  }
  json.close_array().close();
}

}  // namespace

std::string openapi_document() {
  std::string out;
  JsonWriter json(out);
  json.open().text("openapi", "3.1.0");
  json.open("info").text("title", "Doorward server").text("version", "1");
  json.text("description",
            "Enrols, configures and watches a fleet of Doorward agents. Roles: a viewer reads, an "
            "analyst also gives verdicts and tries policies, an admin does everything.");
  json.open("license").text("name", "Apache-2.0").text("identifier", "Apache-2.0").close();
  json.close();
  json.open_array("security").open().open_array("bearer").close_array().close().close_array();
  std::map<std::string_view, std::vector<const ApiRoute*>> by_path;
  for (const ApiRoute& route : api_routes()) by_path[route.path].push_back(&route);
  json.open("paths");
  for (const auto& [path, routes] : by_path) {
    json.open(path);
    for (const ApiRoute* route : routes) write_operation(json, *route);
    json.close();
  }
  json.close().open("components").open("securitySchemes").open("bearer").text("type", "http");
  json.text("scheme", "bearer").text("description", "dwa_NAME_SECRET, of api-token create");
  json.close().close().open("schemas");
  for (const ApiSchema& schema : api_schemas()) write_schema(json, schema);
  json.close().close().close();
  return out;
}

}  // namespace doorward
