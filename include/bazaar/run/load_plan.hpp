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

/// What the control log says of a bulk load. Its first `load` entry says what is to be loaded; each further one that a chunk is
/// there, whole. Chunk 0 holds what other chunks' rows refer to; chunk i the units from (i - 1) * chunk_units on.
struct load_state
{
    unit_no seam = 0;  ///< All units below are loaded.
    time at;           ///< Business time up to which they reach.
    unit_no chunk_units = 0;
    bool fast = false;           ///< Indexes and constraints are made at the end.
    std::uint64_t sequence = 0;  ///< Place of the first entry in the log.
    std::vector<bool> chunks;    ///< Those that are there.

    /// Nothing where the log has no load.
    [[nodiscard]] static std::optional<load_state> of(std::span<const model::control> log);

    /// Of 65,536 units each, as far as ids go.
    static constexpr std::uint64_t chunks_max = std::uint64_t{1} << 24;

    [[nodiscard]] static std::uint64_t count(unit_no seam, unit_no chunk_units) noexcept
    {
        return 1 + (seam + chunk_units - 1) / chunk_units;
    }

    [[nodiscard]] bool whole() const noexcept;

    /// The first entry, and that of a chunk.
    [[nodiscard]] model::control begin() const noexcept;
    [[nodiscard]] model::control done(std::uint64_t chunk) const noexcept;
};

/// What becomes of a plan up to its seam: the first unit behind a moment, or behind a number of ticks.
struct history
{
    unit_no seam = 0;
    std::uint64_t ticks = 0;
    time last;  ///< Business time of the last unit.
    survivors rows;

    struct end
    {
        std::optional<time> at;  ///< Units up to this moment belong to it.
        std::optional<std::uint64_t> ticks;
        unit_no seam = no_unit;  ///< Known already.
    };

    /// Plans it. A stop ends it early: then `seam` is 0.
    [[nodiscard]] static history of(const scenario::scenario& shop, const record& of, const end& until,
                                    const std::function<bool()>& stopped);
};

/// Hands out the units of a history in chunks, decided once for all who take.
///
/// Threads: any.
class chunk_walk
{
public:
    /// `wanted`: the units of a chunk that are handed out. `shop` and `of` outlive this.
    chunk_walk(const scenario::scenario& shop, const record& of, unit_no seam, unit_no chunk_units,
               std::function<bool(const model::decision&)> wanted);

    struct chunk
    {
        std::uint64_t number = 0;  ///< From 0 on.
        unit_no units = 0;         ///< Handed out or not.
    };

    /// Replaces `out` by the units of the next chunk; nothing behind the last one. `skip` says which ones are not needed.
    std::optional<chunk> next(std::vector<model::decision>& out, const std::function<bool(std::uint64_t)>& skip = {});

    /// The planner's state at the seam; nothing while chunks are left. `program` as `save_plan` takes it.
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
