// Result<T>: a value, or an Error that says what went wrong and where. Errors at the edges are
// values; nothing on the hot path throws.
#pragma once

#include <cassert>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace doorward {

/// What went wrong, in words for the person who has to mend it. `where` is a file, a file:line or a
/// field; empty when there is no such place.
struct Error {
  std::string where;
  std::string what;

  /// "where: what", or just "what".
  [[nodiscard]] std::string message() const { return where.empty() ? what : where + ": " + what; }
};

/// Holds a T or an Error. Look before you take: value() asserts that there is one.
template <class T>
class [[nodiscard]] Result {
 public:
  // Not explicit, so that a function can return either.
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  [[nodiscard]] T& value() & {
    assert(ok());
    return *std::get_if<0>(&state_);
  }
  [[nodiscard]] const T& value() const& {
    assert(ok());
    return *std::get_if<0>(&state_);
  }
  [[nodiscard]] T&& value() && {
    assert(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  [[nodiscard]] const Error& error() const {
    assert(!ok());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

/// A Result without a value: empty when all went well.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error) : error_(std::move(error)) {}  // not explicit, as above

  [[nodiscard]] bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] const Error& error() const {
    assert(!ok());
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

}  // namespace doorward
