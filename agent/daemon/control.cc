#include "agent/daemon/control.h"

#include <algorithm>
#include <string_view>

#include "agent/daemon/local_service.h"

namespace doorward {
namespace {

constexpr std::size_t kAnswerBytesMax = std::size_t{4} * 1024 * 1024;
constexpr std::chrono::milliseconds kAnswerTimeMax{10'000};
constexpr std::string_view kOk = "ok\n";
constexpr std::string_view kError = "error ";

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

std::string_view take_until(std::string_view& text, char end) {
  const std::size_t at = std::min(text.find(end), text.size());
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return part;
}

}  // namespace

std::string status_question(const StatusQuestion& question) {
  return question.text ? "status text" : "status json";
}

std::string explain_question(const ExplainQuestion& question) {
  std::string out = question.text ? "explain text " : "explain json ";
  out += one_line(question.rule);
  for (const std::string& pair : question.pairs) out += "\n" + one_line(pair);
  return out;
}

Result<Question> read_question(const std::string& text) {
  std::string_view rest = text;
  std::string_view head = take_until(rest, '\n');
  const std::string_view name = take_until(head, ' ');
  const std::string_view format = take_until(head, ' ');
  if (format != "text" && format != "json") return Error{"", "expected text or json"};
  if (name == "status") return Question(StatusQuestion{format == "text"});
  if (name != "explain") return Error{"", "no such question"};
  ExplainQuestion question;
  question.text = format == "text";
  question.rule = head;
  while (!rest.empty()) {
    if (question.pairs.size() == kQuestionPairsMax) return Error{"", "too many fields"};
    question.pairs.emplace_back(take_until(rest, '\n'));
  }
  return Question(std::move(question));
}

std::string answer_text(const Result<std::string>& answer) {
  if (answer) return std::string(kOk) + answer.value();
  return std::string(kError) + one_line(answer.error().message()) + "\n";
}

Result<std::string> ask_agent(const std::string& socket, const std::string& question) {
  Result<std::string> answer =
      ask_local(socket, question + "\n\n", kAnswerBytesMax, kAnswerTimeMax);
  if (!answer) return answer;
  std::string text = std::move(answer).value();
  if (text.starts_with(kOk)) return text.substr(kOk.size());
  if (!text.starts_with(kError)) return Error{socket, "the agent gave no answer"};
  text.erase(0, kError.size());
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return Error{"", text};
}

}  // namespace doorward
