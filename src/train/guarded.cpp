#include "train/guarded.hpp"

#include <c10/util/Exception.h>

#include <new>

namespace weft::train {
namespace {

journal::Outcome failure(const char* kind, const std::string& what) {
  return journal::Outcome::failed(kind, what.substr(0, what.find('\n')));
}

}  // namespace

journal::Outcome guarded(const std::function<journal::Outcome()>& work) {
  try {
    return work();
  } catch (const c10::Error& error) {
    const std::string what = error.what_without_backtrace();
    const bool memory = what.find("not enough memory") != std::string::npos ||
                        what.find("can't allocate memory") != std::string::npos ||
                        what.find("out of memory") != std::string::npos;
    return failure(memory ? "out_of_memory" : "crashed", what);
  } catch (const std::bad_alloc&) {
    return failure("out_of_memory", "no more memory");
  }
}

}  // namespace weft::train
