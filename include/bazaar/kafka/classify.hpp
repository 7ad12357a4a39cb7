#pragma once

#include <string>
#include <string_view>

#include "bazaar/base/error.hpp"

namespace bazaar::kafka
{

/// What a failure of librdkafka or of a broker means here, by its number (rd_kafka_resp_err_t).
[[nodiscard]] error_kind classify(int code) noexcept;

/// May be gone when the same is tried again: another controller, a request that was not answered in time, a lost connection.
[[nodiscard]] bool is_passing(int code) noexcept;

/// Version of librdkafka as it runs.
[[nodiscard]] std::string library_version();

/// Whether librdkafka has a setting of this name.
[[nodiscard]] bool is_setting(const std::string& name);

/// What a refused login means; `mechanism` is SASL's, empty without SASL. `version` is librdkafka's, as
/// rd_kafka_version() gives it. Below 2.6.1 it cannot log in by SCRAM to a broker that is mended against CVE-2024-56128, as
/// Kafka 4 is: confluentinc/librdkafka#4895.
[[nodiscard]] std::string login_advice(std::string_view mechanism, int version);

}  // namespace bazaar::kafka
