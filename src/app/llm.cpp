#include "app/commands.hpp"
namespace weft::app { void add_llm(CLI::App&) {} }
