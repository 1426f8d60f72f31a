#include <ATen/TensorOperators.h>
#include <ATen/ops/corrcoef.h>
#include <ATen/ops/linalg_eigvalsh.h>

#include "train/proxies/all.hpp"

namespace weft::train::proxies {

base::Result<double> jacob_cov(const Subject& subject) {
  constexpr double kSmall = 1e-5;
  const at::Tensor correlations = at::corrcoef(subject.jacobian().to(at::kDouble));
  if (!correlations.isfinite().all().item<bool>())
    return base::failure("an example's Jacobian is constant, so it correlates with no other");
  const at::Tensor values = at::linalg_eigvalsh(correlations) + kSmall;
  return -(values.log() + values.reciprocal()).sum().item<double>();
}

}  // namespace weft::train::proxies
