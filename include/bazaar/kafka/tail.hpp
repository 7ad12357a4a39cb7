#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "bazaar/base/id.hpp"
#include "bazaar/kafka/client_settings.hpp"
#include "bazaar/kafka/unit_header.hpp"

namespace bazaar::kafka
{

/// Which units of a run its topics hold, as their last records tell.
class tail
{
public:
    /// `span`: the run's W. Of two units that are under way at the same time, the numbers differ by less.
    explicit tail(std::uint64_t span) noexcept : span_(span) {}

    void add(const unit_header& record);

    /// The whole unit was committed while it was in doubt.
    void add_whole(unit_no unit, std::uint16_t count);

    /// Nothing where no record was found.
    [[nodiscard]] std::optional<unit_no> highest() const noexcept { return highest_; }

    /// Whether this record is there. Everything more than W below the highest unit is.
    [[nodiscard]] bool has(unit_no unit, std::uint16_t index) const;

    /// Forgets what `has` does not need.
    void prune();

private:
    std::uint64_t span_;
    std::optional<unit_no> highest_;
    std::map<unit_no, std::vector<bool>> found_;
};

struct tail_options
{
    std::uint32_t tag = 0;                      ///< Of the run; other records are somebody else's.
    std::uint64_t span = 1024;                  ///< The run's W.
    std::int64_t first_reach = 1'000;           ///< Offsets that are read of each partition at first.
    std::chrono::milliseconds timeout{30'000};  ///< How long the cluster may not answer.
};

/// Reads the ends of all partitions of these topics, as far back as needed: committed records only.
///
/// Errors: those of `admin`; `config` for a topic that does not exist; `unavailable`, too, where an open transaction of
///         another producer hides the end for longer than the timeout. Nothing if it was stopped.
[[nodiscard]] std::optional<tail> read_tail(const client_settings& cluster, const std::set<std::string>& topics,
                                            const tail_options& how, std::stop_token stop);

}  // namespace bazaar::kafka
