// What libtorch may throw, as outcomes. Called around everything that runs a candidate.
#pragma once

#include <functional>

#include "journal/values.hpp"

namespace weft::train {

/// The outcome of `work`; where memory ends "out_of_memory", and where an op fails otherwise "crashed", with the first
/// line of libtorch's message.
journal::Outcome guarded(const std::function<journal::Outcome()>& work);

}  // namespace weft::train
