// One request with cpp-httplib, whose types stay in call.cpp. Called by send() alone, on a thread that may be left
// behind.
#pragma once

#include "http/client.hpp"
#include "http/wire.hpp"

namespace weft::http {

/// As send(), but it may outlast the deadline and ignores a stop: cutting the wire is what ends it. May throw what the
/// standard library throws.
tl::expected<Response, Failure> call(const Request& request, const Options& options, Wire& wire);

}  // namespace weft::http
