#include "cutwater/core/exception_cast.hpp"

#include <cstring>

namespace cutwater::detail {

#ifdef __GLIBCXX__
/// Asks as the unwinder does. An `exception_ptr` of this runtime is one pointer, to the object that was thrown.
const void* caught_as(const std::exception_ptr& thrown, const std::type_info& wanted) noexcept {
    static_assert(sizeof thrown == sizeof(void*));
    if (!thrown) return nullptr;
    const std::type_info& type = *thrown.__cxa_exception_type();
    if (type.__is_pointer_p()) return nullptr;  // is of no class
    void* object = nullptr;
    std::memcpy(static_cast<void*>(&object), static_cast<const void*>(&thrown), sizeof object);
    return wanted.__do_catch(&type, &object, 1) ? object : nullptr;
}
#endif

}  // namespace cutwater::detail
