#pragma once

#include "bazaar/app/options.hpp"
#include "bazaar/daemon/kafka_target.hpp"
#include "bazaar/kafka/admin.hpp"

namespace bazaar::app
{

/// How to reach Kafka, as the flags say. Errors: `no_input` for files that cannot be read.
[[nodiscard]] kafka::client_settings kafka_settings(const options& opts);

/// How tables that go to Kafka are written. Errors: as above.
[[nodiscard]] daemon::kafka_target kafka_target_of(const options& opts);

/// Connects.
[[nodiscard]] kafka::admin kafka_admin(const options& opts);

}  // namespace bazaar::app
