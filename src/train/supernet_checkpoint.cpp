#include "train/supernet_checkpoint.hpp"

#include <fmt/format.h>

#include <map>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "net/safetensors.hpp"

namespace weft::train {
namespace {

using base::Json;
using net::SharedWeight;

const std::string kAbout = "weft.supernet";  // of the metadata

struct Field {
  const char* name;
  at::Tensor SharedWeight::*tensor;
};
constexpr Field kFields[] = {{"value", &SharedWeight::value},
                             {"average", &SharedWeight::average},
                             {"square", &SharedWeight::square},
                             {"smoothed", &SharedWeight::smoothed}};

Json axes_json(const net::Axes& axes) {
  Json list = Json::array();
  for (const block::Axis& axis : axes) {
    Json segments = Json::array();
    for (const block::Segment& segment : axis)
      segments.push_back(
          {{"sizes", segment.sizes}, {"keeps", static_cast<int>(segment.keeps)}, {"stream", segment.stream}});
    list.push_back(std::move(segments));
  }
  return list;
}

net::Axes axes_from(const Json& value) {
  net::Axes axes;
  for (const Json& segments : value) {
    block::Axis& axis = axes.emplace_back();
    for (const Json& segment : segments) {
      const int keeps = segment.at("keeps");
      if (keeps < 0 || keeps > 2) throw base::Error("keeps must be 0, 1 or 2");
      axis.push_back({segment.at("sizes").get<std::vector<std::int64_t>>(), static_cast<block::Segment::Keeps>(keeps),
                      segment.at("stream").get<bool>()});
    }
  }
  return axes;
}

Json spec_json(const net::WeightSpec& spec) {
  return {{"init", static_cast<int>(spec.init)},
          {"value", spec.value},
          {"residual", spec.residual},
          {"decay", spec.decay},
          {"trained", spec.trained},
          {"frozen", spec.frozen}};
}

net::WeightSpec spec_from(const Json& value, const std::string& name) {
  return {.name = name,
          .shape = {},
          .init = static_cast<block::Init>(value.at("init").get<int>()),
          .value = value.at("value"),
          .residual = value.at("residual"),
          .decay = value.at("decay"),
          .trained = value.at("trained"),
          .frozen = value.at("frozen")};
}

// One weight of a file, with the tensors that are there.
SharedWeight weight_from(const Json& row, const std::map<std::string, at::Tensor>& tensors,
                         const net::SupernetOptions& options) {
  const std::string name = row.at("name");
  SharedWeight weight{.name = name, .spec = spec_from(row.at("spec"), name), .axes = axes_from(row.at("axes"))};
  const std::size_t forms = name.rfind('#');
  if (forms == std::string::npos || name.substr(forms + 1) != net::forms_of(weight.axes))
    throw base::Error(fmt::format("the axes of '{}' are not of the form that its name has", name));
  weight.updates = row.at("updates");
  weight.spec.shape = net::shape_of(weight.axes);
  for (const Field& field : kFields) {
    const auto found = tensors.find(fmt::format("{}/{}", name, field.name));
    if (found == tensors.end()) continue;
    if (found->second.sizes() != at::IntArrayRef(weight.spec.shape))
      throw base::Error(fmt::format("the tensor '{}' is not of the size that its axes have", found->first));
    weight.*field.tensor = found->second.to(options.device, options.type);
  }
  if (!weight.value.defined()) throw base::Error(fmt::format("the tensor '{}/value' is missing", name));
  return weight;
}

// What a file says of itself. Throws for a file that is no supernet.
Json header_of(const net::TensorFile& file) {
  const auto about = file.metadata.find(kAbout);
  if (about == file.metadata.end()) throw base::Error("is no checkpoint of a supernet");
  return Json::parse(about->second);
}

struct Contents {
  std::vector<SharedWeight> weights;
  Json state;
};

Contents read_contents(const base::fs::path& path, const space::Space& space, const net::SupernetOptions& options) {
  const net::TensorFile file = net::read_safetensors(path);
  try {
    const Json header = header_of(file);
    if (header.at("space") != space_identity(space))
      throw base::Error(fmt::format("is of another space, '{}', not of '{}' as it is now",
                                    header.at("space_name").get<std::string>(), space.name));
    const std::map<std::string, at::Tensor> tensors(file.tensors.begin(), file.tensors.end());
    Contents contents{.weights = {}, .state = header.at("state")};
    for (const Json& row : header.at("weights")) contents.weights.push_back(weight_from(row, tensors, options));
    return contents;
  } catch (const base::Error& error) {
    throw base::Error(error.what(), path.string());
  } catch (const Json::exception& error) {
    throw base::Error(std::string("its description of the supernet cannot be read: ") + error.what(), path.string());
  }
}

}  // namespace

std::string space_identity(const space::Space& space) {
  Json snapshot = space.snapshot();
  snapshot.erase("file");  // where it lay
  return base::short_hash(base::canonical_text(snapshot));
}

void write_supernet(const base::fs::path& path, const net::Supernet& supernet, const base::Json& state) {
  net::TensorFile file;
  Json weights = Json::array();
  for (const SharedWeight& weight : supernet.weights()) {
    weights.push_back({{"name", weight.name},
                       {"axes", axes_json(weight.axes)},
                       {"spec", spec_json(weight.spec)},
                       {"updates", weight.updates}});
    for (const Field& field : kFields) {
      const at::Tensor& tensor = weight.*field.tensor;
      if (tensor.defined())
        file.tensors.emplace_back(fmt::format("{}/{}", weight.name, field.name), tensor.detach().cpu());
    }
  }
  const Json header = {{"space", space_identity(supernet.space())},
                       {"space_name", supernet.space().name},
                       {"weights", weights},
                       {"state", state}};
  file.metadata[kAbout] = header.dump();
  net::write_safetensors(path, file);
}

base::Json read_supernet(const base::fs::path& path, net::Supernet& supernet) {
  Contents contents = read_contents(path, supernet.space(), supernet.options());
  supernet.restore(std::move(contents.weights));
  return contents.state;
}

base::Json read_state(const base::fs::path& path) {
  try {
    return header_of(net::read_safetensors(path)).at("state");
  } catch (const Json::exception& error) {
    throw base::Error(std::string("its description of the supernet cannot be read: ") + error.what(), path.string());
  }
}

std::unique_ptr<net::Supernet> open_supernet(const base::fs::path& path, const space::Space& space,
                                             const space::Input& input, const at::Device& device) {
  net::SupernetOptions options;
  options.device = device;
  options.outlined = false;
  Contents contents = read_contents(path, space, options);
  options.depth =
      contents.state.at("spread") ? net::SupernetOptions::Depth::spread : net::SupernetOptions::Depth::first;
  options.most_values = 0;  // what is not in the file was not trained
  for (const SharedWeight& weight : contents.weights) options.most_values += weight.value.numel();
  auto supernet = std::make_unique<net::Supernet>(space, input, options);
  for (SharedWeight& weight : contents.weights) {
    if (weight.smoothed.defined()) weight.value = weight.smoothed;
    weight.average = weight.square = weight.smoothed = at::Tensor();
  }
  supernet->restore(std::move(contents.weights));
  return supernet;
}

}  // namespace weft::train
