#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "bazaar/base/id.hpp"
#include "bazaar/model/unit.hpp"
#include "scenario/thelook/catalogue.hpp"

namespace bazaar::scenario::thelook
{

/// Events of one session, at most; row numbers of `events` leave this room for each.
inline constexpr std::uint64_t events_max = 16;

/// Number of events of a purchase's session, of an anonymous one, and of one that cancels or returns.
[[nodiscard]] std::uint32_t purchase_events(std::uint64_t seed, std::uint64_t order, std::uint32_t items);
[[nodiscard]] std::uint32_t ghost_events(std::uint64_t seed, std::uint64_t session);
[[nodiscard]] std::uint32_t closing_events(std::uint32_t items);

/// A line of an order, as sessions and items need it.
struct line
{
    const product* what;
    std::int64_t quantity;
    row_id item;
    std::int64_t price;  ///< Cents, when it was bought.
};

/// Who visits, from where and in which time.
struct visit
{
    std::uint64_t session;
    unit_no unit;
    const row_id* user;  ///< Null for an anonymous one.
    const place* where;
    time after, end;  ///< All events lie behind `after`; the last is at `end`.
};

/// Writes the events of sessions into a unit.
class session_writer
{
public:
    session_writer(std::uint64_t seed, const catalogue& c, const id_codec& ids) : seed_(seed), catalogue_(c), ids_(ids)
    {
    }

    void purchase(const visit& v, std::uint64_t order, std::span<const line> lines, model::unit& out) const;

    /// The session that cancels or gives back what was bought; `type` is "cancel" or "return".
    void closing(const visit& v, std::string_view type, std::span<const line> lines, model::unit& out) const;
    void ghost(const visit& v, model::unit& out) const;

private:
    class writing;

    std::uint64_t seed_;
    const catalogue& catalogue_;
    const id_codec& ids_;
};

}  // namespace bazaar::scenario::thelook
