#include "space/genome_prefix.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "space/decode.hpp"
#include "space/describe.hpp"
#include "space/genome_line.hpp"
#include "space/genome_text.hpp"

namespace weft::space {
namespace {

using base::Json;

// A program as it stands between the quotes of a JSON text.
std::string escaped(const std::string& program) {
  const std::string quoted = Json(program).dump();
  return quoted.substr(1, quoted.size() - 2);
}

// Where a program could still have become valid, and what may come there. Empty where it is valid.
std::string where_wrong(const block::Prefix::Setting& setting, const std::string& program, const std::string& which) {
  constexpr std::size_t kWords = 12;                           // that are named
  if (program.find("\ndef ") != std::string::npos) return "";  // sub-blocks are not followed
  const block::Prefix prefix = block::viable(std::make_shared<const block::Prefix::Setting>(setting), program);
  const std::string& text = prefix.text();
  if (text.size() == program.size()) return "";
  const std::size_t line = text.rfind('\n') + 1;  // 0 where there is none
  std::vector<std::string> words = prefix.next();
  for (std::string& word : words) word = word == "\n" ? "the end of the line" : word;
  if (words.size() > kWords) {
    words.resize(kWords);
    words.emplace_back("...");
  }
  return fmt::format(" ({} can be completed up to line {}, column {}: {}{})", which,
                     std::count(text.begin(), text.end(), '\n') + 1, text.size() - line + 1,
                     base::quote(text.substr(line)), words.empty() ? "" : ", then may come " + base::join(words, " "));
}

}  // namespace

block::Prefix::Setting setting_of(const Space& space, const Genome& genome, const Input& input,
                                  const std::vector<std::shared_ptr<const ProgramText>>& done) {
  block::Prefix::Setting setting;
  const int open = open_gene(space);
  const Gene& row = space.genes[static_cast<std::size_t>(open)];
  const int own = row.per_layer ? static_cast<int>(done.size()) : -1;
  for (int layer = 0; layer < space.depth(genome); ++layer) {
    block::Binding binding = bind_layer(space, genome, layer);
    const bool stands = own < 0 ? space.group(genome, layer).block_gene == open : layer == own;
    if (stands && std::find(setting.bindings.begin(), setting.bindings.end(), binding) == setting.bindings.end())
      setting.bindings.push_back(std::move(binding));
  }
  if (setting.bindings.empty()) setting.bindings.push_back(bind_layer(space, genome, 0));
  setting.input = {width_of(setting.bindings.front()), false};
  setting.place = space.place();
  setting.statements = space.limits.statements;
  setting.ops = row.ops;
  setting.fits = [&space, genome, input, done](const block::Program& program) {
    auto programs = done;
    programs.push_back(make_text(program));
    return decode(space, with_programs(space, genome, std::move(programs)), input).has_value();
  };
  return setting;
}

bool GenomePrefix::covers(const Space& space) {
  const int open = open_gene(space);
  const bool follows = open >= 0 && (program_gene(space) >= 0 || open == static_cast<int>(space.genes.size()) - 1);
  return follows && (space.task == Task::language_model || space.ends.patch > 0);
}

GenomePrefix::GenomePrefix(const Space& space, const Input& input)
    : space_(&space), input_(input), list_(program_gene(space) < 0) {
  if (!extend("")) throw base::Error("space '" + space.name + "': its constraints and limits allow no genome");
}

std::string GenomePrefix::text() const {
  if (!program_) return before_;
  if (!list_) return before_ + program_->text();
  std::string text = before_ + escaped(program_->text());
  if (escape_) text.pop_back();
  return text;
}

bool GenomePrefix::complete() const {
  if (!list_) return program_ && program_->complete();
  return genome_ && done_.size() == count_ && literal_.empty();
}

bool GenomePrefix::extend(std::string_view more) {
  if (program_ && !list_) {
    if (!program_->extend(more)) return false;
    completion_ = program_->completion();
    return true;
  }
  GenomePrefix longer = *this;
  if (!(genome_ ? longer.add_to_list(more) : longer.add_line(more))) return false;
  *this = std::move(longer);
  return true;
}

bool GenomePrefix::add_line(std::string_view more) {
  const std::string given = before_ + std::string(more);
  auto line = find_line(*space_, input_, given);
  if (!line) return false;
  count_ = static_cast<std::size_t>(count_programs(*space_, line->genome));
  if (given.size() < line->text.size()) {
    before_ = given;
    completion_ = line->text.substr(given.size());
    completion_ += list_ ? escaped(identity()->text) + '"' + after(1) : identity()->text;
    return true;
  }
  before_ = std::move(line->text);
  genome_ = std::move(line->genome);
  begin_program();
  const std::string rest = given.substr(before_.size());
  return list_ ? add_to_list(rest) : extend(rest);
}

void GenomePrefix::begin_program() {
  block::Prefix::Setting setting = setting_of(*space_, *genome_, input_, done_);
  setting.bounds = block::kPlain;
  program_.emplace(std::make_shared<const block::Prefix::Setting>(std::move(setting)));
}

bool GenomePrefix::add_to_list(std::string_view more) {
  while (!more.empty()) {
    if (program_) {
      if (!add_escaped(more)) return false;
      continue;
    }
    if (literal_.empty() || literal_.front() != more.front()) return false;
    before_ += literal_.front();
    literal_.erase(0, 1);
    more.remove_prefix(1);
    if (literal_.empty() && done_.size() < count_) begin_program();
  }
  completion_ = finish();
  return true;
}

// Up to the next quote, backslash or its n.
bool GenomePrefix::add_escaped(std::string_view& more) {
  std::size_t size = 1;
  if (escape_) {
    if (more.front() != 'n') return false;
    escape_ = false;
  } else if (more.front() == '\\') {  // of a line's end: a program has no other
    if (!program_->extend("\n")) return false;
    escape_ = true;
  } else if (more.front() == '"') {
    if (!end_program()) return false;
  } else {
    size = std::min(more.find_first_of("\"\\\n"), more.size());
    if (size == 0 || !program_->extend(more.substr(0, size))) return false;
  }
  more.remove_prefix(size);
  return true;
}

bool GenomePrefix::end_program() {
  if (!program_->complete()) return false;
  before_ = text() + '"';
  done_.push_back(make_text(*block::parse(program_->text(), "block")));
  program_.reset();
  literal_ = between(done_.size());
  return true;
}

std::string GenomePrefix::between(std::size_t programs) const {
  return programs == count_ ? "]}" : ",\"";
}

// What comes after so many programs, where the others do nothing.
std::string GenomePrefix::after(std::size_t programs) const {
  std::string text;
  for (; programs < count_; ++programs) text += between(programs) + escaped(identity()->text) + '"';
  return text + between(count_);
}

std::string GenomePrefix::finish() const {
  if (!program_) return literal_ + after(done_.size()).substr(between(done_.size()).size());
  return (escape_ ? "n" : "") + escaped(program_->completion()) + '"' + after(done_.size() + 1);
}

std::string where_wrong(const Space& space, const Input& input, std::string_view reply) {
  auto object = GenomePrefix::covers(space) ? reply_object(space, reply) : std::nullopt;
  if (!object) return "";
  const Gene& row = space.genes[static_cast<std::size_t>(open_gene(space))];
  if (!object->contains(row.name)) return "";
  Json programs = object->at(row.name);
  if (!row.per_layer) programs = Json::array({programs});
  if (!std::all_of(programs.begin(), programs.end(), [](const Json& program) { return program.is_string(); }))
    return "";
  const Json nothing = identity()->text;
  (*object)[row.name] = row.per_layer ? Json(std::vector<Json>(programs.size(), nothing)) : nothing;
  const auto genome = from_json(space, *object);
  if (!genome || !decode(space, *genome, input)) return "";
  std::vector<std::shared_ptr<const ProgramText>> done;
  for (const Json& program : programs) {
    const std::string text = program;
    const std::string which = row.per_layer ? fmt::format("the program of layer {}", done.size()) : "the program";
    if (std::string wrong = where_wrong(setting_of(space, *genome, input, done), text, which); !wrong.empty())
      return wrong;
    auto parsed = block::parse(text, which);
    if (!parsed) return "";
    done.push_back(make_text(std::move(*parsed)));
  }
  return "";
}

}  // namespace weft::space
