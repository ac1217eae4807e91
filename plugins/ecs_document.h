// ECS documents (design.md 6.2): nested objects, one line, no newline at the end.
#pragma once

#include <string>
#include <string_view>

#include "plugins/alert.h"
#include "plugins/event.h"

namespace doorward {

/// Appends the document of an event, as `normalize` prints it. Fields that the log did not tell are
/// left out. source.ip is canonical (RFC 5952), source.address as written.
void append_event_document(const Event& event, std::string& out);

/// Appends the document of an alert: the event's, with event.{kind,id,risk_score,severity}, rule.*,
/// threat.*, message and doorward.{score,p_value,evidence,backoff,occurrences}.
void append_alert_document(const Alert& alert, std::string& out);

/// event.severity of a severity's name: ECS wants a number in which larger is worse.
int severity_number(std::string_view name);

/// Appends a scored event: the event's document with doorward.{score,p_value,rules}, as
/// `replay --scores` prints it.
void append_scored_document(const Event& event, std::span<const Evidence> evidence,
                            std::string& out);

}  // namespace doorward
