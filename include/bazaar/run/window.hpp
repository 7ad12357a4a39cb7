#pragma once

#include <cstdint>
#include <queue>
#include <vector>

#include "bazaar/model/unit.hpp"

namespace bazaar::run
{

/// The units that are planned and not settled; knows which of them may be sent now.
///
/// A unit is ready when the units in its `after` are settled. Unit n is added only when all units up to n - W are
/// settled (W limits the span, not the number in flight). A barrier unit runs alone. The lowest ready unit comes first,
/// so a single worker sends them in planned order.
///
/// Threads: not synchronised; the caller locks.
class window
{
public:
    /// `first` is the number of the first unit to come, `span` is W, at least 1.
    window(unit_no first, std::uint32_t span);

    /// Whether the next unit may be added.
    [[nodiscard]] bool has_room() const noexcept { return next_ - settled_ < slots_.size(); }

    /// Adds the next unit; numbers follow each other without gaps. A unit that is `held` also waits for `release`.
    void add(const model::decision& d, bool held = false);

    /// A unit that was held now waits only for earlier units.
    void release(unit_no no);

    /// The lowest ready unit, now in flight; null when none is ready. Valid until it is settled.
    [[nodiscard]] const model::decision* take();

    /// The unit after `last`, now in flight, if it waits only for units in flight from `first` on, which will be
    /// written together with it; null otherwise.
    [[nodiscard]] const model::decision* take_after(unit_no last, unit_no first);

    /// A unit in flight is settled.
    void settle(unit_no no);

    /// A unit in flight is not sent any more: it is ready again, or waits as before.
    void put_back(unit_no no);

    /// W.
    [[nodiscard]] std::uint64_t limit() const noexcept { return slots_.size(); }

    /// All units below are settled.
    [[nodiscard]] unit_no settled() const noexcept { return settled_; }

    /// Units that were added and are not settled, the span that they cover, and whether any is ready.
    [[nodiscard]] std::uint64_t open() const noexcept { return open_; }
    [[nodiscard]] std::uint64_t span() const noexcept { return next_ - settled_; }
    [[nodiscard]] bool empty() const noexcept { return next_ == settled_; }
    [[nodiscard]] bool has_ready() const noexcept { return !ready_.empty(); }

    /// The lowest unit that is not settled; null when there is none.
    [[nodiscard]] const model::decision* oldest() const noexcept
    {
        return empty() ? nullptr : &slots_[settled_ % slots_.size()].decision;
    }

private:
    enum class stage : std::uint8_t
    {
        none,     ///< Free.
        waiting,  ///< For earlier units.
        ready,
        in_flight,
        settled,  ///< While an earlier unit is not.
    };

    static constexpr std::uint64_t nobody = ~std::uint64_t{0};

    struct link
    {
        unit_no unit = nobody;
        std::uint8_t which = 0;
    };

    struct slot
    {
        model::decision decision;
        stage at = stage::none;
        std::uint8_t missing = 0;  ///< Earlier units that it still waits for.
        link waiting;              ///< First of the units that wait for this one.
        /// Next in the list of each unit that it waits for.
        std::array<link, std::tuple_size_v<decltype(model::decision::after)>> next{};
    };

    [[nodiscard]] slot& at(unit_no no) noexcept { return slots_[no % slots_.size()]; }
    void make_ready(slot& s);
    void pass_barrier();

    std::vector<slot> slots_;
    unit_no settled_;
    unit_no next_;
    std::uint64_t open_ = 0;
    std::priority_queue<unit_no, std::vector<unit_no>, std::greater<>> ready_;
    std::vector<unit_no> held_;  ///< Units that wait only because of a barrier, or are one themselves.
    unit_no barrier_ = nobody;   ///< The earliest barrier not yet settled.
};

}  // namespace bazaar::run
