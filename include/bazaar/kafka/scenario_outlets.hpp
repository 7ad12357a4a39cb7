#pragma once

#include <span>
#include <vector>

#include "bazaar/kafka/outlet.hpp"
#include "bazaar/model/table.hpp"
#include "bazaar/model/topic.hpp"
#include "bazaar/scenario/declared/spec.hpp"
#include "bazaar/scenario/settings.hpp"

namespace bazaar::kafka
{

/// What a scenario file says of its tables that go to Kafka: an outlet for each table of the scenario that was made of the file
/// and these settings. Tables that go elsewhere have one without topic.
///
/// Errors: `data` for what no record can have, all problems at once.
[[nodiscard]] std::vector<outlet> outlets_of(const scenario::declared::spec& file,
                                             const scenario::settings& configuration,
                                             std::span<const model::table> tables);

/// The topics that they need. A record has its business time, so topics keep records of any age.
[[nodiscard]] std::vector<model::topic> topics_of(const scenario::declared::spec& file, std::span<const outlet> outlets,
                                                  std::span<const model::table> tables, int replication);

}  // namespace bazaar::kafka
