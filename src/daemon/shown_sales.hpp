#pragma once

#include <vector>

#include "bazaar/base/id.hpp"
#include "bazaar/model/key_codec.hpp"
#include "bazaar/model/unit.hpp"
#include "bazaar/observe/snapshot.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::daemon
{

/// The newest sales, as whoever looks at a run sees them. A sale is built again when it is first looked at, and not where it was written.
///
/// Threads: one, the event loop's.
class shown_sales
{
public:
    /// Of these units. While a runner has sold nothing yet: what was there before it.
    [[nodiscard]] const std::vector<observe::sold>& of(const std::vector<model::decision>& newest,
                                                       const scenario::scenario& shop, const model::key_codec& ids);

    /// As they were shown last.
    [[nodiscard]] const std::vector<observe::sold>& last() const noexcept { return shown_; }

private:
    std::vector<observe::sold> shown_;
    model::unit unit_;
};

}  // namespace bazaar::daemon
