#include "bazaar/model/control.hpp"

#include <array>

namespace bazaar::model
{
namespace
{

constexpr std::array<std::string_view, 5> names{"set", "shift", "load", "ddl", "reject"};

}  // namespace

std::string_view name(control::kind what) noexcept
{
    return names[static_cast<std::size_t>(what)];
}

std::optional<control::kind> control_kind(std::string_view name) noexcept
{
    for (std::size_t i = 0; i < names.size(); ++i)
        if (names[i] == name)
            return static_cast<control::kind>(i);
    return std::nullopt;
}

}  // namespace bazaar::model
