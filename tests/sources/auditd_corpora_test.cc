// Logs of other systems, where they are at hand: RHEL 6 and 7, Ubuntu, what other programs expect
// of them.
#include <gtest/gtest.h>

#include "tests/sources/auditd_support.h"

namespace doorward::auditd_test {
namespace {

using Briefs = std::vector<std::string>;

class AuditdCorpora : public testing::Test {
 protected:
  static Outcomes of(const std::string& name) {
    const std::vector<std::string> lines =
        read_lines(DOORWARD_SHARED_DIR "/corpora/auditd/" + name);
    return run(lines);
  }
  void SetUp() override {
    if (read_lines(DOORWARD_SHARED_DIR "/corpora/auditd/golibaudit-audit-rhel7.log").empty()) {
      GTEST_SKIP() << "no corpora in " DOORWARD_SHARED_DIR;
    }
  }
};

/// The records of one logon, sorted by type, between others that are three months younger.
TEST_F(AuditdCorpora, RedHat7) {
  const Outcomes told = of("golibaudit-audit-rhel7.log");
  EXPECT_EQ(told.briefs(), (Briefs{"sudo success andrew_kroh 1382",
                                   "ssh_login success andrew_kroh 96.241.146.97 1298"}));
  EXPECT_EQ(told.counters.malformed, 0U);
}

TEST_F(AuditdCorpora, RedHat6) {
  EXPECT_EQ(of("golibaudit-audit-rhel6.log").briefs(), Briefs{"sudo success 497 3027"});
}

TEST_F(AuditdCorpora, Ubuntu) {
  EXPECT_EQ(of("golibaudit-audit-ubuntu16.log").briefs(),
            (Briefs{"ssh_login success 1001 72.83.230.100 11396",
                    "ssh_login failure  179.38.151.221 12635"}));
  for (const char* name :
       {"golibaudit-audit-ubuntu14.log", "golibaudit-audit-ubuntu17.log", "golibaudit-test2.log",
        "golibaudit-test3.log", "reassembly-normal.log", "reassembly-lost_messages.log",
        "reassembly-out_of_order.log", "reassembly-rollover.log"}) {
    const Outcomes told = of(name);
    EXPECT_EQ(told.events.size(), 0U) << name;
    EXPECT_EQ(told.counters.malformed, 0U) << name;
  }
}

/// Outcome, address, pid and target as expected there. No names: these were looked up on another
/// machine.
TEST_F(AuditdCorpora, AsExpectedElsewhere) {
  EXPECT_EQ(of("auditbeat-userlogin.log").briefs(),
            (Briefs{"ssh_login success 700 1.2.3.4 10318", "ssh_login failure  1.2.3.4 374",
                    "su success root as bob 11312"}));
  const Outcomes sudo = of("auditbeat-sudo-asuser.log");
  ASSERT_EQ(sudo.briefs(), Briefs{"sudo success alice as bob 14178"});
  EXPECT_EQ(sudo.events[0].time, 1610876676623000);
  EXPECT_EQ(of("auditbeat-useradd.log").events.size(), 0U);
}

}  // namespace
}  // namespace doorward::auditd_test
