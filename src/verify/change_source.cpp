#include "bazaar/verify/change_source.hpp"

#include <fmt/format.h>

namespace bazaar::verify
{

bool unused_messages::is_change(debezium_reader::outcome what, const change_event& where, const debezium_reader& by)
{
    other += what == debezium_reader::outcome::other ? 1U : 0U;
    if (what == debezium_reader::outcome::broken && broken++ == 0)
        first_broken = place_of(where) + ": " + by.problem();
    if (what == debezium_reader::outcome::change && !by.odd().empty() && odd++ == 0)
        first_odd = fmt::format("{}: {}", place_of(where), by.odd());
    return what == debezium_reader::outcome::change;
}

}  // namespace bazaar::verify
