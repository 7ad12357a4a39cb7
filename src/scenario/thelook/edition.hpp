#pragma once

#include <cstdint>

#include "bazaar/scenario/thelook/thelook.hpp"

namespace bazaar::scenario::thelook
{

/// By whose rules a run is planned and its rows are built.
enum class edition : std::uint8_t
{
    older,  ///< `version_before`.
    now,    ///< `version_now`.
};

[[nodiscard]] constexpr edition edition_of(std::uint32_t version) noexcept
{
    return is_older(version) ? edition::older : edition::now;
}

}  // namespace bazaar::scenario::thelook
