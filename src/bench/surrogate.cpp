#include "bench/surrogate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/random.hpp"
#include "base/schema.hpp"
#include "base/statistics.hpp"
#include "base/text.hpp"
#include "base/yaml.hpp"
#include "bench/boosted_trees.hpp"
#include "bench/encoding.hpp"

namespace weft::bench {
namespace {

using base::Json;

constexpr std::size_t kFewest = 20;  // genomes that a surrogate is fitted to

// Half of the widths of the normal distribution's intervals, in standard deviations.
constexpr double kWithin50 = 0.674490, kWithin80 = 1.281552, kWithin95 = 1.959964;

double square(double value) {
  return value * value;
}

}  // namespace

struct Surrogate::Model {
  Model(std::shared_ptr<const space::Space> given, SurrogateTarget wanted)
      : space(std::move(given)), target(std::move(wanted)) {}
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;
  virtual ~Model() = default;
  virtual Prediction predict(const space::Genome& genome) const = 0;
  /// The manifest's keys that this kind has, after its files were written.
  virtual Json write(const base::fs::path& folder) const = 0;

  std::shared_ptr<const space::Space> space;
  SurrogateTarget target;
};

namespace {

// Trees on scores that were brought to mean 0 and deviation 1.
class Ensemble : public Surrogate::Model {
 public:
  Ensemble(const std::shared_ptr<const space::Space>& given, const SurrogateTarget& wanted)
      : Model(given, wanted), encoding_(*space) {}

  // `before`: members that were fitted to a part of the genomes, for the quality.
  void fit(const Features& features, const std::vector<double>& scores, const Surrogate::Options& options, int before) {
    centre_ = base::mean(scores);
    for (const double score : scores) scale_ += square(score - centre_);
    scale_ = std::max(std::sqrt(scale_ / static_cast<double>(scores.size())), 1e-12);
    std::vector<float> targets;
    targets.reserve(scores.size());
    for (const double score : scores) targets.push_back(static_cast<float>((score - centre_) / scale_));
    std::vector<std::vector<float>> unseen(scores.size());  // what members say of rows that they were not fitted to
    for (int member = 0; member < options.members; ++member) {
      base::Random random(options.seed, "member", static_cast<std::uint64_t>(member));
      std::vector<float> weights(scores.size(), 0);
      for (std::size_t i = 0; i < scores.size(); ++i) weights[random.below(scores.size())] += 1;
      members_.push_back(BoostedTrees::fit(features, targets, weights, {.seed = random.next()}));
      const std::vector<float> said = members_.back().predict(features);
      for (std::size_t i = 0; i < scores.size(); ++i) {
        if (weights[i] == 0) unseen[i].push_back(said[i]);
      }
      if (options.progress) options.progress(before + member + 1, 2 * options.members);
    }
    set_residual(unseen, targets);
  }

  void load(const base::Document& document, const Json& checked, const base::fs::path& folder) {
    centre_ = checked.at("centre");
    scale_ = checked.at("scale");
    residual_ = checked.at("residual");
    for (std::size_t i = 0; i < checked.at("members").size(); ++i) {
      const Json& member = checked.at("members")[i];
      const std::string pointer = "/members/" + std::to_string(i), name = member.at("file");
      const base::fs::path file = file_beside(document, pointer + "/file", folder, name);
      const std::string bytes = base::read_file(file, std::size_t{1} << 30U);
      if (base::sha256(bytes) != member.at("sha256").get<std::string>())
        throw base::Error("is not the file that surrogate.yaml describes", file.string());
      members_.push_back(BoostedTrees::load(bytes));
    }
  }

  Json write(const base::fs::path& folder) const override {
    Json list = Json::array();
    for (std::size_t i = 0; i < members_.size(); ++i) {
      const std::string bytes = members_[i].save(), name = "trees_" + std::to_string(i) + ".ubj";
      base::write_file(folder / name, bytes);
      list.push_back({{"file", name}, {"sha256", base::sha256(bytes)}});
    }
    return {{"kind", "trees"}, {"centre", centre_}, {"scale", scale_}, {"residual", residual_}, {"members", list}};
  }

  Prediction predict(const space::Genome& genome) const override {
    Features features;
    {
      const std::lock_guard lock(mutex_);  // the encoding counts, and remembers what it counted
      features.values = encoding_.encode(genome);
    }
    features.columns = features.values.size();
    return predict(features).front();
  }

  std::vector<Prediction> predict(const Features& features) const {
    std::vector<double> sums(features.rows(), 0), squares(features.rows(), 0);
    for (const BoostedTrees& member : members_) {
      const std::vector<float> said = member.predict(features);
      for (std::size_t i = 0; i < said.size(); ++i) {
        sums[i] += said[i];
        squares[i] += square(said[i]);
      }
    }
    const auto count = static_cast<double>(members_.size());
    std::vector<Prediction> list;
    for (std::size_t i = 0; i < sums.size(); ++i) {
      const double mean = sums[i] / count, variance = std::max(0.0, squares[i] / count - square(mean));
      list.push_back({centre_ + scale_ * mean, scale_ * std::sqrt(variance + square(residual_))});
    }
    return list;
  }

 private:
  // What is left of the errors on unseen rows beside what the members disagree in.
  void set_residual(const std::vector<std::vector<float>>& unseen, const std::vector<float>& targets) {
    double sum = 0, count = 0;
    for (std::size_t i = 0; i < unseen.size(); ++i) {
      const auto size = static_cast<double>(unseen[i].size());
      if (size < 2) continue;
      double mean = 0, variance = 0;
      for (const float one : unseen[i]) mean += one / size;
      for (const float one : unseen[i]) variance += square(one - mean) / (size - 1);
      sum += square(targets[i] - mean) - variance;
      count += 1;
    }
    residual_ = count == 0 ? 0 : std::sqrt(std::max(0.0, sum / count));
  }

  mutable std::mutex mutex_;
  mutable Encoding encoding_;
  std::vector<BoostedTrees> members_;
  double centre_ = 0, scale_ = 0, residual_ = 0;
};

// A network of linear layers with ReLU between them, on one-hot genes: what HW-GPT-Bench has.
class Mlp : public Surrogate::Model {
 public:
  Mlp(const std::shared_ptr<const space::Space>& given, const SurrogateTarget& wanted, const base::Document& document,
      const Json& checked, const base::fs::path& folder)
      : Model(given, wanted) {
    for (std::size_t i = 0; i < checked.at("features").size(); ++i)
      features_.push_back(read_feature(document, checked.at("features")[i], "/features/" + std::to_string(i)));
    const base::fs::path file = file_beside(document, "/weights", folder, checked.at("weights"));
    read_layers(file.string(), base::read_file(file, std::size_t{1} << 28U));
  }

  Prediction predict(const space::Genome& genome) const override {
    std::vector<float> values = encode(genome);
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      const Layer& layer = layers_[i];
      std::vector<float> next = layer.bias;
      for (std::size_t out = 0; out < next.size(); ++out) {
        const float* row = layer.weight.data() + out * values.size();
        for (std::size_t in = 0; in < values.size(); ++in) next[out] += row[in] * values[in];
        if (i + 1 < layers_.size()) next[out] = std::max(0.0F, next[out]);
      }
      values = std::move(next);
    }
    return {values.at(0), 0};
  }

  Json write(const base::fs::path& /*folder*/) const override {
    throw base::internal_error("a converted surrogate is not written again");
  }

 private:
  struct Feature {
    int gene = 0;
    std::vector<std::int32_t> codes;  // in the order of the columns
  };
  struct Layer {
    std::vector<float> weight, bias;
  };

  Feature read_feature(const base::Document& document, const Json& given, const std::string& pointer) const {
    Feature feature{.gene = space->gene_index(given.at("gene").get_ref<const std::string&>()), .codes = {}};
    if (feature.gene < 0) throw document.error(pointer + "/gene", "the space has no such gene");
    const space::Gene& gene = space->genes[static_cast<std::size_t>(feature.gene)];
    for (const Json& value : given.at("values")) {
      const auto found = std::find(gene.values.begin(), gene.values.end(), value);
      if (found == gene.values.end())
        throw document.error(pointer + "/values", "the gene has no value " + value.dump());
      feature.codes.push_back(static_cast<std::int32_t>(found - gene.values.begin()));
    }
    return feature;
  }

  std::vector<float> encode(const space::Genome& genome) const {
    std::vector<float> values;
    for (const Feature& feature : features_) {
      for (int layer = 0; layer < space->most_copies(feature.gene); ++layer) {
        const std::int32_t own = genome.codes[space->slot(feature.gene, layer)];
        for (const std::int32_t code : feature.codes) values.push_back(code == own ? 1 : 0);
      }
    }
    return values;
  }

  // {"layers": [{"weight": [[...], ...], "bias": [...]}, ...]}; each as wide as the one before gives.
  void read_layers(const std::string& file, const std::string& text) {
    const auto value = base::parse_json(text);
    if (!value) throw base::Error(value.error(), file);
    const auto refuse = [&](std::size_t layer) {
      return base::Error("layer " + std::to_string(layer) + " is no matrix of the width before it with its bias", file);
    };
    std::size_t width = encode(space::Genome{std::vector<std::int32_t>(space->slots(), -1), {}}).size();
    if (!value->contains("layers") || !value->at("layers").is_array()) throw base::Error("has no layers", file);
    for (const Json& given : value->at("layers")) {
      Layer layer;
      try {
        layer.bias = given.at("bias").get<std::vector<float>>();
        for (const Json& row : given.at("weight")) {
          const auto numbers = row.get<std::vector<float>>();
          if (numbers.size() != width) throw refuse(layers_.size());
          layer.weight.insert(layer.weight.end(), numbers.begin(), numbers.end());
        }
      } catch (const Json::exception&) {
        throw refuse(layers_.size());
      }
      if (layer.bias.empty() || layer.weight.size() != layer.bias.size() * width) throw refuse(layers_.size());
      width = layer.bias.size();
      layers_.push_back(std::move(layer));
    }
    if (width != 1) throw base::Error("gives " + std::to_string(width) + " numbers; one was expected", file);
  }

  std::vector<Feature> features_;
  std::vector<Layer> layers_;
};

// Genomes with the mean of their seeds' scores.
struct Sample {
  std::vector<space::Genome> genomes;
  std::vector<double> scores;
};

Sample sample_of(const Table& table, const SurrogateTarget& target) {
  Sample sample;
  const std::size_t column = table.column(target.metric);
  for (std::int64_t number = 0; number < table.genomes(); ++number) {
    double sum = 0, count = 0;
    for (const std::int64_t seed : table.manifest().seeds) {
      const auto cell = table.cell(target.task, target.fidelity, seed);
      if (!cell) throw base::Error(cell.error());
      const std::int64_t row = table.row(number, *cell);
      if (row < 0 || !std::isfinite(table.value(row, column))) continue;
      sum += table.value(row, column);
      count += 1;
    }
    if (count == 0) continue;
    sample.genomes.push_back(table.genome(number));
    sample.scores.push_back(sum / count);
  }
  if (sample.genomes.size() < kFewest)
    throw base::Error("the table has " + std::to_string(sample.genomes.size()) + " genomes with a " + target.metric +
                      "; a surrogate needs " + std::to_string(kFewest));
  return sample;
}

// The rows of a sample at these places.
struct Part {
  Features features;
  std::vector<double> scores, params;
};

Part part_of(const Sample& sample, const std::vector<std::vector<float>>& rows, std::span<const std::size_t> places) {
  Part part;
  for (const std::size_t place : places) {
    part.features.columns = rows[place].size();
    part.features.values.insert(part.features.values.end(), rows[place].begin(), rows[place].end());
    part.scores.push_back(sample.scores[place]);
    part.params.push_back(rows[place][rows[place].size() - 2]);
  }
  return part;
}

void measure(const Ensemble& model, const Part& held_out, bool maximize, SurrogateQuality& quality) {
  const std::vector<Prediction> said = model.predict(held_out.features);
  std::vector<double> means, params;
  double errors = 0, spread = 0;
  const double mean = base::mean(held_out.scores);
  for (std::size_t i = 0; i < said.size(); ++i) {
    const double off = std::abs(said[i].mean - held_out.scores[i]);
    means.push_back(said[i].mean);
    params.push_back(maximize ? held_out.params[i] : -held_out.params[i]);
    errors += square(off);
    spread += square(held_out.scores[i] - mean);
    const auto share = 1 / static_cast<double>(said.size());
    quality.within50 += off <= kWithin50 * said[i].deviation ? share : 0;
    quality.within80 += off <= kWithin80 * said[i].deviation ? share : 0;
    quality.within95 += off <= kWithin95 * said[i].deviation ? share : 0;
  }
  quality.held_out = static_cast<std::int64_t>(said.size());
  quality.rmse = std::sqrt(errors / static_cast<double>(said.size()));
  quality.r2 = spread > 0 ? 1 - errors / spread : 0;
  quality.tau = base::kendall_tau(means, held_out.scores);
  if (std::all_of(params.begin(), params.end(), [](double one) { return std::isfinite(one); }))
    quality.params_tau = base::kendall_tau(params, held_out.scores);
}

}  // namespace

Json SurrogateQuality::to_json() const {
  Json value = {{"fitted", fitted},     {"held_out", held_out}, {"r2", r2}, {"rmse", rmse}, {"within50", within50},
                {"within80", within80}, {"within95", within95}};
  if (tau) value["tau"] = *tau;
  if (params_tau) value["params_tau"] = *params_tau;
  return value;
}

Surrogate Surrogate::fit(const Table& table, const SurrogateTarget& target, const Options& options,
                         SurrogateQuality& quality) {
  const Sample sample = sample_of(table, target);
  const auto space = std::make_shared<const space::Space>(table.space());
  Encoding encoding(*space);
  std::vector<std::vector<float>> rows;
  for (const space::Genome& genome : sample.genomes) rows.push_back(encoding.encode(genome));
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  base::Random(options.seed, "split").shuffle(order);
  const auto held =
      std::max<std::size_t>(2, static_cast<std::size_t>(options.held_out * static_cast<double>(order.size())));
  const std::span<const std::size_t> all = order;
  const Part first = part_of(sample, rows, all.subspan(held)), last = part_of(sample, rows, all.first(held));
  quality = {.fitted = static_cast<std::int64_t>(order.size() - held)};
  Ensemble trial(space, target);
  trial.fit(first.features, first.scores, options, 0);
  measure(trial, last, table.manifest().metrics[table.manifest().metric(target.metric)].maximize, quality);
  auto model = std::make_shared<Ensemble>(space, target);
  std::sort(order.begin(), order.end());
  const Part whole = part_of(sample, rows, order);
  model->fit(whole.features, whole.scores, options, options.members);
  return Surrogate(std::move(model));
}

void Surrogate::save(const base::fs::path& folder, const SurrogateQuality& quality) const {
  std::error_code code;
  base::fs::create_directories(folder, code);
  if (code) throw base::Error("cannot be made: " + code.message(), folder.string());
  Json manifest = {{"space", name_space(*model_->space, model_->space->name, folder)},
                   {"metric", model_->target.metric},
                   {"task", model_->target.task},
                   {"fidelity", model_->target.fidelity}};
  manifest.update(model_->write(folder));
  manifest["quality"] = quality.to_json();
  std::string text;
  for (const auto& [key, value] : manifest.items()) text += key + ": " + value.dump() + "\n";
  base::write_file(folder / "surrogate.yaml", text);
}

Surrogate Surrogate::load(const base::fs::path& path) {
  const base::fs::path file = base::fs::is_directory(path) ? path / "surrogate.yaml" : path;
  if (!base::fs::exists(file)) throw base::Error("holds no surrogate (there is no surrogate.yaml)", path.string());
  const base::Document document = base::read_yaml(file);
  const Json checked = base::check(base::load_schema("surrogate"), document);
  const auto space = std::make_shared<const space::Space>(load_space(checked.at("space"), file.parent_path()));
  const SurrogateTarget target{checked.at("metric"), checked.at("task"), checked.at("fidelity")};
  if (checked.at("kind") == "mlp")
    return Surrogate(std::make_shared<Mlp>(space, target, document, checked, file.parent_path()));
  auto model = std::make_shared<Ensemble>(space, target);
  model->load(document, checked, file.parent_path());
  return Surrogate(std::move(model));
}

Prediction Surrogate::predict(const space::Genome& genome) const {
  return model_->predict(genome);
}

const space::Space& Surrogate::space() const {
  return *model_->space;
}

const std::string& Surrogate::metric() const {
  return model_->target.metric;
}

}  // namespace weft::bench
