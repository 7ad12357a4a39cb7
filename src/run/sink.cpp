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

std::int64_t reject_value(const written& answer) noexcept
{
    std::int64_t value = 0;
    for (const char c : std::string_view(answer.code.data()))
        value = value * 36 + (c >= '0' && c <= '9' ? c - '0' : c - 'A' + 10);
    return value;
}

std::string reject_code(std::int64_t value)
{
    if (value == 0)
        return {};
    std::string text;
    for (int i = 0; i < 5; ++i, value /= 36)
        text.insert(text.begin(), static_cast<char>(value % 36 < 10 ? '0' + value % 36 : 'A' + value % 36 - 10));
    return text;
}

written single_sink::ship(const shipment& what)
{
    expect(what.units.size() == 1 && what.entries.empty(), "this sink takes one unit at a time");
    return write(*what.units.front().unit, what.units.front().how);
}

}  // namespace bazaar::run
