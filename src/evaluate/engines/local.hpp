// The two engines of this machine, behind make_local_engine().
#pragma once

#include "evaluate/engine.hpp"

namespace weft::evaluate {

std::unique_ptr<Engine> make_in_process_engine(const Setup& setup, int workers);
std::unique_ptr<Engine> make_worker_engine(const Setup& setup, const Plan& plan);

}  // namespace weft::evaluate
