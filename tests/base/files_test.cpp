#include "base/files.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/support/errors.hpp"
#include "tests/support/folder.hpp"

namespace weft::base {
namespace {

using test::error_of;
using test::Folder;

TEST(ReadFile, gives_back_what_was_written) {
  const Folder folder;
  const std::string text("a\0b\n\xFF", 5);
  EXPECT_EQ(read_file(folder.write("f", text)), text);
  EXPECT_EQ(read_file(folder.write("empty", "")), "");
}

TEST(ReadFile, says_what_is_wrong_with_the_path) {
  const Folder folder;
  const std::string none = (folder.path() / "none").string(), itself = folder.path().string();
  EXPECT_EQ(error_of([&] { read_file(none); }), none + ": no such file");
  EXPECT_EQ(error_of([&] { read_file(itself); }), itself + ": is a folder, not a file");
}

TEST(ReadFile, stops_at_its_limit) {
  const Folder folder;
  const std::string path = folder.write("f", std::string(1001, 'x'));
  EXPECT_EQ(error_of([&] { read_file(path, 1000); }), path + ": is larger than the 1kB that weft reads");
  EXPECT_EQ(read_file(path, 1001).size(), 1001U);
}

TEST(ReadFile, stops_at_its_limit_where_no_size_is_known) {
  EXPECT_EQ(error_of([] { read_file("/dev/zero", 100'000); }), "/dev/zero: is larger than the 100kB that weft reads");
}

TEST(WriteFile, replaces_the_old_file_and_leaves_nothing_beside_it) {
  const Folder folder;
  folder.write("f", "old");
  folder.write("f", "new");
  EXPECT_EQ(read_file(folder.path() / "f"), "new");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1);
}

TEST(WriteFile, says_why_it_cannot) {
  const Folder folder;
  const std::string path = (folder.path() / "no" / "f").string();
  EXPECT_EQ(error_of([&] { write_file(path, "x"); }), path + ": cannot be written: No such file or directory");
}

TEST(WriteFile, leaves_the_old_content_where_it_cannot_be_replaced) {
  const Folder folder;
  folder.write("f/inner", "x");
  const std::string path = (folder.path() / "f").string();
  EXPECT_EQ(error_of([&] { write_file(path, "y"); }), path + ": cannot be put in place: Is a directory");
  EXPECT_FALSE(fs::exists(path + ".partial"));
}

class Home : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_.write("spaces/one.yaml", "home");
    folder_.write("spaces/two.yaml", "");
    folder_.write("spaces/note.txt", "");
    ::setenv("WEFT_HOME", folder_.path().c_str(), 1);
  }
  void TearDown() override { ::unsetenv("WEFT_HOME"); }
  Folder folder_;
};

TEST_F(Home, is_what_the_environment_says) {
  EXPECT_EQ(home(), folder_.path());
}

TEST_F(Home, is_the_checkout_otherwise) {
  ::setenv("WEFT_HOME", "", 1);
  EXPECT_EQ(home(), fs::path(WEFT_SOURCE_DIR));
}

TEST_F(Home, lists_its_data_without_extension) {
  EXPECT_EQ(list_data("spaces", ".yaml"), (std::vector<std::string>{"one", "two"}));
  EXPECT_TRUE(list_data("nothing", ".yaml").empty());
}

TEST_F(Home, finds_data_with_and_without_extension) {
  EXPECT_EQ(find_data("one", "spaces", ".yaml"), folder_.path() / "spaces/one.yaml");
  EXPECT_EQ(find_data("one.yaml", "spaces", ".yaml"), folder_.path() / "spaces/one.yaml");
}

TEST_F(Home, comes_after_the_folder_beside) {
  const Folder beside;
  beside.write("one.yaml", "beside");
  EXPECT_EQ(read_file(find_data("one", "spaces", ".yaml", beside.path())), "beside");
  EXPECT_EQ(read_file(find_data("one", "spaces", ".yaml")), "home");
}

TEST_F(Home, takes_a_whole_path_as_it_is) {
  const Folder elsewhere;
  const std::string path = elsewhere.write("far.yaml", "");
  EXPECT_EQ(find_data(path, "spaces", ".yaml", "/tmp"), path);
}

TEST_F(Home, names_what_there_is_and_the_nearest) {
  EXPECT_EQ(error_of([] { find_data("onee.yaml", "spaces", ".yaml"); }),
            "no file 'onee.yaml' here or in " + (folder_.path() / "spaces").string() +
                "; there are one, two; did you mean 'one'?");
}

}  // namespace
}  // namespace weft::base
