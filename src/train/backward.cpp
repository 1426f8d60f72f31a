#include "train/backward.hpp"

#include <c10/util/Exception.h>

namespace weft::train {
namespace {

class WithoutLayoutAdvice : public c10::WarningHandler {
 public:
  void process(const c10::Warning& warning) override {
    if (warning.msg().find("gradient layout contract") == std::string::npos) c10::WarningHandler::process(warning);
  }
};

}  // namespace

void backward(const at::Tensor& loss) {
  WithoutLayoutAdvice handler;
  const c10::WarningUtils::WarningHandlerGuard guard(&handler);
  loss.backward();
}

}  // namespace weft::train
