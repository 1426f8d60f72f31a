// Calls of what other 'def's hold: sub-blocks, which stand for their statements, and cells, which scan() applies.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "block/expression_parser.hpp"
#include "block/ops/rows.hpp"

namespace weft::block {
namespace {

constexpr int kMaxCalls = 256, kMaxWithin = 16;

}  // namespace

// A call of a sub-block is its statements over again, with the arguments for its parameters.
Meaning ExpressionParser::call_definition(const Token& name, Definition& definition) {
  definition.used = true;
  const std::vector<Argument> arguments = argument_list();
  auto outer = std::exchange(names_, {});
  bind(definition, arguments, name);
  const Value result = expand(name, definition, 1).front();
  names_ = std::move(outer);
  return result;
}

// Reads a definition's statements under the names that stand.
std::vector<Value> ExpressionParser::expand(const Token& name, Definition& definition, std::size_t results) {
  if (++calls_ > kMaxCalls) fail(fmt::format("sub-blocks are called more than {} times", kMaxCalls), name);
  if (++within_ > kMaxWithin) fail(fmt::format("sub-blocks call each other more than {} deep", kMaxWithin), name);
  const std::size_t back = std::exchange(at_, definition.body);
  const std::size_t visible = std::exchange(visible_, definition.order);
  const int parts = std::exchange(wanted_parts_, 1);
  std::vector<Value> values = body(results);
  at_ = back;
  visible_ = visible;
  wanted_parts_ = parts;
  --within_;
  return values;
}

Meaning ExpressionParser::call_scan(const Token& name) {
  Definition& definition = named_cell(name);
  if (!now().is(")")) expect(",");
  const int parts = std::exchange(wanted_parts_, 1);
  Arguments arguments = sort_arguments(rows::scan(), rest_of_arguments());
  wanted_parts_ = parts;
  check_inputs(rows::scan(), arguments.inputs.size(), name);
  std::vector<Expression> attributes = with_defaults(rows::scan(), arguments, name);
  auto body = cell(name, definition);
  return add_site(rows::scan(), std::move(arguments.inputs), std::move(attributes), name, 1, std::move(body)).front();
}

// The cell that stands first in the parentheses of scan().
ExpressionParser::Definition& ExpressionParser::named_cell(const Token& scan) {
  if (in_cell_) fail("scan: a cell sees one position, and cannot scan", scan);
  expect("(");
  const Token cell = take();
  const auto found = definitions_.find(cell.text);
  if (cell.kind != Token::Kind::name || found == definitions_.end() || found->second.order >= visible_) {
    std::vector<std::string> known;
    for (const auto& [defined, definition] : definitions_) known.push_back(defined);
    fail(fmt::format("scan: {} is no cell, a 'def' above of x and its states; {}{}", shown(cell),
                     signature(rows::scan()), base::did_you_mean(cell.text, known)),
         cell);
  }
  const std::size_t states = found->second.parameters.size() - 1,
                    most = static_cast<std::size_t>(rows::states().max_inputs);
  if (states < 1 || states > most)
    fail(fmt::format("scan: a cell takes x and 1 to {} states, as in def {}(x, h), not {}", most, cell.text, states),
         cell);
  return found->second;
}

// A program of its own: its inputs are one position and the states, and it returns new states.
std::shared_ptr<const Program> ExpressionParser::cell(const Token& scan, Definition& definition) {
  definition.used = in_cell_ = true;
  Program around = std::exchange(program_, {.name = program_.name});
  std::swap(program_.source_lines, around.source_lines);  // for messages
  auto outer = std::exchange(names_, {});
  names_[std::string(kCellWidth)] = Expression::of_gene(std::string(kCellWidth));
  for (std::size_t i = 0; i < definition.parameters.size(); ++i) {
    const Token& parameter = definition.parameters[i];
    if (!names_.emplace(parameter.text, Value{-1, static_cast<int>(i)}).second)
      fail(parameter.text == kCellWidth ? "in a cell, 'width' is the channels of its states; call this otherwise"
                                        : fmt::format("'{}' stands here twice", parameter.text),
           parameter);
  }
  std::vector<Value> made = expand(scan, definition, definition.parameters.size() - 1);
  program_.result = add_site(rows::states(), std::move(made), {}, definition.name).front();
  std::swap(program_.source_lines, around.source_lines);
  names_ = std::move(outer);
  in_cell_ = false;
  return std::make_shared<const Program>(canonical(std::exchange(program_, std::move(around))));
}

void ExpressionParser::bind(const Definition& definition, const std::vector<Argument>& arguments, const Token& name) {
  std::vector<std::string> known;
  for (const Token& parameter : definition.parameters) known.push_back(parameter.text);
  const std::string form = fmt::format("{}({})", definition.name.text, base::join(known, ", "));
  std::size_t positional = 0;
  for (const Argument& argument : arguments) {
    const auto found = argument.name.empty()
                           ? known.begin() + static_cast<std::ptrdiff_t>(std::min(positional++, known.size()))
                           : std::find(known.begin(), known.end(), argument.name);
    if (found == known.end()) {
      fail(argument.name.empty() ? fmt::format("{}: too many arguments", form)
                                 : fmt::format("{}: has no parameter '{}'{}", form, argument.name,
                                               base::did_you_mean(argument.name, known)),
           argument.at);
    }
    refuse_parts(argument.meaning, argument.at);
    const auto* tensor = std::get_if<Value>(&argument.meaning);
    const bool fresh = tensor != nullptr ? names_.emplace(*found, *tensor).second
                                         : names_.emplace(*found, std::get<Expression>(argument.meaning)).second;
    if (!fresh) fail(fmt::format("{}: '{}' is given twice", form, *found), argument.at);
  }
  for (const std::string& parameter : known) {
    if (!names_.contains(parameter)) fail(fmt::format("{}: '{}' is missing", form, parameter), name);
  }
}

}  // namespace weft::block
