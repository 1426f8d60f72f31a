// The genes, conditions and block files of a space's document. SpaceReader (read.cpp) reads the rest.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/yaml.hpp"
#include "space/space.hpp"

namespace weft::space {

/// Errors are thrown as base::Error with file, line and column.
class GeneReader {
 public:
  /// Block files are read beside the document, unless `known_blocks` (name → text, or null) holds them.
  GeneReader(const base::Document& document, const base::Json& known_blocks, std::vector<Gene>& genes)
      : document_(document), known_blocks_(known_blocks), genes_(genes) {}

  /// Appends a gene that the schema has checked.
  void add_gene(const std::string& name, const base::Json& given);
  /// A condition on the genes so far.
  Condition condition(const std::string& text, const std::string& pointer) const;
  /// Reads a block file once and returns its name.
  std::string add_block(const std::string& file, const std::string& pointer);

  int index(std::string_view name) const;
  std::vector<std::string> names() const;
  [[noreturn]] void fail(const std::string& pointer, const std::string& what) const {
    throw document_.error(pointer, what);
  }

  struct Block {
    std::string file, source;
    std::shared_ptr<const ProgramText> program;
  };
  const std::map<std::string, Block>& blocks() const { return blocks_; }

 private:
  void check_name(const std::string& name, const std::string& pointer) const;
  void read_ops(const base::Json& program, Gene& gene, const std::string& pointer) const;
  void check_kind(const std::string& name, const base::Json& given, const std::string& pointer) const;
  void check_when(const Gene& gene, const std::string& pointer) const;
  std::vector<base::Json> choice(const base::Json& values, const std::string& pointer);
  std::vector<base::Json> range(const base::Json& given, const std::string& pointer) const;
  std::string block_source(const std::string& file, const std::string& name, const std::string& pointer) const;

  const base::Document& document_;
  const base::Json& known_blocks_;
  std::vector<Gene>& genes_;
  std::map<std::string, Block> blocks_;
};

bool is_block_file(const std::string& text);

}  // namespace weft::space
