// The rows of the table of proxies; proxies.cpp lists them. Each gives its score, or why the architecture has none.
#pragma once

#include "base/result.hpp"
#include "train/proxies/subject.hpp"

namespace weft::train::proxies {

/// The sum over products of the gradient's Euclidean norm (Abdelfattah et al. 2021, section 3.2).
base::Result<double> grad_norm(const Subject& subject);

/// The sum of |w · dL/dw| (Lee et al. 2019, equation 6, before it is normalised).
base::Result<double> snip(const Subject& subject);

/// The sum of |w · dR/dw| of absolute weights in float64, R being the sum of the scores for an input of ones (Tanaka et
/// al. 2020, algorithm 1). Norms of every kind are left out, as published code leaves out batch norm: a layer norm of
/// ones is zero. In place of embeddings of tokens stand ones, over a whole context.
base::Result<double> synflow(const Subject& subject);

/// Minus the sum of log(e + k) + 1 / (e + k), k = 1e-5, over the eigenvalues e of the correlations between the
/// examples' Jacobians (Mellor et al. 2020, first version; Abdelfattah et al. 2021).
base::Result<double> jacob_cov(const Subject& subject);

/// log |det K|, where K counts, for each two examples, the units in which their codes agree; a unit's code is the sign
/// of what comes into an activation function (Mellor et al. 2021, section 3; Zhou et al. 2022 for GELU).
base::Result<double> naswot(const Subject& subject);

/// The sum of all of naswot's K (Serianni, Kalita 2023, and their code).
base::Result<double> activation_distance(const Subject& subject);

/// The sum over products of log of the sum of E|g| / σ(g), g being a weight's gradients on the batches and σ their
/// population deviation; weights where that is 0 are left out (Li et al. 2023, equation 14, and their code).
base::Result<double> zico(const Subject& subject);

/// For absolute weights and an input of ones, over attention's matrices the nuclear norm of the weight times that of
/// its gradient, and over all other products but the patches' embedding |w · g| (Zhou et al. 2022, section 3; their
/// code). Batch norm is left out and other norms stay. For tokens, ones are given for the whole vocabulary: every
/// position has the sum of all embeddings.
base::Result<double> dss(const Subject& subject);

/// The largest weight that a query gives, its mean over examples, positions, heads and layers (Voita et al. 2019;
/// Serianni, Kalita 2023, softmax confidence). The authors' code takes the largest over heads in its place.
base::Result<double> head_confidence(const Subject& subject);

}  // namespace weft::train::proxies
