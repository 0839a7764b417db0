#include "cutwater/pipeline/check.hpp"

#include <stdexcept>

namespace cutwater {

void refuse_same_gate() {
    throw std::logic_error{
        "cutwater::pipeline: the same gate stands twice; a call would wait for itself. Leave one of them out"};
}

}  // namespace cutwater
