// The worker's side of the protocol: one JSON request a line in, one JSON outcome a line out, on a descriptor of its
// own.
#pragma once

namespace weft::evaluate {

/// Serves evaluations on descriptor `channel` until it is closed: the first line is a setup, answered {"ready": true}
/// or
/// {"error": "..."}; each further line is an evaluation, answered by its outcome. When the other end goes away in the
/// middle of an evaluation the process ends at once, and its group with it. Returns the exit code.
int serve_worker(int channel);

}  // namespace weft::evaluate
