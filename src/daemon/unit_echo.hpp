#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "bazaar/base/id.hpp"
#include "bazaar/model/render.hpp"
#include "bazaar/model/unit.hpp"
#include "bazaar/postgres/functions.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::daemon
{

/// Shows units on stdout. What nobody reads in time is left out, and counted.
///
/// Threads: one, the event loop's.
class unit_echo
{
public:
    /// From now on those of this run, which outlives this.
    void begin(std::string_view schema, const scenario::scenario& shop, const model::key_codec& ids);

    void show(const model::unit& unit);

private:
    std::vector<postgres::write_function> functions_;
    std::optional<model::renderer> render_;
    std::uint64_t unshown_ = 0;  ///< Units in a row that stdout did not take.
};

}  // namespace bazaar::daemon
