// Units of measured values. A table holds each kind of quantity in one unit; people may give and ask for others.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace weft::bench {

/// The unit in which tables hold the quantity that `unit` measures: "s" of "ms", "fraction" of "percent", "flop" of
/// "MMAC". The error lists the known units.
base::Result<std::string> base_unit(const std::string& unit);

/// What a value in `from` is in `to`: 1,000 of "s" and "ms"; of "mac" and "flop" 2, for a multiplication and an
/// addition. The error says what is wrong: an unknown unit, or two that measure different things.
base::Result<double> unit_factor(const std::string& from, const std::string& to);

/// The unit that a metric's name ends in: "s" of "latency_s", "byte" of "memory_bytes", "J" of "energy_j",
/// "fraction" of "val_accuracy", "flop" of "flops", "count" of "params"; empty where the name says nothing.
std::string unit_of_name(const std::string& metric);

std::vector<std::string> unit_names();

}  // namespace weft::bench
