#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "bazaar/model/arena.hpp"
#include "bazaar/model/value.hpp"
#include "compiled.hpp"

namespace bazaar::scenario::declared
{

/// A row, a change of one or a unit while its values are made: each is made once.
struct frame
{
    const row_plan* of = nullptr;
    std::uint64_t row = 0;             ///< Of a unit: which of its kind.
    std::uint64_t draw = 0;            ///< What draws are indexed by.
    std::uint64_t moment = 0;          ///< When it was inserted; of a change, when it is made.
    std::uint64_t unit = 0;            ///< Which unit inserts it, where the facts do not say so.
    std::span<std::uint64_t> facts{};  ///< By their numbers in the plan.
    std::span<operand> slots{};        ///< Values of the names, where they are known.
    std::span<std::uint8_t> known{};
    std::span<frame*> relations{};        ///< Rows that it leads to, where they were made.
    const step_plan* step = nullptr;      ///< Which of a unit's steps inserts it: its moves change counters.
    frame* host = nullptr;                ///< Of a change: its row.
    bool is_new = false;                  ///< Being inserted: what it holds is not known yet.
    std::span<const operand> settings{};  ///< Of a change that is decided: as they are now.
};

/// Makes values from facts. Where deciding a unit needs a value, this makes it, too.
///
/// Threads: one. Lifetime: values point into the arena, the scenario file and the seed files; the arena is the caller's to clear.
/// Errors: throws `data` for what an expression cannot be.
class maker
{
public:
    maker(const compiled& all, model::arena& texts) : all_(all), texts_(texts), work_{.texts = texts, .zone = all.zone}
    {
    }

    /// A row without facts. Its draws are indexed by its number, until `draw` says else.
    [[nodiscard]] frame& row(const row_plan& of, std::uint64_t number);

    /// The value of a column as expressions see it.
    [[nodiscard]] operand column(frame& of, item_no which);

    /// The same row, as it is before anything is made of it.
    [[nodiscard]] frame& copy(const frame& of);

    /// What follows from being inserted at `moment` by `unit`.
    void insert(frame& of, std::uint64_t moment, unit_no unit);

    /// A row of T0 as it is inserted, and all that it knows of the rows to which its links lead; `settings` as they are then.
    [[nodiscard]] frame& seed(const row_plan& of, std::uint64_t number, std::uint64_t start,
                              std::span<const operand> settings);

    /// A fact of a row that a setter makes at a moment, when it is as `before` says; `settings` as they are then. Of a setter of a unit, its
    /// frame, which is `unit`.
    struct new_fact
    {
        item_no fact = no_item;
        std::uint64_t word = 0;
    };
    [[nodiscard]] new_fact set(frame& before, std::size_t which, std::uint64_t moment,
                               std::span<const operand> settings, frame* unit = nullptr);

    /// In which frame that setter makes its value.
    [[nodiscard]] frame& setting_frame(frame& before, const setter& one, std::uint64_t moment,
                                       std::span<const operand> settings, frame* unit = nullptr);

    /// The row that a relation leads to, with what this one knows of it.
    [[nodiscard]] frame& related(frame& of, item_no relation);

    /// All columns that go to a target, as they are stored.
    void values(frame& of, model::target where, std::span<model::value> to);

    /// What an expression of the frame's scope is worth.
    [[nodiscard]] operand worth(frame& of, const expression& what, std::string_view name);

    [[nodiscard]] operand made(frame& of, const gen_plan& how, std::uint64_t index);

    /// Which row a link leads to, or `no_row`.
    [[nodiscard]] std::uint64_t linked(frame& of, item_no link);

    /// By how much a line moves a counter of the row that a link leads to.
    [[nodiscard]] std::int64_t moved(frame& of, item_no link, item_no counter);
    [[nodiscard]] std::int64_t amount(frame& of, const row_step::movement& move);

    /// Which unit inserted a row of a table that is `closed`.
    [[nodiscard]] static unit_no unit_of_seed(const row_plan& of, std::uint64_t row) noexcept
    {
        return of.first_unit + row / seed_rows * of.unit_step;
    }

private:
    [[nodiscard]] std::uint64_t picked_at_start(const row_plan& of, item_no link, std::uint64_t index) const;
    [[nodiscard]] operand slot(frame& of, item_no which);
    [[nodiscard]] operand value_of(frame& of, const source& what);
    [[nodiscard]] operand cell(frame& of, const gen_plan& var, const operand& row, item_no column) const;
    [[nodiscard]] operand through(frame& of, item_no relation, item_no column);
    [[nodiscard]] operand setting_of(const frame& of, item_no which) const;
    [[nodiscard]] operand as_set(frame& of, item_no column, std::uint64_t drawn);
    [[nodiscard]] std::uint64_t held(const frame& of, const operand& what, std::string_view name) const;
    [[nodiscard]] operand key_text(frame& of);
    [[nodiscard]] operand drawn(frame& of, const gen_plan& how, std::uint64_t index);
    [[nodiscard]] operand number_drawn(const generator& how, random& draw) const;
    [[nodiscard]] operand pattern(const gen::pattern& how, random& draw);
    [[nodiscard]] operand sequence(const gen::sequence& how, std::uint64_t row);
    [[nodiscard]] operand row_of(frame& of, const gen_plan& how, const gen::row_of& what, random& draw);
    [[nodiscard]] operand day(frame& of, const gen::day& how, random& draw);
    [[nodiscard]] operand json(frame& of, const gen_plan& how, random& draw, std::uint64_t index);
    [[nodiscard]] row_id reference(frame& of, const source& what);
    [[nodiscard]] std::string_view text_of(const operand& what, const value_type& type);
    [[nodiscard]] model::value stored(frame& of, item_no column);
    [[nodiscard]] model::value converted(const operand& what, const value_type& from, const declared::column& to);
    [[noreturn]] void fail(const frame& of, std::string_view name, std::string_view why) const;

    const compiled& all_;
    model::arena& texts_;
    workspace work_;
};

/// A number of one scale as one of another.
[[nodiscard]] operand as_type(operand what, const value_type& from, const value_type& to) noexcept;

/// One of `count` rows from `first` on, by a link that draws among them. `count` is above zero.
[[nodiscard]] std::uint64_t pick_row(const link_plan& link, random& draw, std::uint64_t first, std::uint64_t count,
                                     std::uint64_t seeds);

/// A number below `count` as another one: each once.
[[nodiscard]] std::uint64_t scattered(std::uint64_t key, std::uint64_t number, std::uint64_t count) noexcept;

}  // namespace bazaar::scenario::declared
