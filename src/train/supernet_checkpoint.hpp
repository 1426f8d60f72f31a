// A supernet in a safetensors file: its weights by name, the optimiser's state, and what its training goes on from.
#pragma once

#include <memory>

#include "base/files.hpp"
#include "base/json.hpp"
#include "net/supernet.hpp"

namespace weft::train {

/// A hash of everything that decides what a space's networks are.
std::string space_identity(const space::Space& space);

/// Written to a neighbour first, so that after a crash there is the old file or the new one.
void write_supernet(const base::fs::path& path, const net::Supernet& supernet, const base::Json& state);

/// Puts a file's weights into the supernet, grown as they are, and returns the state that was written with them.
/// Throws base::Error where the file is damaged, is no supernet, or is of another space; the supernet is then as it
/// was.
base::Json read_supernet(const base::fs::path& path, net::Supernet& supernet);

/// The state of a file, without its weights. Throws base::Error as read_supernet() does.
base::Json read_state(const base::fs::path& path);

/// The supernet of a file, to score genomes with: weights are the averaged ones where the training kept those.
std::unique_ptr<net::Supernet> open_supernet(const base::fs::path& path, const space::Space& space,
                                             const space::Input& input, const at::Device& device);

}  // namespace weft::train
