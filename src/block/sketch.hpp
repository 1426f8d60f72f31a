// Text in Graphviz's language, with the fonts, boxes, frames and legends that all of weft's drawings share.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace weft::block {

/// How a box or a line looks. Colours are "#rrggbb".
struct Look {
  std::string fill = "#ffffff", border = "#8a909a", ink = "#1c2330";
  bool dashed = false;
  bool round = false;  ///< a circle, for what is written infix
};

class Sketch {
 public:
  /// A box with a bold title and smaller lines below it. Any text may stand in them.
  void box(const std::string& name, const std::string& title, const std::vector<std::string>& lines, const Look& look);
  /// A line from one box to another; its label may be empty.
  void line(const std::string& from, const std::string& to, const std::string& label, const Look& look = {});
  /// A frame around the boxes between begin and end, with a title.
  void begin_frame(const std::string& name, const std::string& title);
  void end_frame();

  /// The whole drawing with a legend below it: colours and what they mean.
  std::string text(const std::vector<std::pair<Look, std::string>>& legend = {}) const;

 private:
  std::string body_;
};

}  // namespace weft::block
