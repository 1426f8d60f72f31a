// A space's own way to write a genome in one line, such as NAS-Bench-201's cells: a template that names every gene.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace weft::space {

struct Gene;

struct TextForm {
  /// A gene, and what stands before it. A place is written as a number, which counts the gene's values from 0.
  struct Part {
    std::string before;
    std::size_t gene = 0;
    bool place = false;
  };
  std::vector<Part> parts;  ///< none: the space has no such form
  std::string after;

  bool exists() const { return !parts.empty(); }
};

/// Reads "|{op_10}~0|+|{op_20}~0|..." or "{layer_1:place}...". Every gene must stand there once, global, closed and
/// unconditional; the error says what is wrong.
base::Result<TextForm> read_text_form(std::string_view given, const std::vector<Gene>& genes);

/// The text of these values, one for each gene.
std::string write_text(const TextForm& form, const std::vector<Gene>& genes, const std::vector<std::int32_t>& codes);

/// The object of genes that the text stands for.
base::Result<base::Json> read_text(const TextForm& form, const std::vector<Gene>& genes, std::string_view text);

}  // namespace weft::space
