#include "bench/boosted_trees.hpp"

#include <xgboost/c_api.h>

#include <limits>
#include <mutex>

#include "base/error.hpp"
#include "base/text.hpp"

namespace weft::bench {
namespace {

void check(int code) {
  if (code == 0) return;
  const std::string what = XGBGetLastError();
  throw base::Error("XGBoost refuses: " +
                    base::one_line(base::shorten(what.substr(0, what.find("\nStack trace")), 300)));
}

// A matrix of features in XGBoost's memory.
class Matrix {
 public:
  explicit Matrix(const Features& features) {
    check(XGDMatrixCreateFromMat(features.values.data(), features.rows(), features.columns,
                                 std::numeric_limits<float>::quiet_NaN(), &handle_));
  }
  Matrix(const Matrix&) = delete;
  Matrix& operator=(const Matrix&) = delete;
  ~Matrix() { XGDMatrixFree(handle_); }
  void set(const char* name, std::span<const float> values) {
    check(XGDMatrixSetFloatInfo(handle_, name, values.data(), values.size()));
  }
  DMatrixHandle get() const { return handle_; }

 private:
  DMatrixHandle handle_ = nullptr;
};

}  // namespace

struct BoostedTrees::Booster {
  Booster() = default;
  Booster(const Booster&) = delete;
  Booster& operator=(const Booster&) = delete;
  ~Booster() {
    if (handle != nullptr) XGBoosterFree(handle);
  }
  void set(const char* name, const std::string& value) { check(XGBoosterSetParam(handle, name, value.c_str())); }

  BoosterHandle handle = nullptr;
  std::mutex mutex;  // its predictions share a cache
};

BoostedTrees BoostedTrees::fit(const Features& features, std::span<const float> targets, std::span<const float> weights,
                               const Options& options) {
  Matrix matrix(features);
  matrix.set("label", targets);
  if (!weights.empty()) matrix.set("weight", weights);
  auto booster = std::make_shared<Booster>();
  const DMatrixHandle handle = matrix.get();
  check(XGBoosterCreate(&handle, 1, &booster->handle));
  booster->set("objective", "reg:squarederror");
  booster->set("tree_method", "hist");
  booster->set("verbosity", "0");
  booster->set("nthread", "1");  // threads that wait for each other cost more than small trees gain
  booster->set("max_depth", std::to_string(options.depth));
  booster->set("eta", base::number_text(options.learning_rate));
  booster->set("subsample", base::number_text(options.subsample));
  booster->set("colsample_bytree", base::number_text(options.columns));
  booster->set("seed", std::to_string(options.seed & 0x7fffffff));
  for (int round = 0; round < options.rounds; ++round) check(XGBoosterUpdateOneIter(booster->handle, round, handle));
  return BoostedTrees(std::move(booster));
}

BoostedTrees BoostedTrees::load(const std::string& bytes) {
  auto booster = std::make_shared<Booster>();
  check(XGBoosterCreate(nullptr, 0, &booster->handle));
  check(XGBoosterLoadModelFromBuffer(booster->handle, bytes.data(), bytes.size()));
  booster->set("nthread", "1");
  return BoostedTrees(std::move(booster));
}

std::string BoostedTrees::save() const {
  bst_ulong size = 0;
  const char* bytes = nullptr;
  check(XGBoosterSaveModelToBuffer(booster_->handle, R"({"format": "ubj"})", &size, &bytes));
  return {bytes, size};
}

std::vector<float> BoostedTrees::predict(const Features& features) const {
  const Matrix matrix(features);
  const std::lock_guard lock(booster_->mutex);
  bst_ulong size = 0;
  const float* values = nullptr;
  check(XGBoosterPredict(booster_->handle, matrix.get(), 0, 0, 0, &size, &values));
  return {values, values + size};
}

}  // namespace weft::bench
