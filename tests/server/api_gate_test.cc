// Rates, remembered tokens, secrets, and the thread for what takes long.
#include <gtest/gtest.h>
#include <sodium.h>

#include <atomic>
#include <future>

#include "server/api/gate.h"
#include "server/api/secrets.h"
#include "server/api/worker.h"
#include "tests/support/wait.h"

namespace doorward {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

TEST(RateLimiter, SoManyAtOnceThenEvenly) {
  RateLimiter rate(60, 10);
  for (int i = 0; i < 60; ++i) EXPECT_FALSE(rate.take("a", 0).has_value()) << i;
  EXPECT_EQ(rate.take("a", 0), 1U);
  EXPECT_EQ(rate.look("a", kSecond / 2), 1U);
  EXPECT_FALSE(rate.take("a", kSecond).has_value());
  EXPECT_TRUE(rate.take("a", kSecond).has_value());
  EXPECT_FALSE(rate.take("b", 0).has_value());  // another client has its own
  // After a minute of quiet all of it is there again, and no more.
  for (int i = 0; i < 60; ++i) EXPECT_FALSE(rate.take("a", 500 * kSecond).has_value()) << i;
  EXPECT_TRUE(rate.take("a", 500 * kSecond).has_value());
}

TEST(RateLimiter, SaysWhenAndSurvivesAClockThatGoesBack) {
  RateLimiter rate(6, 10);
  for (int i = 0; i < 6; ++i) EXPECT_FALSE(rate.take("a", 100 * kSecond).has_value());
  EXPECT_EQ(rate.take("a", 100 * kSecond), 10U);
  EXPECT_EQ(rate.take("a", 0), 10U);
}

TEST(RateLimiter, RemembersABoundedNumberOfClients) {
  RateLimiter rate(1, 100);
  EXPECT_FALSE(rate.take("first", 0).has_value());
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_FALSE(rate.take("client " + std::to_string(i), 0).has_value());
  }
  EXPECT_EQ(rate.clients(), 100U);
  EXPECT_TRUE(rate.look("client 9999", 0).has_value());
}

TEST(RateLimiter, AnAddressOfIpv6IsItsNetwork) {
  EXPECT_EQ(rate_key("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(rate_key("2001:db8::1"), "2001:db8::/64");
  EXPECT_EQ(rate_key("2001:db8:0:0:ffff::7"), "2001:db8::/64");
  EXPECT_NE(rate_key("2001:db8:0:1::1"), rate_key("2001:db8::1"));
}

TEST(VerifiedTokens, AreForgottenByTimeDigestAndNumber) {
  VerifiedTokens tokens(3, 60 * kSecond);
  tokens.add("a", "digest", 0);
  EXPECT_TRUE(tokens.knows("a", "digest", 59 * kSecond));
  EXPECT_FALSE(tokens.knows("a", "digest", 60 * kSecond));
  EXPECT_FALSE(tokens.knows("a", "another", 0));
  EXPECT_FALSE(tokens.knows("b", "digest", 0));
  for (const char* more : {"b", "c", "d", "e"}) tokens.add(more, "digest", 0);
  EXPECT_EQ(tokens.size(), 3U);
  EXPECT_FALSE(tokens.knows("a", "digest", 0));
  EXPECT_TRUE(tokens.knows("e", "digest", 0));
}

TEST(ApiSecrets, AreHashedWithArgon2id) {
  ASSERT_GE(sodium_init(), 0);
  const std::string token = make_api_secret("ci.build-1");
  EXPECT_EQ(api_token_name(token), "ci.build-1");
  EXPECT_NE(token, make_api_secret("ci.build-1"));
  const Result<std::string> digest = api_token_digest(token);
  ASSERT_TRUE(digest.ok());
  EXPECT_TRUE(digest.value().starts_with("$argon2id$v=19$m=19456,t=2,p=1$")) << digest.value();
  EXPECT_NE(digest.value(), api_token_digest(token).value());  // salted
  EXPECT_TRUE(api_token_matches(token, digest.value()));
  EXPECT_FALSE(api_token_matches(token + "x", digest.value()));
  EXPECT_FALSE(api_token_matches(make_api_secret("ci.build-1"), digest.value()));
  EXPECT_FALSE(api_token_matches(token, ""));
  EXPECT_FALSE(api_token_matches(token, std::string(1000, 'x')));
}

TEST(ApiSecrets, WhatIsNoTokenHasNoName) {
  const std::string secret(32, 's');
  for (const std::string& wrong :
       {std::string(), std::string("dwa_"), std::string("dwa_x_"), "dwa__" + secret,
        "dwb_x_" + secret, "dwa_x_" + secret + "s", "dwa_X_" + secret, "dwa_" + secret,
        "dwa_../x_" + secret, std::string(20'000, 'd')}) {
    EXPECT_EQ(api_token_name(wrong), "") << wrong.substr(0, 60);
  }
  EXPECT_EQ(api_token_name("dwa_x_" + secret), "x");
  EXPECT_EQ(api_token_name("dwa_x_" + std::string(32, '_')), "x");
}

TEST(ApiWorker, TakesNoMoreThanItsBounds) {
  ApiWorker worker(2, 100);
  std::promise<void> go;
  std::shared_future<void> wait = go.get_future().share();
  std::atomic<int> started{0};
  std::atomic<int> done{0};
  const auto work = [&, wait] {
    ++started;
    wait.wait();
    ++done;
  };
  EXPECT_TRUE(worker.post(work, 40));
  EXPECT_TRUE(wait_until([&] { return started == 1; }));
  EXPECT_TRUE(worker.post(work, 40));
  EXPECT_FALSE(worker.post(work, 40));  // bytes
  EXPECT_TRUE(worker.post(work, 20));
  EXPECT_FALSE(worker.post(work, 0));  // works
  go.set_value();
  EXPECT_TRUE(wait_until([&] { return done == 3; }));
}

TEST(ApiWorker, MayBeEndedByItsOwnWork) {
  auto worker = std::make_unique<ApiWorker>(2, 100);
  std::atomic<bool> ended{false};
  ApiWorker* raw = worker.get();
  std::promise<void> go;
  std::shared_future<void> wait = go.get_future().share();
  EXPECT_TRUE(
      raw->post([owner = std::shared_ptr<ApiWorker>(std::move(worker)), &ended, wait]() mutable {
        wait.wait();
        owner.reset();
        ended = true;
      }));
  go.set_value();
  EXPECT_TRUE(wait_until([&] { return ended.load(); }));
}

}  // namespace
}  // namespace doorward
