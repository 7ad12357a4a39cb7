// Names of operations, and where an event contradicts its own.

#include "event_op.hpp"

namespace bazaar::verify
{

std::string_view name_of(change_event::kind what) noexcept
{
    using kind = change_event::kind;
    switch (what)
    {
    case kind::create:
        return "insert";
    case kind::update:
        return "update";
    case kind::erase:
        return "delete";
    case kind::read:
        return "read";
    case kind::truncate:
        break;
    }
    return "truncate";
}

std::string_view contradiction(const change_event& e) noexcept
{
    using kind = change_event::kind;
    using origin = change_event::origin;
    const bool whole = e.what == kind::create || e.what == kind::read;
    if (whole && e.has_before)
        return "a row before the change";
    if (e.what == kind::erase && e.has_after)
        return "a row after the change";
    if (e.what != kind::erase && !e.has_after)
        return "no row after the change";
    if (e.what == kind::read && e.from == origin::stream)
        return "source.snapshot false";
    if (e.what != kind::read && e.from != origin::stream && e.from != origin::unknown)
        return "source.snapshot true";
    return {};
}

}  // namespace bazaar::verify
