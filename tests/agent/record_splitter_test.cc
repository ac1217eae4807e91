#include "agent/record_splitter.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace doorward {
namespace {

using Kind = RecordSplitter::Kind;
using Pieces = std::vector<std::string>;

const char* name_of(Kind kind) {
  switch (kind) {
    case Kind::too_long:
      return "too long";
    case Kind::too_deep:
      return "too deep";
    case Kind::not_object:
      return "not an object";
    case Kind::broken:
      return "broken";
    case Kind::garbage:
      return "garbage";
    case Kind::cut_off:
      return "cut off";
    default:
      return "?";
  }
}

/// All pieces as "line RECORD" or "line (what)", with windows that grow by `step` bytes, the first
/// of `first` bytes.
Pieces split(std::string_view text, std::size_t first = SIZE_MAX, std::size_t step = SIZE_MAX,
             std::size_t limit = kRecordBytesMax) {
  RecordSplitter splitter(limit);
  Pieces out;
  std::size_t begin = 0;
  std::size_t end = std::min(first, text.size());
  for (std::size_t calls = 0; calls < 4 * text.size() + 10; ++calls) {
    const bool at_end = end == text.size();
    // A buffer of its own, so that a sanitizer sees a look beyond it.
    const std::vector<char> window(text.begin() + static_cast<std::ptrdiff_t>(begin),
                                   text.begin() + static_cast<std::ptrdiff_t>(end));
    const RecordSplitter::Piece piece = splitter.next({window.data(), window.size()}, at_end);
    EXPECT_LE(piece.used, window.size());
    begin += piece.used;
    if (piece.kind == Kind::end) {
      EXPECT_EQ(begin, text.size());
      return out;
    }
    if (piece.kind == Kind::more) {
      EXPECT_FALSE(at_end);
      EXPECT_LE(end - begin, limit);
      end = std::min(text.size(), step > text.size() ? text.size() : end + step);
      continue;
    }
    const std::string line = std::to_string(piece.line) + " ";
    if (piece.kind == Kind::record) {
      out.push_back(line + std::string(window.data() + piece.begin, piece.size));
    } else {
      out.push_back(line + "(" + name_of(piece.kind) + ")");
    }
  }
  ADD_FAILURE() << "does not come to an end";
  return out;
}

struct Form {
  const char* name;
  std::string text;
  Pieces pieces;
};

const std::vector<Form>& forms() {
  static const std::vector<Form> all = {
      {"empty", "", {}},
      {"white space", " \r\n\t\n", {}},
      {"lines", "{\"a\":1}\n{\"b\":2}\r\n\n{}\n", {"1 {\"a\":1}", "2 {\"b\":2}", "4 {}"}},
      {"no last newline", "{\"a\":1}\n{\"b\":2}", {"1 {\"a\":1}", "2 {\"b\":2}"}},
      {"side by side",
       "{\"a\":1}{\"b\":2} {\"c\":3}",
       {"1 {\"a\":1}", "1 {\"b\":2}", "1 {\"c\":3}"}},
      {"over lines", "{\n \"a\": [\n1\n]\n}\n{\n}", {"1 {\n \"a\": [\n1\n]\n}", "6 {\n}"}},
      {"mark", "\xEF\xBB\xBF{\"a\":1}", {"1 {\"a\":1}"}},
      {"sequence", "\x1E{\"a\":1}\n\x1E{\"b\":2}\n", {"1 {\"a\":1}", "2 {\"b\":2}"}},
      {"array", "[{\"a\":1},{\"b\":2}]", {"1 {\"a\":1}", "1 {\"b\":2}"}},
      {"empty array", "[]\n[ ]", {}},
      {"array over lines", "[\n  {\"a\":1},\n  {\n\"b\":2}\n]\n", {"2 {\"a\":1}", "3 {\n\"b\":2}"}},
      {"array a line", "[{\"a\":1}]\n[{\"b\":2}]\n", {"1 {\"a\":1}", "2 {\"b\":2}"}},
      {"Records", "{\"Records\":[{\"a\":1},{\"b\":2}]}", {"1 {\"a\":1}", "1 {\"b\":2}"}},
      {"records", "{\"records\" : [ {\"a\":1} ] }\n", {"1 {\"a\":1}"}},
      {"value",
       "{\"@odata.context\":\"x\",\"value\":[{\"a\":1}],\"next\":{\"k\":[1]}}",
       {"1 {\"a\":1}"}},
      {"events",
       "{\"n\":2,\"events\":[{\"a\":1}\n,{\"b\":2}]}{\"c\":3}",
       {"1 {\"a\":1}", "2 {\"b\":2}", "2 {\"c\":3}"}},
      {"two lists",
       "{\"records\":[{\"a\":1}],\"events\":[{\"b\":2}]}",
       {"1 {\"a\":1}", "1 {\"b\":2}"}},
      {"list a line",
       "{\"records\":[{\"a\":1}]}\n{\"records\":[{\"b\":2}]}\n",
       {"1 {\"a\":1}", "2 {\"b\":2}"}},
      {"empty list", "{\"Records\":[]}", {}},
      {"other case", "{\"RECORDS\":[{\"a\":1}]}", {"1 {\"RECORDS\":[{\"a\":1}]}"}},
      {"longer key", "{\"Recordsx\":[{\"a\":1}]}", {"1 {\"Recordsx\":[{\"a\":1}]}"}},
      {"shorter key", "{\"Record\":[{\"a\":1}]}", {"1 {\"Record\":[{\"a\":1}]}"}},
      {"key deeper down",
       "{\"x\":{\"Records\":[{\"a\":1}]}}",
       {"1 {\"x\":{\"Records\":[{\"a\":1}]}}"}},
      {"key as a value",
       "{\"x\":\"Records\",\"y\":[{\"a\":1}]}",
       {"1 {\"x\":\"Records\",\"y\":[{\"a\":1}]}"}},
      {"key of an object", "{\"value\":{\"a\":[{}]}}", {"1 {\"value\":{\"a\":[{}]}}"}},
      {"key of text", "{\"value\":\"[{\",\"a\":1}", {"1 {\"value\":\"[{\",\"a\":1}"}},
      {"list of no objects",
       "{\"events\":[1,{\"a\":2}],\"b\":1}",
       {"1 {\"events\":[1,{\"a\":2}],\"b\":1}"}},
      {"key in an element", "[{\"Records\":[{\"a\":1}]}]", {"1 {\"Records\":[{\"a\":1}]}"}},
      {"brackets in strings",
       "{\"a\":\"}]{[\"}\n{\"}\":\"\\\"}\"}",
       {"1 {\"a\":\"}]{[\"}", "2 {\"}\":\"\\\"}\"}"}},
      {"escapes",
       "{\"a\":\"\\\\\"}{\"b\":\"\\\\\\\"\"}",
       {"1 {\"a\":\"\\\\\"}", "1 {\"b\":\"\\\\\\\"\"}"}},
      {"NUL in a string",
       std::string("{\"a\":\"\0\"}\n{}", 12),
       {std::string("1 {\"a\":\"\0\"}", 11), "2 {}"}},
      {"commas at the top", "{\"a\":1},\n{\"b\":2},\n", {"1 {\"a\":1}", "2 {\"b\":2}"}},
  };
  return all;
}

const std::vector<Form>& damages() {
  static const std::vector<Form> all = {
      {"text before", "Mar 1 host app: {\"x\":1}\n{\"a\":1}\n", {"1 (garbage)", "2 {\"a\":1}"}},
      {"text behind",
       "{\"a\":1} and so on\n{\"b\":2}\n",
       {"1 {\"a\":1}", "1 (garbage)", "2 {\"b\":2}"}},
      {"scalars",
       "12\n\"x\"\nnull\n{\"a\":1}",
       {"1 (garbage)", "2 (garbage)", "3 (garbage)", "4 {\"a\":1}"}},
      {"NUL bytes", std::string("\0\0\0\n{}", 6), {"1 (garbage)", "2 {}"}},
      {"lone escape", "\\{\"a\":1}\n{\"b\":2}", {"1 (garbage)", "2 {\"b\":2}"}},
      {"escape outside a string", "{\"a\":\\\"}\n{\"b\":2}", {"1 (broken)", "2 {\"b\":2}"}},
      {"closed too often", "{\"a\":1}}}\n{\"b\":2}", {"1 {\"a\":1}", "1 (garbage)", "2 {\"b\":2}"}},
      {"wrong bracket", "{\"a\":[1}\n{\"b\":2}", {"1 (broken)", "2 {\"b\":2}"}},
      {"cut in a string",
       "{\"a\":\"x\n{\"b\":2}\n{\"c\":3}",
       {"1 (broken)", "2 {\"b\":2}", "3 {\"c\":3}"}},
      {"cut in an escape", "{\"a\":\"x\\\n{\"b\":2}\n", {"1 (broken)", "2 {\"b\":2}"}},
      {"cut behind a number", "{\"a\":1\n{\"b\":2}\n", {"1 (broken)", "2 {\"b\":2}"}},
      {"cut behind a comma", "{\"a\":1,\n{\"b\":2}\n", {"1 (broken)", "2 {\"b\":2}"}},
      {"cut behind a colon",
       "{\"a\":\n{\"b\":2}\n{\"c\":3}\n",
       {"1 (broken)", "2 {\"b\":2}", "3 {\"c\":3}"}},
      {"cut in a list in it",
       "{\"a\":[1,\n{\"b\":2}\n{\"c\":3}\n",
       {"1 (broken)", "2 {\"b\":2}", "3 {\"c\":3}"}},
      {"element cut",
       "[\n{\"a\":1},\n{\"b\":\n{\"c\":3},\n{\"d\":4}\n]\n{\"e\":5}",
       {"2 {\"a\":1}", "3 (broken)", "4 {\"c\":3}", "5 {\"d\":4}", "7 {\"e\":5}"}},
      {"element cut on the list's line",
       "{\"records\":[{\"a\":1},{\"b\":\"\n{\"records\":[{\"c\":3}]}\n",
       {"1 {\"a\":1}", "1 (broken)", "2 {\"c\":3}"}},
      {"list cut between elements",
       "{\"records\":[{\"a\":1}\n{\"records\":[{\"b\":2}]}\n",
       {"1 {\"a\":1}", "1 (broken)", "2 {\"b\":2}"}},
      {"array cut between elements",
       "[{\"a\":1}\n[{\"b\":2}]\n",
       {"1 {\"a\":1}", "1 (broken)", "2 {\"b\":2}"}},
      {"no comma", "[{\"a\":1} {\"b\":2}]", {"1 {\"a\":1}", "1 {\"b\":2}"}},
      {"no objects",
       "[null,{\"a\":1},[{\"x\":1}],\"{\",-1.5e3 ,{\"b\":2}]{\"c\":3}",
       {"1 (not an object)", "1 {\"a\":1}", "1 (not an object)", "1 (not an object)",
        "1 (not an object)", "1 {\"b\":2}", "1 {\"c\":3}"}},
      {"garbage in an array",
       "[\n{\"a\":1},\n?,{\"x\":1},\n{\"b\":2}\n]",
       {"2 {\"a\":1}", "3 (garbage)", "4 {\"b\":2}"}},
      {"wrapper broken behind",
       "{\"value\":[{\"a\":1}],\"x\":[}\n{\"b\":2}",
       {"1 {\"a\":1}", "1 (broken)", "2 {\"b\":2}"}},
      {"ends in a record", "{\"a\":1}\n{\"b\":", {"1 {\"a\":1}", "2 (cut off)"}},
      {"ends in a string", "{\"a\":1}\n{\"b\":\"\\", {"1 {\"a\":1}", "2 (cut off)"}},
      {"ends in an array", "\n[{\"a\":1},", {"2 {\"a\":1}", "2 (cut off)"}},
      {"ends in a list", "{\n\"Records\":[\n{\"a\":1}", {"3 {\"a\":1}", "1 (cut off)"}},
      {"ends behind a list", "{\"Records\":[{\"a\":1}],\"x\":\"", {"1 {\"a\":1}", "1 (cut off)"}},
      {"ends in garbage", "{\"a\":1}\nxyz", {"1 {\"a\":1}", "2 (garbage)"}},
      {"part of a mark", "\xEF\xBB", {"1 (garbage)"}},
  };
  return all;
}

TEST(RecordSplitter, KnowsEveryForm) {
  for (const Form& form : forms()) EXPECT_EQ(split(form.text), form.pieces) << form.name;
}

TEST(RecordSplitter, LosesLittleOfWhatIsDamaged) {
  for (const Form& form : damages()) EXPECT_EQ(split(form.text), form.pieces) << form.name;
}

TEST(RecordSplitter, GivesTheSameWhereverTheWindowEnds) {
  for (const auto* set : {&forms(), &damages()}) {
    for (const Form& form : *set) {
      for (std::size_t first = 0; first <= form.text.size(); ++first) {
        ASSERT_EQ(split(form.text, first), form.pieces) << form.name << " at " << first;
      }
      for (const std::size_t step : {1, 2, 3, 7}) {
        ASSERT_EQ(split(form.text, 0, step), form.pieces) << form.name << " by " << step;
      }
    }
  }
}

std::string record_of(std::size_t size) {
  return "{\"k\":\"" + std::string(size - 8, 'x') + "\"}";
}

TEST(RecordSplitter, SkipsRecordsThatAreTooLongAndNothingElse) {
  for (const std::string& between : {std::string("\n"), std::string(","), std::string(" ")}) {
    const std::string text = "[{}" + std::string(",") + record_of(100) + between + "," +
                             record_of(101) + between + "," + record_of(1000) + between + ",{}]";
    for (const std::size_t step : {1, 50, 64, 5000}) {
      const Pieces pieces = split(text, 0, step, 100);
      ASSERT_EQ(pieces.size(), 5U) << step;
      EXPECT_EQ(pieces[1].substr(2), record_of(100));
      EXPECT_EQ(pieces[2].substr(2), "(too long)");
      EXPECT_EQ(pieces[3].substr(2), "(too long)");
      EXPECT_EQ(pieces[4].substr(2), "{}");
    }
  }
}

TEST(RecordSplitter, SkipsARecordOfTwoMebibytes) {
  const std::string text = "{\"a\":1}\n" + record_of(2 << 20) + "\n" + record_of(kRecordBytesMax) +
                           "\n" + record_of(kRecordBytesMax + 1) + "\n{\"b\":2}\n";
  const Pieces pieces = split(text, 0, 64 * 1024);
  ASSERT_EQ(pieces.size(), 5U);
  EXPECT_EQ(pieces[1], "2 (too long)");
  EXPECT_EQ(pieces[2].size(), 2 + kRecordBytesMax);
  EXPECT_EQ(pieces[3], "4 (too long)");
  EXPECT_EQ(pieces[4], "5 {\"b\":2}");
}

TEST(RecordSplitter, FindsTheListBehindALongHead) {
  const std::string text =
      "{\"head\":\"" + std::string(5000, 'h') + "\",\"value\":[{\"a\":1},{\"b\":2}]}";
  for (const std::size_t step : {1, 64, 100'000}) {
    EXPECT_EQ(split(text, 0, step, 100), (Pieces{"1 {\"a\":1}", "1 {\"b\":2}"})) << step;
  }
}

std::string nested(std::size_t depth) {
  std::string text;
  for (std::size_t i = 1; i < depth; ++i) text += i % 2 == 0 ? "[" : "{\"a\":";
  text += "{}";
  for (std::size_t i = depth - 1; i > 0; --i) text += i % 2 == 0 ? "]" : "}";
  // Where an array is innermost, an object stands in it; where an object is, it is the value.
  return text;
}

TEST(RecordSplitter, SkipsWhatIsNestedTooDeeplyAndNothingElse) {
  const std::string deepest = nested(kRecordDepthMax);
  const std::string text = "[{\"a\":1}," + nested(kRecordDepthMax + 1) + "," + deepest + "," +
                           nested(50'001) + ",{\"b\":2}]";
  for (const std::size_t step : {std::size_t{1000}, SIZE_MAX}) {
    EXPECT_EQ(split(text, 0, step), (Pieces{"1 {\"a\":1}", "1 (too deep)", "1 " + deepest,
                                            "1 (too deep)", "1 {\"b\":2}"}));
  }
}

TEST(RecordSplitter, WalksBrokenTextOnlyAFewTimes) {
  // Each line opens a level, and only the last byte shows that all of them are broken.
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "{\"a\":\n";
  text += "\"\n{}\n";
  const Pieces deep = split(text);
  EXPECT_EQ(deep.back(), "20002 {}");
  // As deep as goes back: no line is lost with the first.
  text.clear();
  for (std::size_t i = 0; i < kRecordDepthMax; ++i) text += "{\"a\":\n";
  text += "\"\n{}\n";
  const Pieces pieces = split(text);
  ASSERT_EQ(pieces.size(), kRecordDepthMax + 2);
  EXPECT_EQ(pieces.back(), std::to_string(kRecordDepthMax + 2) + " {}");
}

TEST(RecordSplitter, TakesAnyBytesAndGivesTheSameHoweverTheyCome) {
  std::mt19937 random(11);
  const std::string_view alphabet("{}[]\"\\:,\n a1{}\"\"\0", 17);
  for (int round = 0; round < 20'000; ++round) {
    std::string text = round % 3 == 0 ? "{\"Records\":[" : "";
    const std::size_t size = random() % 60;
    for (std::size_t i = 0; i < size; ++i) text += alphabet[random() % alphabet.size()];
    const Pieces whole = split(text, SIZE_MAX, SIZE_MAX, 20);
    ASSERT_EQ(split(text, 0, 1, 20), whole) << text;
    ASSERT_EQ(split(text, random() % (text.size() + 1), 3, 20), whole) << text;
  }
}

}  // namespace
}  // namespace doorward
