#include "bazaar/verify/event.hpp"

#include <fmt/format.h>

namespace bazaar::verify
{

std::string place_of(const change_event& e)
{
    return e.partition >= 0 ? fmt::format("{}, partition {}, offset {}", e.stream, e.partition, e.offset)
                            : fmt::format("{}, line {}", e.stream, e.offset);
}

}  // namespace bazaar::verify
