#include "http/download.hpp"

#include <gtest/gtest.h>
#include <httplib.h>

#include <atomic>
#include <thread>

#include "base/hash.hpp"
#include "tests/support/environment.hpp"
#include "tests/support/errors.hpp"
#include "tests/support/folder.hpp"

namespace weft::http {
namespace {

using test::error_of;

std::string large_text() {
  std::string text;
  for (int i = 0; text.size() < 100'000; ++i) text += std::to_string(i) + "\n";
  return text;
}

// A server of one file: in pieces at /file, without them at /whole, elsewhere by /moved, with failures at /shaky.
class Downloads : public ::testing::Test {
 protected:
  Downloads() {
    const auto count = [this](const httplib::Request&, httplib::Response&) {
      ++asked_;
      return httplib::Server::HandlerResponse::Unhandled;
    };
    server_.set_pre_routing_handler(count);
    const auto file = [this](const httplib::Request&, httplib::Response& response) {
      response.set_content(text_, "application/octet-stream");
    };
    server_.Get("/file", file);
    server_.Get("/whole", [this](const httplib::Request& request, httplib::Response& response) {
      const_cast<httplib::Request&>(request).ranges.clear();
      response.set_content(text_, "application/octet-stream");
    });
    server_.Get("/moved", [](const httplib::Request&, httplib::Response& response) { response.set_redirect("/file"); });
    server_.Get("/round",
                [](const httplib::Request&, httplib::Response& response) { response.set_redirect("/round"); });
    server_.Get("/shaky", [this, file](const httplib::Request& request, httplib::Response& response) {
      if (asked_ % 3 != 0) {
        response.status = 503;
      } else {
        file(request, response);
      }
    });
    server_.Get("/breaks", [this](const httplib::Request& request, httplib::Response& response) {
      if (request.ranges.at(0).first < 30'000) {
        response.set_content(text_, "application/octet-stream");
      } else {
        response.status = 404;
      }
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
  }
  ~Downloads() override {
    while (!server_.is_running()) std::this_thread::yield();
    server_.stop();
    thread_.join();
  }

  Download from(const std::string& path) const {
    return {.url = Url::parse("http://127.0.0.1:" + std::to_string(port_) + path).value(),
            .to = folder_ / "a/file.bin",
            .sha256 = base::sha256(text_),
            .most_bytes = static_cast<std::int64_t>(text_.size()),
            .piece = 10'000,
            .wait = std::chrono::milliseconds(1)};
  }
  void get(const Download& what) {
    download(what, [this](std::int64_t bytes, std::int64_t of) { heard_.emplace_back(bytes, of); }, {});
  }
  void get(const std::string& path) { get(from(path)); }
  std::string got() const { return base::read_file(folder_ / "a/file.bin"); }
  base::fs::path part() const { return folder_ / "a/file.bin.part"; }

  const test::Environment clean_{test::no_proxies()};
  const test::Folder folder_;
  const std::string text_ = large_text();
  std::vector<std::pair<std::int64_t, std::int64_t>> heard_;
  std::atomic<int> asked_ = 0;
  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
};

TEST_F(Downloads, TakesAFilePieceByPiece) {
  get("/file");
  EXPECT_EQ(got(), text_);
  EXPECT_FALSE(base::fs::exists(part()));
  EXPECT_EQ(asked_, 11);  // of 100,00x bytes
  ASSERT_EQ(heard_.size(), 11U);
  EXPECT_EQ(heard_[0], std::pair(std::int64_t{10'000}, static_cast<std::int64_t>(text_.size())));
  get("/file");  // is there: the server is not asked
  EXPECT_EQ(asked_, 11);
}

TEST_F(Downloads, GoesOnWhereItBrokeOff) {
  const std::string error = error_of([&] { get("/breaks"); });
  EXPECT_NE(error.find("status 404; 30,000 bytes are there, and the same command goes on"), std::string::npos) << error;
  EXPECT_NE(error.find("Without a network: get http://127.0.0.1:"), std::string::npos) << error;
  EXPECT_EQ(base::read_file(part()), text_.substr(0, 30'000));
  asked_ = 0;
  get("/file");
  EXPECT_EQ(got(), text_);
  EXPECT_EQ(asked_, 8);
}

TEST_F(Downloads, TakesUpWhatOnlyLacksItsName) {
  base::fs::create_directories(folder_ / "a");
  base::write_file(part(), text_);
  get("/file");
  EXPECT_EQ(got(), text_);
}

TEST_F(Downloads, TakesTheWholeOfAServerWithoutPieces) {
  base::fs::create_directories(folder_ / "a");
  base::write_file(part(), text_.substr(0, 5'000));
  get("/whole");
  EXPECT_EQ(got(), text_);
  EXPECT_EQ(asked_, 1);
}

TEST_F(Downloads, FollowsRedirectsButNotForEver) {
  get("/moved");
  EXPECT_EQ(got(), text_);
  base::fs::remove(folder_ / "a/file.bin");
  EXPECT_NE(error_of([&] { get("/round"); }).find("redirects to where weft does not follow"), std::string::npos);
}

TEST_F(Downloads, AsksAgainWhereAServerIsBusy) {
  get("/shaky");
  EXPECT_EQ(got(), text_);
}

TEST_F(Downloads, RefusesAnotherFile) {
  Download other = from("/file");
  other.sha256 = std::string(64, '0');
  EXPECT_NE(error_of([&] { get(other); }).find("was expected: it was removed"), std::string::npos);
  EXPECT_FALSE(base::fs::exists(folder_ / "a/file.bin"));
  EXPECT_FALSE(base::fs::exists(part()));
  other.most_bytes = 50'000;
  EXPECT_NE(error_of([&] { get(other); }).find("at most 50,000 bytes were expected"), std::string::npos);
  base::write_file(folder_ / "a/file.bin", "another");
  EXPECT_NE(error_of([&] { get("/file"); }).find("move it away"), std::string::npos);
}

TEST_F(Downloads, SaysWhatToDoWithoutANetwork) {
  Download nowhere = from("/file");
  nowhere.url = Url::parse("http://127.0.0.1:1/data.json").value();
  const std::string error = error_of([&] { get(nowhere); });
  EXPECT_NE(error.find("Without a network: get http://127.0.0.1:1/data.json elsewhere, put it at "), std::string::npos)
      << error;
}

}  // namespace
}  // namespace weft::http
