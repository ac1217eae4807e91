// What the sources of JSON records share: one record in, at most one event out, counted.
#pragma once

#include <string_view>

#include "plugins/sources/json_record.h"
#include "plugins/sources/source.h"

namespace doorward {

/// A source whose "lines" are JSON records, each an object (the reader takes files apart into
/// records). A record gives its event at once, so advance() and finish() have nothing to do, and
/// only the counters are remembered. event.original is the record, whole; other fields are cut to
/// kHeldFieldBytesMax and counted. A record that is not readable JSON (JsonRecord::read) counts as
/// malformed.
class JsonSource : public Source {
 public:
  Stamp stamp(std::string_view line, InputState& input) final;
  void feed(std::string_view line, const Stamp& stamp, EventSink& sink) final;
  void advance(TimeUs /*now*/, EventSink& /*sink*/) final {}
  void save(StateWriter& out) const final;
  void load(StateReader& in) final;
  void finish(EventSink& /*sink*/) final {}
  [[nodiscard]] const SourceCounters& counters() const final { return counters_; }

 protected:
  /// What a record was.
  enum class Reading : std::uint8_t { used, other, malformed };

  JsonSource(Told told, std::string_view dataset) : told_(told), dataset_(dataset) {}

  /// The record itself where it can come in a wrapper. Called before each of the two below.
  virtual JsonValue unwrap(JsonValue record) { return record; }
  /// The time of a record; kNoTime when it has none that is readable.
  virtual TimeUs time_of(JsonValue record) = 0;
  /// Fills the fields of `event` but time, told and original. The dataset is there already.
  virtual Reading read(JsonValue record, Event& event) = 0;

 private:
  Told told_;
  std::string_view dataset_;
  SourceCounters counters_;
  JsonRecord record_;
};

/// The time of a text such as "2026-11-20T08:15:00.1234567Z" (no zone: UTC); kNoTime for others.
TimeUs json_time(JsonValue value);

/// Sets source.address, source.ip when it is an address, and source.port where the text has one:
/// "192.0.2.1", "192.0.2.1:443", "2001:db8::1", "[2001:db8::1]:443", "cloudformation.example".
void set_json_source(Event& event, std::string_view text);

/// Sets source.port of a number from 1 to 65535; others are left out.
void set_json_port(Event& event, JsonValue port);

/// Sets the source's place when both are degrees on the globe.
void set_json_place(Event& event, JsonValue latitude, JsonValue longitude);

/// "alice" of "alice@example.com", as ECS wants user.name; the whole where either side of the last
/// '@' is empty.
std::string_view before_domain(std::string_view name);

}  // namespace doorward
