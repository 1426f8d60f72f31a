#include "block/prefix.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "block/prefix_search.hpp"

namespace weft::block {
namespace {

constexpr std::size_t kAfter = 8;  // blanks after the last line

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

}  // namespace

const PrefixItem* PrefixScope::find(std::string_view name) const {
  for (const auto& [known, item] : names) {
    if (known == name) return &item;
  }
  return nullptr;
}

void PrefixScope::set(const std::string& name, PrefixItem item) {
  std::erase_if(names, [&](const auto& known) { return known.first == name; });
  names.emplace_back(name, std::move(item));
}

Prefix::Prefix(std::shared_ptr<const Setting> setting) : setting_(std::move(setting)) {
  if (!advance({})) throw base::Error("no program fits here, not even one that returns its input");
}

bool Prefix::extend(std::string_view more) {
  if (text_.size() + more.size() > setting_->bounds.text) return false;
  Prefix longer = *this;
  longer.text_ += more;
  if (!longer.advance(completion_.starts_with(more) ? std::optional(completion_.substr(more.size())) : std::nullopt))
    return false;
  *this = std::move(longer);
  return true;
}

// Reads the lines that have ended, and finds a completion of the one that has not; `known` is one.
bool Prefix::advance(const std::optional<std::string>& known) {
  const auto refuse = [](const std::string&) { return false; };
  std::string unfinished;
  while (true) {
    unfinished = text_.substr(begin_);
    if (scope_.stage == PrefixScope::Stage::returned) {
      completion_.clear();
      if (known) return true;
      return is_blank(unfinished) && unfinished.size() <= kAfter && checks(text_);
    }
    const auto line = read_line(unfinished, setting_->bounds);
    if (!line) return false;
    if (!line->ended) break;
    auto scope = PrefixSearch(*setting_, scope_, *line, refuse, PrefixSearch::Liberty::none).read();
    if (!scope) return false;
    scope_ = std::move(*scope);
    begin_ += line->size;
  }
  if (known) {
    completion_ = *known;
    return true;
  }
  const auto line = read_line(unfinished, setting_->bounds);
  if (line->in_comment) {
    Prefix after = *this;
    after.text_ += "\n";
    if (!after.advance({})) return false;
    completion_ = "\n" + after.completion_;
    return true;
  }
  const auto accepts = [&](const std::string& rest) {  // as it will be read again, or it could not be followed
    if (text_.size() + rest.size() > setting_->bounds.text) return false;
    const auto whole = read_line(unfinished + rest, setting_->bounds);
    return whole && PrefixSearch(*setting_, scope_, *whole, refuse, PrefixSearch::Liberty::none).read() &&
           checks(text_ + rest);
  };
  using Liberty = PrefixSearch::Liberty;
  for (const Liberty liberty : {Liberty::none, Liberty::sizes, Liberty::any}) {
    auto completion = PrefixSearch(*setting_, scope_, *line, accepts, liberty).complete();
    if (!completion) continue;
    completion_ = std::move(*completion);
    return true;
  }
  return false;
}

bool Prefix::checks(const std::string& text) const {
  const auto program = parse(text, "prefix");
  if (!program) return false;
  const auto checked = [&](const Binding& binding) {
    return check(*program, binding, setting_->input, setting_->place).has_value();
  };
  return std::all_of(setting_->bindings.begin(), setting_->bindings.end(), checked) &&
         (!setting_->fits || setting_->fits(*program));
}

std::vector<std::string> Prefix::next() const {
  std::vector<std::string> list;
  const auto ask = [&](std::string_view piece) {
    Prefix longer = *this;
    if (longer.extend(piece)) list.emplace_back(piece);
  };
  for (const char* sign : {"(", ")", ",", "=", "+", "-", "*", "//", "\n", "return "}) ask(sign);
  for (const auto& [name, item] : scope_.names) ask(name);
  for (const Binding& binding : setting_->bindings) {
    for (const auto& [gene, value] : binding) {
      if (std::find(list.begin(), list.end(), gene) == list.end()) ask(gene);
    }
  }
  for (const std::string& op : op_names()) ask(op + "(");
  for (char digit = '0'; digit <= '9'; ++digit) ask({&digit, 1});
  return list;
}

Prefix viable(const std::shared_ptr<const Prefix::Setting>& setting, std::string_view text) {
  Prefix prefix(setting);
  for (std::size_t size = 0; size < text.size() && prefix.extend(text.substr(size, 1)); ++size) {
  }
  return prefix;
}

}  // namespace weft::block
