#include "block/axes.hpp"

#include <algorithm>

namespace weft::block {
namespace {

// Steps outwards from the innermost index, each taking so many values.
std::vector<std::int64_t> strides(const std::vector<std::int64_t>& sizes) {
  std::vector<std::int64_t> list(sizes.size(), 1);
  for (std::size_t i = sizes.size(); i-- > 1;) list[i - 1] = list[i] * sizes[i];
  return list;
}

void add_runs(const Segment& part, const Segment& whole, std::int64_t start, std::vector<Run>& list) {
  const std::vector<std::int64_t> steps = strides(whole.sizes);
  const std::size_t inner = part.sizes.size() - 1;
  start += first_kept(part, whole);
  std::vector<std::int64_t> index(inner, 0);
  for (bool more = true; more;) {
    std::int64_t at = start;
    for (std::size_t i = 0; i < inner; ++i) at += index[i] * steps[i];
    add_run(list, {at, part.sizes[inner]});
    more = false;
    for (std::size_t i = inner; i-- > 0 && !more;) {
      more = ++index[i] < part.sizes[i];
      if (!more) index[i] = 0;
    }
  }
}

}  // namespace

void add_run(std::vector<Run>& list, Run run) {
  if (!list.empty() && list.back().start + list.back().length == run.start) {
    list.back().length += run.length;
  } else {
    list.push_back(run);
  }
}

std::int64_t first_kept(const Segment& part, const Segment& whole) {
  const std::int64_t spare = whole.sizes.back() - part.sizes.back();
  switch (part.keeps) {
    case Segment::Keeps::middle: return spare / 2;
    case Segment::Keeps::last: return spare;
    default: return 0;
  }
}

std::int64_t length(const Axis& axis) {
  std::int64_t sum = 0;
  for (const Segment& segment : axis) sum += segment.length();
  return sum;
}

std::string form(const Axis& axis) {
  std::string text;
  for (const Segment& segment : axis) {
    if (!text.empty()) text += '|';
    text += segment.stream ? "s" : std::to_string(segment.sizes.size());
    if (segment.keeps != Segment::Keeps::first) text += segment.keeps == Segment::Keeps::middle ? 'm' : 'l';
  }
  return text;
}

Axis join(const Axis& a, const Axis& b) {
  Axis joined = a;
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t k = 0; k < a[i].sizes.size(); ++k) joined[i].sizes[k] = std::max(a[i].sizes[k], b[i].sizes[k]);
  }
  return joined;
}

bool fits(const Axis& part, const Axis& whole) {
  return join(part, whole) == whole;
}

std::vector<Run> runs(const Axis& part, const Axis& whole) {
  std::vector<Run> list;
  std::int64_t start = 0;
  for (std::size_t i = 0; i < part.size(); ++i) {
    add_runs(part[i], whole[i], start, list);
    start += whole[i].length();
  }
  return list;
}

}  // namespace weft::block
