#pragma once

#include <string>
#include <string_view>

#include "bazaar/base/error.hpp"

namespace bazaar::kafka
{

/// Kind of error for a failure of librdkafka or of a broker, by its number (rd_kafka_resp_err_t).
[[nodiscard]] error_kind classify(int code) noexcept;

/// Whether the failure may be temporary: another controller, a request that was not answered in time, a lost
/// connection.
[[nodiscard]] bool is_passing(int code) noexcept;

/// Version of librdkafka at run time.
[[nodiscard]] std::string library_version();

/// Whether librdkafka has a setting of this name.
[[nodiscard]] bool is_setting(const std::string& name);

/// What a refused login means; `mechanism` is SASL's, empty without SASL. `version` is librdkafka's, as returned by
/// rd_kafka_version(). Versions below 2.6.1 cannot log in by SCRAM to a broker with the fix for CVE-2024-56128, such as
/// Kafka 4: confluentinc/librdkafka#4895.
[[nodiscard]] std::string login_advice(std::string_view mechanism, int version);

}  // namespace bazaar::kafka
