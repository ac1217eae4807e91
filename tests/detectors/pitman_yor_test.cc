#include "plugins/detectors/pitman_yor.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "plugins/detectors/evidence.h"

namespace doorward {
namespace {

TEST(PitmanYor, NovelIsThePredictiveOfTheProcess) {
  const PitmanYor model(1.0, 0.5);
  EXPECT_DOUBLE_EQ(model.novel(0, 0), 1);
  EXPECT_DOUBLE_EQ(model.novel(199, 2), (1 + 0.5 * 2) / 200);
  EXPECT_DOUBLE_EQ(model.novel(1, 5), 1) << "capped";
}

TEST(PitmanYor, TheOnlyAddressOfAUserIsNotRareAndOneSeenOnceAmongManyIs) {
  const PitmanYor model(1.0, 0.5);
  EXPECT_DOUBLE_EQ(model.at_most(200, 200, 1), 1);
  EXPECT_DOUBLE_EQ(model.at_most(1, 199, 2), (1 + 0.5 * 2 + 2) / 200);
}

/// It bounds the mass of values that are no more frequent, whatever the habits look like.
TEST(PitmanYor, IsNeverBelowTheShareOfValuesThatRare) {
  std::mt19937_64 random(3);
  for (int trial = 0; trial < 200; ++trial) {
    std::vector<double> counts;
    double total = 0;
    const int distinct = 1 + static_cast<int>(random() % 30);
    for (int i = 0; i < distinct; ++i) {
      counts.push_back(static_cast<double>(1 + random() % (1 + random() % 100)));
      total += counts.back();
    }
    const PitmanYor model(0.5, 0.1);
    for (const double count : counts) {
      double mass = 0;
      for (const double other : counts) mass += other <= count ? other : 0;
      EXPECT_GE(model.at_most(count, total, distinct), mass / (total + 0.5));
    }
  }
}

TEST(PitmanYor, ASeenValueIsNeverMoreSurprisingThanANewOneAndGrowsWithItsCount) {
  const PitmanYor model(1.0, 0.4);
  double before = model.novel(500, 20);
  for (double c = 0.25; c < 300; c += 0.25) {
    const double p = model.at_most(c, 500, 20);
    EXPECT_GE(p, before);
    before = p;
  }
  EXPECT_LE(before, 1);
}

/// On data of the process itself, p-values must be calibrated: P(p <= a) <= 1.2 a (design.md 4.6).
TEST(PitmanYor, PValuesAreCalibratedOnTheProcess) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> uniform(0, 1);
  constexpr int kPartitions = 600;
  constexpr int kEvents = 500;
  for (const double d : {0.3, 0.6}) {
    const double theta = 1.5;
    const PitmanYor model(theta, d);
    int below_5 = 0;
    int below_1 = 0;
    int judged = 0;
    for (int partition = 0; partition < kPartitions; ++partition) {
      std::vector<double> tables;
      for (int n = 0; n < kEvents; ++n) {
        const auto k = static_cast<double>(tables.size());
        double x = uniform(random) * (n + theta);
        std::size_t chosen = tables.size();
        for (std::size_t t = 0; t < tables.size(); ++t) {
          x -= tables[t] - d;
          if (x < 0) {
            chosen = t;
            break;
          }
        }
        const double p =
            chosen == tables.size() ? model.novel(n, k) : model.at_most(tables[chosen], n, k);
        if (n >= 50) {
          ++judged;
          below_5 += p <= 0.05 ? 1 : 0;
          below_1 += p <= 0.01 ? 1 : 0;
        }
        if (chosen == tables.size()) tables.push_back(0);
        tables[chosen] += 1;
      }
    }
    EXPECT_LE(below_5, 1.2 * 0.05 * judged) << "d = " << d;
    EXPECT_LE(below_1, 1.2 * 0.01 * judged) << "d = " << d;
    EXPECT_GT(below_5, 0) << "a test that cannot fail is no test";
  }
}

TEST(Score, FollowsTheScaleOfTheDesign) {
  EXPECT_DOUBLE_EQ(score_of(1), 0);
  EXPECT_DOUBLE_EQ(score_of(0.05), 0);
  EXPECT_DOUBLE_EQ(score_of(1e-6), 100);
  EXPECT_DOUBLE_EQ(score_of(1e-12), 100);
  EXPECT_NEAR(score_of(2.1e-6), 93.1, 0.1);
  for (const double score : {1.0, 25.0, 50.0, 75.0, 99.0}) {
    EXPECT_NEAR(score_of(p_value_of(score)), score, 1e-9);
  }
}

}  // namespace
}  // namespace doorward
