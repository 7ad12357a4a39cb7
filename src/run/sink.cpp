#include "bazaar/run/sink.hpp"

namespace bazaar::run
{

std::string_view name(outcome what) noexcept
{
    switch (what)
    {
    case outcome::committed:
        return "committed";
    case outcome::already_there:
        return "already there";
    case outcome::foreign:
        return "foreign edit";
    case outcome::rejected:
        return "rejected";
    case outcome::not_done:
        return "not done";
    case outcome::in_doubt:
        return "in doubt";
    }
    return "";
}

}  // namespace bazaar::run
