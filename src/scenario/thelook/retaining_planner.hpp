#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "scenario/thelook/decisions.hpp"
#include "scenario/thelook/planner.hpp"

namespace bazaar::scenario::thelook
{

/// The plan of a `shop_planner` with units between that remove what has been over for the age of `--retain`: orders of which
/// nothing is to come, with their items and sessions, and anonymous sessions.
///
/// What is over is not remembered for that age. A second planner decides the same units once more, an age behind the first, and
/// says what goes. Its units carry the numbers that they had, which depend on how many removals stood before them: a third one,
/// another age behind, counts those.
///
/// Limits: three times the time and memory of a `shop_planner`, and some bytes for each open order.
class retaining_planner final : public planner
{
public:
    retaining_planner(edition rules, std::uint64_t seed, const settings& given, time start, const price_round& round,
                      const calendar* when);

    [[nodiscard]] time next_at() const override;
    model::decision next() override;
    [[nodiscard]] unit_no next_no() const override { return lines_[0].units + lines_[0].removals; }
    [[nodiscard]] std::uint64_t ticks() const override { return lines_[0].core.ticks(); }
    void apply(const model::control& entry) override;
    [[nodiscard]] std::uint64_t digest() const override;
    void save(state_writer& to) const override;
    [[nodiscard]] bool load(state_reader& from) override;
    void figures(std::vector<figure>& out) const override;

private:
    /// What its last unit leaves to be removed.
    struct removal
    {
        std::int64_t over = 0;  ///< Since when, in planner's own time.
        model::decision unit;   ///< Without number, moment and tick; of the second line only.
    };

    /// One of the three planners. They decide the same, under the same entries of the control log.
    struct line
    {
        shop_planner core;
        std::uint64_t units = 0;     ///< Decided.
        std::uint64_t removals = 0;  ///< Before its next unit.
        std::uint64_t entries = 0;   ///< Applied.
        std::optional<removal> next{};
    };

    /// What the session of a purchase needs to be made again.
    struct bought
    {
        std::uint64_t session;
        std::uint32_t after, moves;
        bool first;  ///< The user's first one.
    };

    [[nodiscard]] bool removal_due(std::size_t front);
    model::decision decide(std::size_t which);
    void steer(line& one);
    void note(const model::decision& d);
    void order_over(const model::decision& last, order_removed_decision what, const bought& from, unit_no purchase);
    void count(const removal& gone);

    /// When a removal is due.
    [[nodiscard]] std::int64_t due(const removal& what) const noexcept;

    edition rules_;
    std::uint64_t seed_;
    std::int64_t age_;
    std::array<line, 3> lines_;
    bool removes_ = false;                  ///< The next unit is the removal that the second line has found.
    std::int64_t last_ = 0;                 ///< Own time of the last removal.
    std::map<std::uint64_t, bought> open_;  ///< By order, of those that are not over in the second line.
    std::deque<std::pair<std::uint64_t, model::control>>
        entries_;                  ///< With the unit of the core that follows; until all have them.
    std::uint64_t forgotten_ = 0;  ///< Entries that stood before them.

    /// Places of the core's figures.
    enum figure_place : std::size_t
    {
        users,
        orders,
        items,
        events,
        orders_in,  ///< The first state of orders.
    };
    std::array<std::uint64_t, orders_in + states.size()> removed_{};  ///< By figure of the core.
};

}  // namespace bazaar::scenario::thelook
