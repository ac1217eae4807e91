// Conditions of rules and exceptions: what a written value matches.
#include "plugins/value_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "plugins/example_event.h"
#include "plugins/filter.h"
#include "plugins/limits.h"
#include "tests/support/allocations.h"

namespace doorward {
namespace {

using Texts = std::vector<std::string>;

ValueSet set_of(const Texts& values, ValueKind kind = ValueKind::text) {
  return ValueSet::read(values, kind, nullptr, "test.toml",
                        [](const std::string& what) { ADD_FAILURE() << what; });
}
ValueSet addresses(const Texts& values) {
  return set_of(values, ValueKind::address);
}
Texts mistakes_of(const Texts& values, ValueKind kind) {
  Texts mistakes;
  (void)ValueSet::read(values, kind, nullptr, "test.toml",
                       [&](const std::string& what) { mistakes.push_back(what); });
  return mistakes;
}
bool has(const ValueSet& set, const char* text) {
  return set.matches(std::string_view(text));
}
bool has_ip(const ValueSet& set, const char* text) {
  return set.matches(*text == 0 ? IpAddress{} : *IpAddress::parse(text));
}

TEST(ValueSet, TextsAreExactOrGlobs) {
  const ValueSet set = set_of({"alice", "svc-*"});
  EXPECT_TRUE(has(set, "alice"));
  EXPECT_TRUE(has(set, "svc-"));
  EXPECT_TRUE(has(set, "svc-backup"));
  EXPECT_FALSE(has(set, "Alice"));
  EXPECT_FALSE(has(set, "alice "));
  EXPECT_FALSE(has(set, ""));
}

TEST(ValueSet, EmptyIsTheAbsentField) {
  EXPECT_TRUE(has(set_of({""}), ""));
  EXPECT_FALSE(has(set_of({""}), "x"));
  EXPECT_FALSE(has(set_of({"!"}), ""));
  EXPECT_TRUE(has(set_of({"!"}), "x"));
  EXPECT_TRUE(has_ip(addresses({""}), ""));
  EXPECT_FALSE(has_ip(addresses({""}), "::1"));
  EXPECT_TRUE(has_ip(addresses({"!"}), "::1"));
  EXPECT_FALSE(has_ip(addresses({"!"}), ""));
}

TEST(ValueSet, ManyValuesAreFoundLikeFew) {
  for (const std::size_t count : {1U, 8U, 9U, 1000U}) {
    Texts values;
    for (std::size_t i = 0; i < count; ++i) values.push_back("user" + std::to_string(i));
    const ValueSet set = set_of(values);
    for (std::size_t i = 0; i < count; ++i) EXPECT_TRUE(has(set, values[i].c_str()));
    for (std::size_t i = count; i < count + 1000; ++i) {
      EXPECT_FALSE(has(set, ("user" + std::to_string(i)).c_str()));
    }
  }
}

TEST(ValueSet, NegatedOnesMustAllHold) {
  const ValueSet none = set_of({"!root", "!svc-*"});
  EXPECT_TRUE(has(none, "alice"));
  EXPECT_TRUE(has(none, ""));
  EXPECT_FALSE(has(none, "root"));
  EXPECT_FALSE(has(none, "svc-a"));
  const ValueSet mixed = set_of({"svc-*", "deploy", "!svc-root", "!*-old"});
  EXPECT_TRUE(has(mixed, "svc-a"));
  EXPECT_TRUE(has(mixed, "deploy"));
  EXPECT_FALSE(has(mixed, "svc-root"));
  EXPECT_FALSE(has(mixed, "svc-old"));
  EXPECT_FALSE(has(mixed, "alice"));
}

TEST(ValueSet, AnEqualSignTakesTheRestAsItIs) {
  EXPECT_TRUE(has(set_of({"=a*b"}), "a*b"));
  EXPECT_FALSE(has(set_of({"=a*b"}), "axb"));
  EXPECT_TRUE(has(set_of({"=!x"}), "!x"));
  EXPECT_TRUE(has(set_of({"=@x"}), "@x"));
  EXPECT_TRUE(has(set_of({"==x"}), "=x"));
  EXPECT_FALSE(has(set_of({"!=a*b"}), "a*b"));
  EXPECT_TRUE(has(set_of({"!=a*b"}), "axb"));
  // What looks like a prefix is a plain text in a field of text.
  EXPECT_TRUE(has(set_of({"10.0.0.0/8"}), "10.0.0.0/8"));
  EXPECT_FALSE(has(set_of({"10.0.0.0/8"}), "10.1.1.1"));
}

TEST(ValueSet, AddressesInAnySpellingPrefixesAndGlobs) {
  const ValueSet set = addresses({"10.0.0.0/8", "!10.9.0.0/16", "2001:DB8::/32",
                                  "2001:0DB9:0:0:0:0:0:1", "::ffff:192.0.2.7", "198.51.*"});
  for (const char* in : {"10.0.0.0", "10.8.255.255", "10.10.0.0", "2001:db8:1::", "2001:db9::1",
                         "192.0.2.7", "198.51.100.9"}) {
    EXPECT_TRUE(has_ip(set, in)) << in;
  }
  for (const char* out :
       {"", "10.9.0.0", "10.9.255.255", "11.0.0.0", "2001:db9::2", "192.0.2.8", "198.5.1.9"}) {
    EXPECT_FALSE(has_ip(set, out)) << out;
  }
  // As it was: a star alone also stands for the absent address.
  EXPECT_TRUE(has_ip(addresses({"*"}), ""));
}

TEST(ValueSet, SaysWhatCannotBe) {
  EXPECT_EQ(mistakes_of({"web-01"}, ValueKind::address),
            Texts{"\"web-01\": expected an address or a prefix such as 10.0.0.0/8"});
  EXPECT_EQ(mistakes_of({"10.0.0.0/8", "!10.0.0.1/8"}, ValueKind::address),
            Texts{"\"10.0.0.1/8\": bits are set behind the prefix; is 10.0.0.0/8 meant?"});
  EXPECT_EQ(mistakes_of({"@x"}, ValueKind::text),
            Texts{"set files (\"@...\") cannot be used here"});
  EXPECT_EQ(mistakes_of({std::string(kSetValueBytesMax + 1, 'a')}, ValueKind::text).size(), 1U);
  EXPECT_EQ(mistakes_of(Texts(kSetGlobsMax, "a*"), ValueKind::text).size(), 0U);
  EXPECT_EQ(mistakes_of(Texts(kSetGlobsMax + 1, "a*"), ValueKind::text),
            Texts{"more than 256 globs"});
}

TEST(ValueSet, CoversWhatLiesInside) {
  const auto covers = [](const Texts& a, const Texts& b) { return set_of(a).covers(set_of(b)); };
  EXPECT_TRUE(covers({"a", "b"}, {"a"}));
  EXPECT_FALSE(covers({"a"}, {"a", "b"}));
  EXPECT_TRUE(covers({"svc-*"}, {"svc-a", "svc-b*", "svc-*"}));
  EXPECT_FALSE(covers({"svc-a*"}, {"svc-*"}));
  EXPECT_FALSE(covers({"a*c"}, {"a*"}));
  EXPECT_TRUE(covers({"a*"}, {"a*c"}));
  EXPECT_TRUE(covers({"*"}, {"!a"}));
  EXPECT_FALSE(covers({"a*"}, {"!b"}));
  EXPECT_TRUE(covers({"!a"}, {"!a*"}));
  EXPECT_FALSE(covers({"!a*"}, {"!a"}));
  EXPECT_FALSE(covers({"!a"}, {"b"})) << "in doubt: no";
  EXPECT_TRUE(covers({"x", "!a"}, {"x", "!a", "!b"}));
  const auto ip_covers = [](const Texts& a, const Texts& b) {
    return addresses(a).covers(addresses(b));
  };
  EXPECT_TRUE(ip_covers({"10.0.0.0/8"}, {"10.1.0.0/16", "10.2.3.4"}));
  EXPECT_FALSE(ip_covers({"10.1.0.0/16"}, {"10.0.0.0/8"}));
  EXPECT_TRUE(ip_covers({"10.0.0.0/9", "10.128.0.0/9"}, {"10.0.0.0/8"}));
  EXPECT_TRUE(ip_covers({"10.*"}, {"10.2.3.4"}));
  EXPECT_TRUE(ip_covers({"*"}, {"10.0.0.0/8", ""}));
  EXPECT_FALSE(ip_covers({"10.0.0.0/8"}, {"10.0.0.1", ""}));
}

TEST(ValueSet, KnowsWhatIsBroad) {
  for (const Texts& values : {Texts{"*"}, Texts{"**"}, Texts{"a", "*"}}) {
    EXPECT_TRUE(set_of(values).matches_anything()) << values[0];
  }
  for (const Texts& values :
       {Texts{"0.0.0.0/0"}, Texts{"::/0"}, Texts{"0.0.0.0/1", "128.0.0.0/1"}, Texts{"*"}}) {
    EXPECT_TRUE(addresses(values).matches_anything()) << values[0];
  }
  EXPECT_FALSE(set_of({"a*"}).matches_anything());
  EXPECT_FALSE(set_of({"!a"}).matches_anything());
  EXPECT_TRUE(set_of({"!a"}).is_broad());
  EXPECT_TRUE(set_of({"a*"}).is_broad());
  EXPECT_FALSE(set_of({"a", "!b*"}).is_broad());
  EXPECT_TRUE(addresses({"10.1.0.0/16"}).is_broad());
  EXPECT_FALSE(addresses({"10.1.0.0/17"}).is_broad());
  EXPECT_TRUE(addresses({"2001:db8::/32"}).is_broad());
  EXPECT_FALSE(addresses({"2001:db8::/33"}).is_broad());
}

TEST(Filter, MatchingAllocatesNothing) {
  std::string toml = "event.outcome = \"success\"\nsource.ip = [\"10.0.0.0/8\", \"198.51.*\"";
  for (int i = 0; i < 200; ++i) toml += ", \"2001:db8:" + std::to_string(i) + "::/48\"";
  toml += "]\nuser.name = [\"!root\", \"svc-*\"]\nhost.name = [";
  for (int i = 0; i < 200; ++i) toml += "\"a-rather-long-host-name-" + std::to_string(i) + "\", ";
  toml += "]\n";
  std::vector<Error> mistakes;
  Result<Params> table = Params::open(toml, "test.toml", &mistakes);
  ASSERT_TRUE(table.ok());
  const Filter filter = Filter::read(table.value());
  ASSERT_TRUE(mistakes.empty()) << mistakes[0].message();
  const std::vector<FieldValue> in = {{"source.ip", "2001:db8:77:1:2:3:4:5"},
                                      {"user.name", "svc-a-name-that-is-longer-than-fifteen"},
                                      {"host.name", "a-rather-long-host-name-150"}};
  const std::vector<FieldValue> glob = {
      {"source.ip", "198.51.100.200"}, in[1], {"host.name", "a-rather-long-host-name-199"}};
  const std::vector<FieldValue> out = {{"source.ip", "203.0.113.200"}, in[1], in[2]};
  const Event event_in = example_event(in).value();
  const Event event_glob = example_event(glob).value();
  const Event event_out = example_event(out).value();
  const std::uint64_t before = allocations();
  const bool right =
      filter.matches(event_in) && filter.matches(event_glob) && !filter.matches(event_out);
  EXPECT_EQ(allocations(), before);
  EXPECT_TRUE(right);
}

TEST(Filter, MistakesNameTheirLine) {
  std::vector<Error> mistakes;
  Result<Params> table = Params::open(
      "user.name = \"a\"\nsource.ip = [\"10.0.0.0/8\",\n \"10.0.0.0/40\"]\nuser.shoe = \"x\"\n",
      "test.toml", &mistakes);
  (void)Filter::read(table.value());
  ASSERT_EQ(mistakes.size(), 2U);
  EXPECT_EQ(mistakes[0].message(),
            "test.toml:2: source.ip: \"10.0.0.0/40\": expected a prefix length from 0 to 32");
  EXPECT_EQ(mistakes[1].message(), "test.toml:4: user.shoe: no such field");
}

}  // namespace
}  // namespace doorward
