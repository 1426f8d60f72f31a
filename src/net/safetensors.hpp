// Named tensors in a file of the safetensors format (github.com/huggingface/safetensors, "Format"): what
// `torch.load_state_dict` takes through the Python package of that name. A file is untrusted: every size in it is
// checked before anything is allocated.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/files.hpp"

namespace weft::net {

struct TensorFile {
  std::vector<std::pair<std::string, at::Tensor>> tensors;  ///< in the order of the file; on the CPU
  std::map<std::string, std::string> metadata;
};

/// The types that are written and read: float64, float32, float16, bfloat16, int64, int32, uint8.
/// Written to a neighbour first, so that after a crash there is the old file or the new one. Throws base::Error for
/// another type, for a name that occurs twice, and where the disk refuses.
void write_safetensors(const base::fs::path& path, const TensorFile& file);

/// Throws base::Error with the file, the tensor and what was expected.
TensorFile read_safetensors(const base::fs::path& path);

}  // namespace weft::net
