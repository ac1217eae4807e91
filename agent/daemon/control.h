// What is asked over the control socket, and how. A question is lines of text, the first of which
// names it, and an empty line; an answer is "ok" or "error WHERE: WHAT" on a line, and the text.
//
//     status text | status json
//     explain text|json RULE
//     FIELD=VALUE
//     ...
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "sketch/result.h"

namespace doorward {

struct StatusQuestion {
  bool text = true;
};
struct ExplainQuestion {
  std::string rule;
  bool text = true;
  std::vector<std::string> pairs;  ///< FIELD=VALUE
};
using Question = std::variant<StatusQuestion, ExplainQuestion>;

/// Most FIELD=VALUE lines of a question; more is an error.
inline constexpr std::size_t kQuestionPairsMax = 64;

/// The text of a question without its last, empty line. Newlines in values become spaces.
std::string status_question(const StatusQuestion& question);
std::string explain_question(const ExplainQuestion& question);

/// Reads such a text. Errors: no such question.
Result<Question> read_question(const std::string& text);

/// The text of an answer.
std::string answer_text(const Result<std::string>& answer);

/// Asks the agent at the socket and gives its answer. Errors: no agent there, no permission, and
/// what the agent itself says.
Result<std::string> ask_agent(const std::string& socket, const std::string& question);

}  // namespace doorward
