// Checks a document against a JSON schema (a file of schemas/), fills in the defaults, and turns "200k" and "256MB"
// into numbers. The schema is the one description of a file format: the docs, the editors' completion and this check
// read it.
#pragma once

#include "base/json.hpp"
#include "base/yaml.hpp"

namespace weft::base {

/// The schema `schemas/<name>.schema.json`.
Json load_schema(const std::string& name);

/// Understands of JSON Schema 2020-12: type, properties, required, additionalProperties, items, enum, const, minimum,
/// exclusiveMinimum, maximum, minItems, maxItems, minProperties, maxProperties, default, $ref to #/$defs, and anyOf
/// (the first alternative of the value's type). Beyond it: format "count" ("200k" → 200000), "bytes" ("256MB" →
/// 256000000), and the "choice" pattern: an object of exactly one key may be written as that key alone. Throws Error
/// naming file, line, value, what was expected and the nearest known key.
Json check(const Json& schema, const Document& document);

}  // namespace weft::base
