#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <tuple>
#include <vector>

#include "bazaar/scenario/kit/due_queue.hpp"
#include "bazaar/scenario/scenario.hpp"
#include "clockwork.hpp"
#include "flow.hpp"
#include "maker.hpp"
#include "row_memory.hpp"

namespace bazaar::scenario::declared
{

/// What waits for its time: a follow-up, or a step of a life.
struct waiting
{
    std::int64_t due = 0;  ///< In the planner's own time: business time without the shifts.
    std::uint64_t row = 0;
    std::uint64_t steps = 0;  ///< Of a life, so far; of others, what tells two of one row apart.
    item_no action = 0;
};

[[nodiscard]] inline bool earlier(const waiting& a, const waiting& b) noexcept
{
    return std::tie(a.due, a.action, a.row, a.steps) < std::tie(b.due, b.action, b.row, b.steps);
}

/// Decides the units of a scenario file.
///
/// The next unit is worked out ahead, without changing anything, so that an arrival that finds no row to link to is left out before
/// anybody waits for it. A control entry makes it anew.
class file_planner final : public planner
{
public:
    static constexpr std::size_t links_most = 12;
    static constexpr std::size_t lines_in_all = 48;
    static constexpr std::size_t moved_most = 48;
    static constexpr std::size_t counters_most = 4;

    /// So often another row is drawn, until the next one is taken.
    static constexpr std::size_t tries_most = 64;

    /// A row that a unit is going to insert.
    struct line
    {
        std::array<std::uint64_t, links_most> links{};
        frame* made = nullptr;
        std::uint8_t step = 0;
        std::uint8_t number = 0;
        bool is_short = false;
    };

    /// A row whose counters it is going to move.
    struct moved_row
    {
        item_no table = 0;
        std::uint64_t row = 0;
        std::array<std::int64_t, counters_most> levels{};
        std::uint32_t changes = 0;  ///< Bit i: change i of the unit is of this row.
    };

    /// The next unit, worked out.
    struct draft
    {
        bool ready = false;
        bool is_flow = false;  ///< Of `flows_[from]`, else the first that waits.
        std::size_t from = 0;
        item_no action = 0;
        std::int64_t at = 0;
        std::uint64_t ordinal = 0;
        std::uint64_t row = 0;  ///< What changes, or is the cause.
        std::uint64_t steps = 0;
        std::size_t lines = 0;
        std::size_t moved = 0;
        frame* unit = nullptr;
        std::array<std::uint64_t, links_most> unit_links{};
        std::array<line, lines_in_all> line_of{};
        std::array<moved_row, moved_most> moved_of{};

        /// Rows that a change has looked at and does not want: those, or for `next` all before `passed`.
        std::size_t unwanted = 0;
        std::uint64_t passed = 0;
        std::array<std::uint64_t, tries_most> unwanted_of{};
    };

    /// Who is told of each unit but those of T0: what it is about, before it is carried out, and whether it is left out instead.
    using witness = std::function<void(file_planner& plan, const draft& what, bool left_out)>;

    file_planner(const compiled& all, time start, witness whom = {});

    [[nodiscard]] time next_at() const override;
    model::decision next() override;
    [[nodiscard]] unit_no next_no() const override { return next_no_; }
    [[nodiscard]] bool done() const override { return !twin_ && !has_seeds() && !ready_.ready; }
    [[nodiscard]] std::uint64_t ticks() const override { return ticks_ - (twin_ && twin_->tick_ends ? 1 : 0); }
    void apply(const model::control& entry) override;
    [[nodiscard]] std::uint64_t digest() const override;
    void save(state_writer& to) const override;
    [[nodiscard]] bool load(state_reader& from) override;
    void figures(std::vector<figure>& out) const override;

    // What a witness may ask, of the plan as it is before the unit.

    /// The rows among which a link picks, and the place of one of them.
    struct candidates
    {
        std::uint64_t first = 0;  ///< Row.
        std::uint64_t count = 0;  ///< From there on, with those that are gone.
        std::uint64_t living = 0;
        std::uint64_t rank = 0;    ///< Of the row, among the living.
        std::uint64_t before = 0;  ///< Where rows are gone right before it: how many.
    };
    [[nodiscard]] candidates among(const row_plan& of, item_no link, std::int64_t at, std::uint64_t row) const;

    /// How many of the first `rows` candidates are there.
    [[nodiscard]] std::uint64_t living_among(const row_plan& of, item_no link, std::int64_t at,
                                             std::uint64_t rows) const;

    /// When the arrival comes that a draft is about.
    [[nodiscard]] std::int64_t arrival_of(const draft& what) const noexcept { return flows_[what.from].when.next(); }

    /// A row as it is now.
    [[nodiscard]] frame& remembered(const row_plan& of, std::uint64_t row);

    [[nodiscard]] const clockwork& clock() const noexcept { return clock_; }

private:
    /// A flow of arrivals and what it makes.
    struct arriving
    {
        item_no action;
        flow when;
    };

    /// Records behind the unit that was decided last.
    struct twin
    {
        model::decision what;
        bool tick_ends = false;
    };

    /// A unit that follows others, or a counter that is low.
    struct follower
    {
        item_no action = 0;
        const follow* how = nullptr;
        stream draws{""};
        std::size_t bit = 0;  ///< Of a counter: one of the writer's number.
        std::int64_t at = 0;  ///< What settings say.
        range after{};
    };

    /// A link to rows that are young enough, or not taken yet.
    struct limited_link
    {
        const row_plan* of = nullptr;
        item_no link = 0;
        bool alone = false;  ///< All links to these rows are limited in time, and the rows do not change.
    };

    // Which unit is the next.
    void settle();
    [[nodiscard]] bool find_next(draft& to);
    void leave_out(const draft& what);
    [[nodiscard]] std::int64_t business(std::int64_t own) const noexcept { return own + shift_; }

    // What it is about.
    void work_out_unit(draft& to, const action& what);
    [[nodiscard]] bool work_out(draft& to);
    [[nodiscard]] bool insert_lines(draft& to, const action& what);
    [[nodiscard]] bool insert_line(draft& to, const action& what, std::size_t step, std::size_t number);
    [[nodiscard]] bool pick_links(draft& to, const row_plan& of, line& one, std::uint64_t draw, const row_step* step);
    [[nodiscard]] std::uint64_t pick(const draft& to, const row_plan& of, item_no link, const line& one,
                                     std::uint64_t draw, bool distinct);
    [[nodiscard]] std::uint64_t pick_free(const draft& to, const row_plan& of, item_no link, const line& one,
                                          random& draw, bool distinct) const;
    [[nodiscard]] std::uint64_t pick_same(const draft& to, const row_plan& of, const link_plan& link, const line& one);
    [[nodiscard]] std::uint64_t pick_among(const row_plan& of, item_no link, std::int64_t at, std::uint64_t cursor,
                                           random& draw) const;
    [[nodiscard]] std::uint64_t pick_untaken(const row_plan& of, item_no link, std::int64_t at, random& draw) const;
    [[nodiscard]] std::uint64_t first_within(const row_plan& of, item_no link, std::int64_t at) const;
    [[nodiscard]] std::uint64_t living(const row_memory& among, std::uint64_t row, std::uint64_t first) const;
    [[nodiscard]] static bool is_taken(const draft& to, item_no link, const line& one, std::uint64_t row);
    [[nodiscard]] bool work_out_change(draft& to, const action& what);
    [[nodiscard]] bool pick_to_change(draft& to, const action& what);
    [[nodiscard]] std::uint64_t candidate(const row_plan& change, std::int64_t at, std::uint64_t cursor,
                                          random& draw) const;
    [[nodiscard]] bool is_wanted(const draft& to, const action& what, std::uint64_t row);
    void know(draft& to, const row_plan& of, frame& made, std::span<const std::uint64_t> links);
    void know_nested(const draft& to, const row_plan& of, frame& made, std::span<const std::uint64_t> links);
    [[nodiscard]] std::size_t change_linked(draft& to, const action& what);
    [[nodiscard]] bool move_counters(draft& to, const step_plan& step, line& one);
    [[nodiscard]] moved_row& moving(draft& to, item_no table, std::uint64_t row);
    [[nodiscard]] const moved_row* moving(const draft& to, item_no table, std::uint64_t row) const;

    // Deciding it.
    /// Which kind of unit it is, and which that of the records behind it: `no_kind` where nothing is written.
    [[nodiscard]] static std::array<std::uint16_t, 2> kinds_of(const draft& of, const action& what);
    [[nodiscard]] static std::uint64_t written(const draft& of, const action& what);
    [[nodiscard]] model::decision begin(std::uint16_t kind, std::int64_t at);
    [[nodiscard]] model::decision decide();
    [[nodiscard]] model::decision seeds();
    void write_words(model::decision& to, const draft& of, const action& what) const;
    void write_step(model::decision& to, const draft& of, const action& what, std::size_t step) const;
    void insert_rows(const draft& of, const action& what, unit_no by);
    void remember(const row_plan& of, frame* made, std::uint64_t writer);
    [[nodiscard]] static std::uint64_t writer_of(const draft& of, const compiled& all, unit_no by);
    void change_row(const draft& of, const action& what, std::uint64_t writer);
    void move_rows(const draft& of, const action& what, std::uint64_t writer);
    void set_row(const draft& of, const action& what, const moved_row& moved);
    void depend(model::decision& to, const draft& of, const action& what) const;
    static void depend_on(model::decision& to, unit_no earlier, bool rewrite);
    void follow_up(const draft& of, const action& what);
    void call(const follower& next, std::uint64_t row, std::uint64_t index, std::uint64_t steps);
    void read_settings();
    void live_on(item_no table, std::uint64_t row, item_no state, std::uint64_t steps);
    void watch(item_no table, std::uint64_t row);
    void take(const row_plan& plan, std::span<const std::uint64_t> links);
    void consume(const draft& of);
    void pass_over(const draft& of);
    void plan_twin(const action& what, const model::decision& of, std::uint16_t kind, bool tick);

    // Of the tables.
    [[nodiscard]] std::size_t writer_place(const row_plan& of) const noexcept { return of.kept.size(); }
    [[nodiscard]] std::uint64_t kept_value(const row_plan& of, item_no fact, std::uint64_t row) const;
    void prepare_flows();
    void prepare_follows();
    void prepare_memory();
    void prepare_links(const row_plan& of);
    void add_seed(const row_plan& of, std::uint64_t row, unit_no by);
    void advance_windows();
    [[nodiscard]] bool has_seeds() const noexcept { return seed_table_ < all_.tables.size(); }
    void next_seed_table();

    static constexpr std::uint64_t writer_mask = (std::uint64_t{1} << 41) - 1;
    static constexpr std::size_t watch_bit = 48;  ///< Of a writer's number, and up: what was called for.
    static constexpr std::uint64_t sole_bit = std::uint64_t{1}
                                              << 42;  ///< The writer wrote no other row with a version.

    const compiled& all_;
    const witness witness_;
    clockwork clock_;
    settings settings_;
    std::vector<operand> values_;
    model::arena texts_;
    maker make_;

    std::vector<arriving> flows_;
    std::vector<std::vector<follower>> watches_;         ///< Of counters, by table.
    std::vector<std::vector<follower>> followers_;       ///< Of rows, by table.
    std::vector<std::vector<follower>> unit_followers_;  ///< By unit.
    std::vector<limited_link> limited_;
    std::vector<std::vector<std::pair<std::size_t, item_no>>>
        takers_;  ///< By table: owners and links that take its rows once.

    unit_no next_no_ = 0;
    std::uint64_t ticks_ = 0;
    std::int64_t shift_ = 0;
    std::int64_t last_ = 0;  ///< Business time of the last unit.
    item_no seed_table_ = 0;
    std::uint64_t seed_row_ = 0;
    std::vector<std::uint64_t> ordinals_;  ///< By action.
    std::vector<std::uint64_t> voids_;
    std::vector<row_memory> rows_;               ///< By table.
    std::vector<std::vector<row_set>> untaken_;  ///< By owner and link that takes each row once.
    std::vector<std::vector<std::uint64_t>> cursors_;
    kit::due_queue<waiting> waiting_;
    std::optional<twin> twin_;
    draft ready_;
};

}  // namespace bazaar::scenario::declared
