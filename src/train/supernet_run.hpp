// Trains a supernet into a file, from nothing or from where it stopped: what `weft supernet train` does, and a run
// whose evaluator scores with a supernet that is not trained yet. No tensor stands in this header.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "base/files.hpp"
#include "base/json.hpp"
#include "space/space.hpp"

namespace weft::train {

struct SupernetJob {
  const space::Space* space = nullptr;
  base::Json task;      ///< the checked `task:`
  base::Json supernet;  ///< the checked `evaluate: {supernet: ...}`
  std::uint64_t seed = 1;
  base::fs::path file;  ///< the checkpoint
};

/// How far a training is.
struct SupernetStatus {
  std::int64_t step = 0;
  double used = 0;      ///< share of the budget
  double seconds = 0;   ///< of training, over all sessions
  double loss = 0;      ///< of the last sub-network trained
  base::Json measured;  ///< a point of the curve where one was just measured, else null
};

/// Returns true where the training is done, false where `stop` ended it; either way the file holds what was trained.
/// One process of several where torchrun started several: the first writes. Throws base::Error where the file is
/// another training's or damaged, where a rank is lost, and where the loss is no number; the last checkpoint stays.
bool train_supernet(const SupernetJob& job, const std::function<void(const SupernetStatus&)>& tell,
                    const std::stop_token& stop);

/// The curve of a checkpoint, and how much of its budget was used: {"curve": [...], "used": 1, "seconds": 12.5, ...}.
base::Json supernet_state(const base::fs::path& file);

/// This process's number among those that torchrun started; 0 where it did not.
int rank_of_process();
/// How many there are; 1 where torchrun did not start this one.
int ranks_of_process();

}  // namespace weft::train
