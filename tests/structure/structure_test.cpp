#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/schema.hpp"
#include "base/text.hpp"
#include "base/yaml.hpp"
#include "tests/support/regex.hpp"

// What holds the source together: which room may include which, which library stands in which room, and that every
// data file fits its schema.

namespace weft {
namespace {

namespace fs = base::fs;
using Names = std::vector<std::string>;

struct Include {
  fs::path file;
  std::string room, header;
};

std::vector<Include> includes() {
  static const std::regex directive(R"(^\s*#\s*include\s*[<"]([^>"]+)[>"])");
  std::vector<Include> list;
  for (const auto& entry : fs::recursive_directory_iterator(base::home() / "src")) {
    if (!entry.is_regular_file()) continue;
    const fs::path file = fs::relative(entry.path(), base::home() / "src");
    for (const std::string& line : base::split_lines(base::read_file(entry.path()))) {
      std::smatch match;
      if (std::regex_search(line, match, directive)) list.push_back({file, file.begin()->string(), match[1]});
    }
  }
  return list;
}

// Each room with all that it may include: itself and what CMakeLists.txt links it to, at however many removes.
std::map<std::string, std::set<std::string>> rooms() {
  static const std::regex definition(R"(^weft_room\((\w+)(?: ROOMS((?: [a-z]+)+))?)");
  std::map<std::string, std::set<std::string>> rooms;
  for (const std::string& line : base::split_lines(base::read_file(base::home() / "CMakeLists.txt"))) {
    std::smatch match;
    if (!std::regex_search(line, match, definition)) continue;
    std::set<std::string>& reach = rooms[match[1]];
    reach.insert(match[1]);
    std::istringstream linked{match[2].str()};
    for (std::string lower; linked >> lower;) {
      EXPECT_TRUE(rooms.contains(lower)) << match[1] << " is linked to " << lower << ", which does not stand above it";
      reach.insert(rooms[lower].begin(), rooms[lower].end());
    }
  }
  for (const auto& [name, reach] : std::map(rooms)) rooms["app"].insert(name);
  rooms["app"].insert("app");
  return rooms;
}

TEST(Structure, HasTheRoomsThatTheBuildNames) {
  std::set<std::string> named, there;
  for (const auto& [name, reach] : rooms()) named.insert(name);
  for (const auto& entry : fs::directory_iterator(base::home() / "src")) there.insert(entry.path().filename());
  EXPECT_EQ(named, there);
}

TEST(Structure, HasIncludesThatPointDownwardsOnly) {
  const auto allowed = rooms();
  int seen = 0;
  for (const Include& include : includes()) {
    const std::string room = include.header.substr(0, include.header.find('/'));
    if (!allowed.contains(room)) continue;
    ++seen;
    EXPECT_TRUE(allowed.at(include.room).contains(room)) << include.file << " includes " << include.header;
  }
  EXPECT_GT(seen, 300);
}

TEST(Structure, KeepsEveryLibraryInItsRooms) {
  const std::vector<std::pair<std::regex, Names>> libraries{
      {std::regex("^(torch|ATen|c10|caffe2)/"), {"net", "train", "evaluate"}},
      {std::regex("^httplib"), {"http"}},
      {std::regex("^(sqlite3|SQLiteCpp)"), {"journal"}},
      {std::regex("^(llama|ggml|gguf)"), {"llm"}},
      {std::regex("^tbb/"), {"train", "evaluate", "search"}},
      {std::regex("^(arrow|parquet|xgboost)/"), {"bench"}},
      {std::regex("^pagmo/"), {"evolve"}},
      {std::regex("^yaml-cpp/"), {"base"}},
      {std::regex("^gmp"), {"space"}},
      {std::regex("^CLI/"), {"app"}},
      {std::regex("^openssl/"), {"base", "http"}}};
  for (const Include& include : includes()) {
    for (const auto& [headers, homes] : libraries) {
      if (!std::regex_search(include.header, headers)) continue;
      EXPECT_NE(std::find(homes.begin(), homes.end(), include.room), homes.end())
          << include.file << " includes " << include.header;
    }
  }
}

TEST(Structure, HasDataFilesThatFitTheirSchemas) {
  for (const auto& [folder, schema] : {std::pair{"experiments", "experiment"},
                                       {"search_spaces", "space"},
                                       {"nasbench/import", "table_import"},
                                       {"nasbench/published", "reproduction"},
                                       {"nasbench/recipes", "experiment"}}) {
    const Names names = base::list_data(folder, ".yaml");
    const std::string up = std::string(folder).find('/') == std::string::npos ? "../" : "../../";
    EXPECT_FALSE(names.empty());
    for (const std::string& name : names) {
      const fs::path file = base::home() / folder / (name + ".yaml");
      EXPECT_NO_THROW(base::check(base::load_schema(schema), base::read_yaml(file))) << file;
      const std::string first = base::split_lines(base::read_file(file)).front();
      EXPECT_EQ(first, "# yaml-language-server: $schema=" + up + "schemas/" + schema + ".schema.json") << file;
    }
  }
}

}  // namespace
}  // namespace weft
