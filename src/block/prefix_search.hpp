// Reads one line of a program, and where the text ends goes on by trying what may stand there, until a whole program is
// written that checks: what Prefix calls for every text that it is asked about. Each reading function is given what to
// do with the value that it read (`then`), and is true where that was; past the end of the text it offers one
// continuation after the other, and takes each back that leads nowhere.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "block/prefix.hpp"
#include "block/unfinished.hpp"

namespace weft::block {

/// A callable that outlives the call that it is given to.
template <class Signature>
class Then;
template <class... Args>
class Then<bool(Args...)> {
 public:
  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, Then>)
      Then(F&& callable)  // NOLINT(google-explicit-constructor): stands for what it refers to
      : object_(const_cast<void*>(static_cast<const void*>(&callable))), call_([](void* object, Args... args) -> bool {
          return (*static_cast<std::remove_reference_t<F>*>(object))(args...);
        }) {}
  bool operator()(Args... args) const { return call_(object_, args...); }

 private:
  void* object_;
  bool (*call_)(void*, Args...);
};

/// Passes each value on once: where one led nowhere, an equal one does not. But a program that is over the space's
/// limits says nothing of another: `checked` counts the programs that were looked at.
class Once {
 public:
  Once(const int& checked, Then<bool(const PrefixItem&)> then) : checked_(checked), then_(then) {}
  bool operator()(const PrefixItem& item);

 private:
  const int& checked_;
  Then<bool(const PrefixItem&)> then_;
  std::vector<PrefixItem> failed_;
};

class PrefixSearch {
 public:
  /// `accepts` is asked about texts that finish the program, and says whether that checks.
  /// Past the end, an operator or attribute may be added to what need not have one: never, where it makes a size that
  /// is needed, or wherever it may stand.
  enum class Liberty { none, sizes, any };
  PrefixSearch(const Prefix::Setting& setting, const PrefixScope& scope, const Line& line,
               Then<bool(const std::string&)> accepts, Liberty liberty)
      : setting_(setting),
        scope_(&scope),
        line_(line),
        accepts_(accepts),
        liberty_(liberty),
        liberties_(liberty == Liberty::none ? 0 : 1),
        parentheses_(line.parentheses) {}

  /// For a line that has ended: what it leaves behind. Nothing where it does not check.
  std::optional<PrefixScope> read();
  /// For one that has not: the text that finishes line and program.
  std::optional<std::string> complete();

 private:
  /// What an expression is wanted for.
  struct Want {
    enum class Kind { any, tensor, number } kind = Kind::any;
    const Attribute* attribute = nullptr;  ///< that the number is for
    int parts = 1;                         ///< names on the left
    int channels = 0;                      ///< of a tensor that would do
    std::string before = {};               ///< text of the tensor before it in an op's list
    bool given = false;                    ///< whether it begins in the text, not past its end
    const PrefixItem* left = nullptr;      ///< the number that it is to make something else of
    std::string_view sign = {};            ///< that stands between them
    bool atom = false;                     ///< whether it stands right of a sign: no arithmetic of its own
    bool latest = false;                   ///< of the names in scope the last first
  };
  using Next = Then<bool(const PrefixItem&)>;
  using Done = Then<bool()>;
  struct Arguments {
    const Op* op = nullptr;
    std::vector<PrefixItem> inputs;
    std::vector<std::optional<PrefixItem>> attributes;
    std::size_t positional = 0;
    int parts = 1;
    std::string last;    ///< text of the last tensor
    bool comma = false;  ///< whether one stands before what comes next
  };
  struct Written {
    std::string text;
    PrefixItem item;
    bool atom = true;
  };
  struct Mark {
    std::size_t token, out;
    bool opened;
  };

  // Reading: prefix_search.cpp.
  const Token* peek() const { return at_ < line_.tokens.size() ? &line_.tokens[at_] : nullptr; }
  std::string_view open() const { return opened_ ? std::string_view() : std::string_view(line_.open); }
  bool emit(std::string_view text, Done then);
  bool symbol(std::string_view text, Done then);
  bool plain() const { return setting_.bounds.plain; }
  Mark mark() const { return {at_, out_.size(), opened_}; }
  std::string text_from(const Mark& mark) const;
  bool expression(Want want, Next then);
  bool sum(const Want& want, const PrefixItem& left, Next then);
  bool term(const Want& want, Next then);
  bool product(const Want& want, const PrefixItem& left, Next then);
  bool beside(const PrefixItem& left, Done then);
  bool go_on(const Want& want, const PrefixItem& left, std::string_view sign, bool product, Next then);
  bool factor(const Want& want, Next then);
  bool word(const Token& name, const Want& want, Next then);
  std::optional<PrefixItem> evaluate_word(const std::string& name) const;

  // Calls, as far as the text has them and past its end: prefix_calls.cpp.
  bool call(std::string_view name, const Want& want, Next then);
  bool arguments(const Arguments& arguments, Next then);
  bool argument(const Arguments& arguments, Next then);
  static int last_given(const Arguments& arguments);
  static bool prints(const Arguments& arguments, std::size_t index, bool named);
  bool keyword(const Arguments& arguments, std::size_t index, Next then);
  bool add(Arguments arguments, const PrefixItem& item, std::string text, Next then);
  bool after(Arguments given, Next then);
  bool finish(const Arguments& arguments, Next then);
  bool offer_calls(const Want& want, Next then);
  bool offer_arguments(const Arguments& arguments, Next then);

  // Past the end: prefix_offers.cpp.
  bool offer(const Want& want, Next then);
  bool offer_tensors(const Want& want, Next then);
  bool offer_numbers(const Want& want, Next then);
  bool offer_name(std::string_view preferred, Then<bool(const std::string&)> then);
  const std::vector<Written>& numbers();
  std::vector<Written> open_numbers() const;
  const std::vector<Written>& bridges();
  void bridge_from(const std::string& name, const PrefixItem& item);
  void bridge_to(std::vector<Written>& list, const std::string& name, const PrefixItem& near);
  std::vector<Written> repeated(const std::string& text);
  std::vector<Written> numbers_for(const Want& want);
  std::string number_for(const std::vector<double>& values);
  std::vector<Written> worth(const std::vector<double>& values);
  void write(std::vector<Written>& list, const std::string& text, bool atom = true) const;
  std::optional<PrefixItem> evaluate(const std::string& text) const;

  // Lines: prefix_lines.cpp.
  using Commit = Then<bool(const PrefixScope&)>;
  bool line(Commit then);
  bool whole();
  bool header(Commit then);
  bool name(std::string_view preferred, bool variable, Then<bool(const std::string&)> then);
  bool statement(Commit then);
  bool targets(std::vector<std::string> names, Commit then);
  bool value(const std::vector<std::string>& names, Commit then);
  bool returned(Commit then);
  bool end_line(Done then);
  bool go_on_after(const PrefixScope& scope);

  const Prefix::Setting& setting_;
  const PrefixScope* scope_;
  const Line& line_;
  Then<bool(const std::string&)> accepts_;
  std::size_t at_ = 0;
  bool opened_ = false;  // whether the open word was made whole
  std::string out_;      // what was added past the end
  Liberty liberty_;
  int liberties_, steps_ = 0, depth_ = 0, checked_ = 0, parentheses_;
  std::vector<Written> numbers_, bridges_;
  std::vector<const PrefixItem*> near_;  // tensors that the ones to come stand beside
  bool bridged_ = false;
};

/// What two values come to; nothing where they do not combine.
std::optional<PrefixItem> combine(const Prefix::Setting& setting, std::string_view symbol, const PrefixItem& left,
                                  const PrefixItem& right);
/// An op applied; nothing where shapes, domains or causality forbid it.
std::optional<PrefixItem> apply(const Prefix::Setting& setting, const Op& op, const std::vector<PrefixItem>& inputs,
                                const std::vector<PrefixItem>& attributes);
/// A number in digits, the same for every binding.
PrefixItem number_item(const Prefix::Setting& setting, double value);
/// Whether the attribute may be worth this number, in every binding.
bool in_domain(const Attribute& attribute, const PrefixItem& number);
/// Whether programs may give this name to a value.
bool is_free_name(std::string_view name);

}  // namespace weft::block
