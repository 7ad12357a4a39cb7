#include "bazaar/verify/change_source.hpp"

namespace bazaar::verify
{

bool unused_messages::is_change(debezium_reader::outcome what, const change_event& where, const std::string& problem)
{
    other += what == debezium_reader::outcome::other ? 1U : 0U;
    if (what == debezium_reader::outcome::broken && broken++ == 0)
        first_broken = place_of(where) + ": " + problem;
    return what == debezium_reader::outcome::change;
}

}  // namespace bazaar::verify
