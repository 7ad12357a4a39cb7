#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "bazaar/model/control.hpp"
#include "bazaar/run/record.hpp"
#include "bazaar/run/replan.hpp"
#include "bazaar/run/saved_plan.hpp"
#include "bazaar/run/survivors.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::run
{

/// State of a bulk load, according to the control log. The first `load` entry says what is to be loaded; each further
/// one says that a chunk is completely written. Chunk 0 contains the rows that other chunks' rows refer to; chunk i
/// contains the units from (i - 1) * chunk_units on.
struct load_state
{
    unit_no seam = 0;  ///< All units below are loaded.
    time at;           ///< Business time up to which they reach.
    unit_no chunk_units = 0;
    bool fast = false;           ///< Indexes and constraints are made at the end.
    std::uint64_t sequence = 0;  ///< Place of the first entry in the log.
    std::vector<bool> chunks;    ///< Whether each chunk is written.

    /// Nothing if the log has no load.
    [[nodiscard]] static std::optional<load_state> of(std::span<const model::control> log);

    /// With 65,536 units each, this is as far as ids go.
    static constexpr std::uint64_t chunks_max = std::uint64_t{1} << 24;

    [[nodiscard]] static std::uint64_t count(unit_no seam, unit_no chunk_units) noexcept
    {
        return 1 + (seam + chunk_units - 1) / chunk_units;
    }

    [[nodiscard]] bool whole() const noexcept;

    /// The first entry, and the entry of a chunk.
    [[nodiscard]] model::control begin() const noexcept;
    [[nodiscard]] model::control done(std::uint64_t chunk) const noexcept;
};

/// The result of a plan up to its seam: the first unit after a point in time, or after a number of ticks.
struct history
{
    unit_no seam = 0;
    std::uint64_t ticks = 0;
    time last;  ///< Business time of the last unit.
    survivors rows;

    struct end
    {
        std::optional<time> at;  ///< Units up to this time belong to it.
        std::optional<std::uint64_t> ticks;
        unit_no seam = no_unit;  ///< If it is already known.
    };

    /// Plans the history. A stop ends this early; `seam` is then 0.
    [[nodiscard]] static history of(const scenario::scenario& shop, const record& of, const end& until,
                                    const std::function<bool()>& stopped);
};

/// Hands out the units of a history in chunks; each unit is decided only once, for all workers.
///
/// Threads: any.
class chunk_walk
{
public:
    /// `wanted` selects the units of a chunk that are handed out. `shop` and `of` outlive this.
    chunk_walk(const scenario::scenario& shop, const record& of, unit_no seam, unit_no chunk_units,
               std::function<bool(const model::decision&)> wanted);

    struct chunk
    {
        std::uint64_t number = 0;  ///< From 0 on.
        unit_no units = 0;         ///< Including those that are not handed out.
    };

    /// Replaces `out` by the units of the next chunk; returns nothing after the last one. `skip` says which chunks are
    /// not needed.
    std::optional<chunk> next(std::vector<model::decision>& out, const std::function<bool(std::uint64_t)>& skip = {});

    /// The planner's state at the seam; nothing while chunks are left. `program` is as for `save_plan`.
    [[nodiscard]] std::optional<saved_plan> end(std::uint64_t program);

private:
    const record& record_;
    const unit_no seam_;
    const unit_no chunk_units_;
    const std::function<bool(const model::decision&)> wanted_;
    std::mutex mutex_;
    std::unique_ptr<scenario::planner> planner_;
    replanner walk_;
    std::uint64_t number_ = 0;
};

}  // namespace bazaar::run
