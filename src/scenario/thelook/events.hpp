#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "bazaar/base/id.hpp"
#include "bazaar/model/unit.hpp"
#include "scenario/thelook/catalogue.hpp"
#include "scenario/thelook/edition.hpp"

namespace bazaar::scenario::thelook
{

/// Events of one session, at most; row numbers of `events` leave this room for each.
inline constexpr std::uint64_t events_max = 16;

/// Number of events of a purchase's session, of an anonymous one, and of one that cancels or returns.
[[nodiscard]] std::uint32_t purchase_events(std::uint64_t seed, std::uint64_t order, std::uint32_t items);
[[nodiscard]] std::uint32_t ghost_events(std::uint64_t seed, std::uint64_t session);
[[nodiscard]] std::uint32_t closing_events(edition rules, std::uint32_t items);

/// Where users hear of the shop, and what leads a visitor there.
inline constexpr std::array<std::string_view, 5> traffic_sources{"Organic", "Facebook", "Search", "Email", "Display"};
/// Of new users, and of visitors whom nobody knows.
inline constexpr std::array<std::uint32_t, 5> source_weights{15, 6, 70, 5, 4};

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
    time after, end;            ///< All events lie behind `after`; the last is at `end`.
    std::string_view source{};  ///< What led there; empty: is drawn.
};

/// Writes the events of sessions into a unit.
class session_writer
{
public:
    session_writer(edition rules, std::uint64_t seed, const catalogue& c, const id_codec& ids)
        : rules_(rules), seed_(seed), catalogue_(c), ids_(ids)
    {
    }

    void purchase(const visit& v, std::uint64_t order, std::span<const line> lines, model::unit& out) const;

    /// The session that cancels or gives back what was bought; `type` is "cancel" or "return".
    void closing(const visit& v, std::string_view type, std::span<const line> lines, model::unit& out) const;
    void ghost(const visit& v, model::unit& out) const;

private:
    class writing;

    edition rules_;
    std::uint64_t seed_;
    const catalogue& catalogue_;
    const id_codec& ids_;
};

}  // namespace bazaar::scenario::thelook
