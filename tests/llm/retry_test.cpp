#include "llm/retry.hpp"

#include <gtest/gtest.h>

#include <ctime>
#include <thread>

namespace weft::llm {
namespace {

using Clock = std::chrono::steady_clock;

Setback passing(const std::string& reason = "busy") {
  return {.reason = reason, .again = true, .permanent = false, .wait = {}};
}

Deadline in(double seconds) {
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(Seconds(seconds));
}

Setback answered(int status, const std::string& body = "", const http::Headers& headers = {}) {
  const http::Request request{
      .method = "POST", .url = http::Url::parse("https://model.example/v1").value(), .headers = {}, .body = ""};
  return judge(request, http::Response{.status = status, .headers = headers, .body = body});
}

// What comes of tries that fail as listed and then succeed.
Chat tried(const std::vector<Setback>& setbacks, const Retries& retries, double seconds = 60,
           const std::stop_token& stop = {}) {
  std::size_t next = 0;
  return with_retries(retries, in(seconds), stop, [&](Deadline) -> tl::expected<ChatResult, Setback> {
    if (next < setbacks.size()) return tl::unexpected(setbacks[next++]);
    return ChatResult{};
  });
}

TEST(Backoff, DoublesUpToEightSecondsAndIsShortenedByAtMostAQuarter) {
  EXPECT_EQ(backoff(0, 0).count(), 0.5);
  EXPECT_EQ(backoff(3, 0).count(), 4);
  EXPECT_EQ(backoff(4, 0).count(), 8);
  EXPECT_EQ(backoff(40, 0).count(), 8);
  EXPECT_EQ(backoff(0, 1).count(), 0.375);
}

TEST(RetryAfter, IsReadAsSecondsOrAsADateUpToAMinute) {
  const auto now = std::chrono::system_clock::from_time_t(784111777);  // Sun, 06 Nov 1994 08:49:37 GMT
  EXPECT_EQ(retry_after("7", now), Seconds(7));
  EXPECT_EQ(retry_after("0.5", now), Seconds(0.5));
  EXPECT_EQ(retry_after("60", now), Seconds(60));
  EXPECT_EQ(retry_after("Sun, 06 Nov 1994 08:49:47 GMT", now), Seconds(10));
  EXPECT_EQ(retry_after("Sun, 06 Nov 1994 08:40:00 GMT", now), Seconds(0));
  for (const char* ignored : {"", "61", "-1", "nan", "inf", "soon", "7 s", "Sun, 06 Nov 1994 08:59:47 GMT"})
    EXPECT_EQ(retry_after(ignored, now), std::nullopt) << ignored;
}

TEST(AnAnswerOfTheServer, IsTriedAgainIfItsStatusMayPass) {
  for (const int status : {408, 409, 429, 500, 502, 503, 504, 529}) {
    EXPECT_TRUE(answered(status).again) << status;
    EXPECT_FALSE(answered(status).permanent) << status;
  }
  for (const int status : {204, 307, 400, 401, 403, 404, 413, 422}) {
    EXPECT_FALSE(answered(status).again) << status;
    EXPECT_TRUE(answered(status).permanent) << status;
  }
}

TEST(AnAnswerOfTheServer, IsFinalWhenTheQuotaIsUsedUp) {
  const Setback setback = answered(429, R"({"error": {"message": "over", "code": "insufficient_quota"}})");
  EXPECT_FALSE(setback.again);
  EXPECT_TRUE(setback.permanent);
}

TEST(AnAnswerOfTheServer, IsQuotedOnOneLine) {
  EXPECT_EQ(answered(400, R"({"error": {"message": "no\nsuch thing"}})").reason,
            "model.example answered 400: 'no\\nsuch thing'");
  EXPECT_EQ(answered(400, R"({"error": "in short"})").reason, "model.example answered 400: 'in short'");
  EXPECT_EQ(answered(502, "<html>").reason, "model.example answered 502: '<html>'");
  EXPECT_LT(answered(502, std::string(100'000, 'x')).reason.size(), 400);
}

TEST(AnAnswerOfTheServer, SaysHowLongToWait) {
  EXPECT_EQ(answered(429, "", {{"retry-after", "3"}}).wait, Seconds(3));
  EXPECT_EQ(answered(429).wait, std::nullopt);
}

TEST(AFailureOfTheConnection, IsTriedAgainUnlessACertificateIsRefusedOrAReplyTooLarge) {
  using Kind = http::Failure::Kind;
  for (const Kind kind : {Kind::connect, Kind::timeout, Kind::broken}) EXPECT_TRUE(judge({kind, ""}).again);
  for (const Kind kind : {Kind::tls, Kind::stopped, Kind::too_large}) EXPECT_FALSE(judge({kind, ""}).again);
  EXPECT_TRUE(judge({Kind::tls, ""}).permanent);
}

TEST(Retries, GoOnUntilThereIsAResultAndCountTheTries) {
  const Chat chat = tried({passing(), passing()}, {.most = 4, .scale = 0});
  ASSERT_TRUE(chat);
  EXPECT_EQ(chat->attempts, 3);
}

TEST(Retries, EndWhenNoneIsLeftWithTheLastReason) {
  const Chat chat = tried({passing("a"), passing("b"), passing("c")}, {.most = 2, .scale = 0});
  ASSERT_FALSE(chat);
  EXPECT_EQ(chat.error().reason, "c (after 3 tries)");
  EXPECT_EQ(chat.error().attempts, 3);
  EXPECT_FALSE(chat.error().permanent);
}

TEST(Retries, AreNotMadeWhereNothingWouldChange) {
  const Chat chat = tried({{.reason = "no", .again = false, .permanent = true, .wait = {}}}, {.most = 4, .scale = 0});
  ASSERT_FALSE(chat);
  EXPECT_EQ(chat.error().reason, "no");
  EXPECT_TRUE(chat.error().permanent);
}

TEST(Retries, AreNotWaitedForBeyondTheDeadline) {
  Setback patient = passing();
  patient.wait = Seconds(50);
  const auto start = Clock::now();
  const Chat chat = tried({patient}, {.most = 4, .scale = 1}, 20);
  ASSERT_FALSE(chat);
  EXPECT_EQ(chat.error().reason, "busy; no time is left for another try");
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(10));
}

TEST(Retries, LeaveTimeForAnotherTryAfterOneThatHangs) {
  const Deadline deadline = in(1000);
  std::vector<Deadline> limits;
  (void)with_retries({.most = 2, .scale = 0}, deadline, {}, [&](Deadline limit) -> tl::expected<ChatResult, Setback> {
    limits.push_back(limit);
    return tl::unexpected(passing());
  });
  ASSERT_EQ(limits.size(), 3);
  EXPECT_LT(limits[0], deadline - std::chrono::seconds(400));
  EXPECT_LT(limits[1], deadline - std::chrono::seconds(400));
  EXPECT_EQ(limits[2], deadline);
}

TEST(Retries, StopWaitingWhenAStopIsRequested) {
  Setback patient = passing();
  patient.wait = Seconds(50);
  std::stop_source source;
  const auto start = Clock::now();
  const Chat chat = with_retries({.most = 4, .scale = 1}, in(600), source.get_token(),
                                 [&](Deadline) -> tl::expected<ChatResult, Setback> {
                                   source.request_stop();
                                   return tl::unexpected(patient);
                                 });
  ASSERT_FALSE(chat);
  EXPECT_EQ(chat.error().reason, "stopped after a failed try: busy");
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(10));
}

}  // namespace
}  // namespace weft::llm
