#include "bazaar/kafka/classify.hpp"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

namespace bazaar::kafka
{

error_kind classify(int code) noexcept
{
    switch (code)
    {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__SSL:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
    case RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_SECURITY_DISABLED:
        return error_kind::permission;
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
    case RD_KAFKA_RESP_ERR_NOT_CONTROLLER:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
        return error_kind::unavailable;
    case RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE:
        return error_kind::os;
    default:
        return error_kind::config;
    }
}

bool is_passing(int code) noexcept
{
    return classify(code) == error_kind::unavailable;
}

std::string library_version()
{
    return rd_kafka_version_str();
}

bool is_setting(const std::string& name)
{
    auto* const all = rd_kafka_conf_new();
    std::size_t size = 0;
    const bool known = rd_kafka_conf_get(all, name.c_str(), nullptr, &size) == RD_KAFKA_CONF_OK;
    rd_kafka_conf_destroy(all);
    return known;
}

std::string login_advice(std::string_view mechanism, int version)
{
    constexpr int mended = 0x020601ff;
    if (mechanism.empty())
        return "check --kafka-ca-file, --kafka-cert-file and --kafka-key-file";
    if (!mechanism.starts_with("SCRAM") || version >= mended)
        return "check --sasl-username, the password, --sasl-mechanism and --security-protocol";
    return fmt::format("librdkafka {}.{}.{} cannot log in by SCRAM to Kafka 4 whatever the password is, a known bug "
                       "that 2.6.1 mends: use "
                       "--sasl-mechanism PLAIN or a client certificate, or this program built with a newer librdkafka; "
                       "if the broker is "
                       "older, check --sasl-username and the password",
                       version >> 24 & 0xff, version >> 16 & 0xff, version >> 8 & 0xff);
}

}  // namespace bazaar::kafka
