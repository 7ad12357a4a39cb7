#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "bazaar/base/error.hpp"
#include "bazaar/base/id.hpp"
#include "bazaar/base/time.hpp"
#include "bazaar/model/arena.hpp"
#include "bazaar/model/table.hpp"
#include "bazaar/model/value.hpp"

namespace bazaar::model
{

enum class op : std::uint8_t
{
    insert,
    update,
    erase,
};

[[nodiscard]] std::string_view name(op what) noexcept;

/// What the planner decides about one unit: small, self-contained; `build` needs nothing else.
struct decision
{
    unit_no no = 0;
    time at;  ///< Business time.
    std::uint64_t tick =
        0;  ///< The arrival that this unit belongs to, counted from 1; for a follow-up, the last arrival before it.
    std::uint16_t kind = 0;  ///< Number of its unit_kind.
    std::uint16_t schema = 0;
    bool barrier = false;  ///< Runs alone.
    std::uint8_t after_count = 0;
    std::uint8_t rewrites = 0;       ///< Bit i: changes or removes all rows of versioned tables that `after[i]` wrote.
    std::uint8_t removes = 0;        ///< Bit i: removes all rows of tables without versions that `after[i]` wrote.
    std::array<unit_no, 8> after{};  ///< Last writers of the rows that it changes or refers to.
    std::uint64_t initial = none;    ///< Position, in its table, of the row from before unit 0 that it changes first.
    std::uint8_t initial_table = 0;
    std::array<std::uint64_t, 24> arg{};  ///< The scenario's own; longer lists are drawn again by `build`,
    std::vector<std::uint64_t> more{};    ///< or stand here, where nothing can draw them again: memory of its own.

    static constexpr std::uint64_t none = ~std::uint64_t{0};

    /// This unit is sent after `earlier`, unless that is `no_unit`; see `rewrites` and `removes`.
    ///
    /// Errors: throws `internal` for more units than `after` can hold.
    void depends_on(unit_no earlier, bool rewrite = false, bool remove = false)
    {
        if (earlier == no_unit)
            return;
        expect(after_count < after.size(), "a unit names eight earlier ones at most");
        rewrites |= static_cast<std::uint8_t>((rewrite ? 1U : 0U) << after_count);
        removes |= static_cast<std::uint8_t>((remove ? 1U : 0U) << after_count);
        after[after_count++] = earlier;
    }
};

static_assert(std::is_nothrow_move_constructible_v<decision>);
static_assert(std::tuple_size_v<decltype(decision::after)> == 8, "`rewrites` and `removes` have a bit for each");

/// One row changed by a unit: whole rows on both sides. `before` is empty for an insert, `after` for an erase.
struct change
{
    op what = op::insert;
    std::uint8_t table = 0;
    std::span<const value> before;
    std::span<const value> after;

    /// Value of the key column.
    [[nodiscard]] const value& key(const model::table& t) const noexcept
    {
        return (after.empty() ? before : after)[t.key];
    }
};

/// A run of consecutive changes of one unit: the same operation on the same table.
struct part
{
    op what = op::insert;
    std::uint8_t table = 0;
    bool many = false;                        ///< Zero or more rows; otherwise exactly one.
    std::span<const std::uint8_t> columns{};  ///< For an update: the columns that may differ, without key and version.
};

/// The structure of all units of one kind. The first part is the gate: if it changes nothing, nothing else is done.
struct unit_kind
{
    std::string_view name;
    std::span<const part> parts;
};

/// The complete rows of one business action.
///
/// Lifetime: reused for the next unit after `clear`, which invalidates everything that the changes point to.
struct unit
{
    model::decision decision;
    std::vector<change> changes;  ///< In the order of writing; grouped like the parts of its kind.
    model::arena arena;

    void clear() noexcept
    {
        changes.clear();
        arena.clear();
    }

    /// A new row of `t` (number `table`), all NULL, to be filled.
    std::span<value> insert(std::uint8_t table, const model::table& t)
    {
        const auto row = arena.make<value>(t.columns.size());
        changes.push_back({op::insert, table, {}, row});
        return row;
    }

    /// Turns the inserts from the change `first` on into deletions.
    void erase_from(std::size_t first)
    {
        for (auto at = changes.begin() + static_cast<std::ptrdiff_t>(first); at != changes.end(); ++at)
            *at = {op::erase, at->table, at->after, {}};
    }

    /// Both sides of a changed row, to be filled by the caller: first `before`, then `after` as a copy of it with the
    /// changes.
    struct sides
    {
        std::span<value> before;
        std::span<value> after;
    };
    sides update(std::uint8_t table, const model::table& t)
    {
        const auto before = arena.make<value>(t.columns.size());
        const auto after = arena.make<value>(t.columns.size());
        changes.push_back({op::update, table, before, after});
        return {before, after};
    }
};

}  // namespace bazaar::model
