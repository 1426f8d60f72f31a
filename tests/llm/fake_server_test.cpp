#include "tests/llm/provider_fixture.hpp"

namespace weft::llm {
namespace {

class FakeServer : public WithServer {
 protected:
  FakeServer() { base::write_file(file_, R"(["a", "b", "c"])"); }

  static std::string reply(Provider& provider, const std::string& text) {
    const Chat chat = ask(provider, request_for(text));
    return chat ? chat->replies.at(0).text : chat.error().reason;
  }

  const test::Folder folder_;
  const std::string file_ = folder_ / "replies.json";
};

TEST_F(FakeServer, GivesItsRepliesInTurn) {
  const test::ModelServer server({"--replies", file_});
  const auto provider = make_provider(config(server));
  for (const char* expected : {"a", "b", "c", "a"}) EXPECT_EQ(reply(*provider, "x"), expected);
}

TEST_F(FakeServer, ByRequestGivesTheSameReplyToTheSameRequestInAnyOrder) {
  const test::ModelServer server({"--replies", file_, "--by-request"});
  const auto provider = make_provider(config(server));
  std::map<std::string, std::string> first;
  for (const char* text : {"x", "y", "z"}) first[text] = reply(*provider, text);
  for (const char* text : {"z", "x", "y"}) EXPECT_EQ(reply(*provider, text), first[text]);
}

}  // namespace
}  // namespace weft::llm
