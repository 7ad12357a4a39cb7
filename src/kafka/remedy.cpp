#include "bazaar/kafka/remedy.hpp"

#include <algorithm>

#include <librdkafka/rdkafka.h>

namespace bazaar::kafka
{
namespace
{

/// What a producer never hears (of consumers, of groups, of administration) is `stop`: it would be our mistake. Numbers without a name
/// are of later versions of librdkafka.
constexpr remedy_row table[] = {
    {RD_KAFKA_RESP_ERR__BAD_MSG, remedy::again},
    {RD_KAFKA_RESP_ERR__BAD_COMPRESSION, remedy::stop},
    {RD_KAFKA_RESP_ERR__DESTROY, remedy::stop},
    {RD_KAFKA_RESP_ERR__FAIL, remedy::again},
    {RD_KAFKA_RESP_ERR__TRANSPORT, remedy::again},
    {RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, remedy::stop},
    {RD_KAFKA_RESP_ERR__RESOLVE, remedy::again},
    {RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, remedy::again},
    {RD_KAFKA_RESP_ERR__PARTITION_EOF, remedy::stop},
    {RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, remedy::again},
    {RD_KAFKA_RESP_ERR__FS, remedy::stop},
    {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, remedy::again},
    {RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, remedy::again},
    {RD_KAFKA_RESP_ERR__INVALID_ARG, remedy::stop},
    {RD_KAFKA_RESP_ERR__TIMED_OUT, remedy::again},
    {RD_KAFKA_RESP_ERR__QUEUE_FULL, remedy::again},
    {RD_KAFKA_RESP_ERR__ISR_INSUFF, remedy::again},
    {RD_KAFKA_RESP_ERR__NODE_UPDATE, remedy::again},
    {RD_KAFKA_RESP_ERR__SSL, remedy::stop},
    {RD_KAFKA_RESP_ERR__WAIT_COORD, remedy::again},
    {RD_KAFKA_RESP_ERR__UNKNOWN_GROUP, remedy::stop},
    {RD_KAFKA_RESP_ERR__IN_PROGRESS, remedy::again},
    {RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS, remedy::again},
    {RD_KAFKA_RESP_ERR__EXISTING_SUBSCRIPTION, remedy::stop},
    {RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS, remedy::stop},
    {RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS, remedy::stop},
    {RD_KAFKA_RESP_ERR__CONFLICT, remedy::again},
    {RD_KAFKA_RESP_ERR__STATE, remedy::abort},
    {RD_KAFKA_RESP_ERR__UNKNOWN_PROTOCOL, remedy::stop},
    {RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED, remedy::stop},
    {RD_KAFKA_RESP_ERR__AUTHENTICATION, remedy::stop},
    {RD_KAFKA_RESP_ERR__NO_OFFSET, remedy::stop},
    {RD_KAFKA_RESP_ERR__OUTDATED, remedy::again},
    {RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, remedy::again},
    {RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, remedy::stop},
    {RD_KAFKA_RESP_ERR__WAIT_CACHE, remedy::again},
    {RD_KAFKA_RESP_ERR__INTR, remedy::again},
    {RD_KAFKA_RESP_ERR__KEY_SERIALIZATION, remedy::stop},
    {RD_KAFKA_RESP_ERR__VALUE_SERIALIZATION, remedy::stop},
    {RD_KAFKA_RESP_ERR__KEY_DESERIALIZATION, remedy::stop},
    {RD_KAFKA_RESP_ERR__VALUE_DESERIALIZATION, remedy::stop},
    {RD_KAFKA_RESP_ERR__PARTIAL, remedy::again},
    {RD_KAFKA_RESP_ERR__READ_ONLY, remedy::stop},
    {RD_KAFKA_RESP_ERR__NOENT, remedy::again},
    {RD_KAFKA_RESP_ERR__UNDERFLOW, remedy::again},
    {RD_KAFKA_RESP_ERR__INVALID_TYPE, remedy::stop},
    {RD_KAFKA_RESP_ERR__RETRY, remedy::again},
    {RD_KAFKA_RESP_ERR__PURGE_QUEUE, remedy::again},
    {RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, remedy::again},
    {RD_KAFKA_RESP_ERR__FATAL, remedy::reopen},
    {RD_KAFKA_RESP_ERR__INCONSISTENT, remedy::reopen},
    {RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE, remedy::reopen},
    {RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED, remedy::stop},
    {RD_KAFKA_RESP_ERR__UNKNOWN_BROKER, remedy::again},
    {RD_KAFKA_RESP_ERR__NOT_CONFIGURED, remedy::stop},
    {RD_KAFKA_RESP_ERR__FENCED, remedy::stop},
    {RD_KAFKA_RESP_ERR__APPLICATION, remedy::stop},
    {RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST, remedy::stop},
    {RD_KAFKA_RESP_ERR__NOOP, remedy::again},
    {RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, remedy::stop},
    {-139, remedy::stop},   // _LOG_TRUNCATION
    {-138, remedy::stop},   // _INVALID_DIFFERENT_RECORD
    {-137, remedy::again},  // _DESTROY_BROKER
    {RD_KAFKA_RESP_ERR_UNKNOWN, remedy::again},
    {RD_KAFKA_RESP_ERR_NO_ERROR, remedy::none},
    {RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, remedy::stop},
    {RD_KAFKA_RESP_ERR_INVALID_MSG, remedy::again},
    {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, remedy::again},
    {RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE, remedy::refuse},
    {RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, remedy::again},
    {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, remedy::again},
    {RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, remedy::again},
    {RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE, remedy::again},
    {RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE, remedy::again},
    {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, remedy::refuse},
    {RD_KAFKA_RESP_ERR_STALE_CTRL_EPOCH, remedy::again},
    {RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE, remedy::stop},
    {RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION, remedy::again},
    {RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, remedy::again},
    {RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, remedy::again},
    {RD_KAFKA_RESP_ERR_NOT_COORDINATOR, remedy::again},
    {RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, remedy::stop},
    {RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, remedy::refuse},
    {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, remedy::again},
    {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, remedy::again},
    {RD_KAFKA_RESP_ERR_INVALID_REQUIRED_ACKS, remedy::stop},
    {RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, remedy::stop},
    {RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL, remedy::stop},
    {RD_KAFKA_RESP_ERR_INVALID_GROUP_ID, remedy::stop},
    {RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, remedy::stop},
    {RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT, remedy::stop},
    {RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, remedy::stop},
    {RD_KAFKA_RESP_ERR_INVALID_COMMIT_OFFSET_SIZE, remedy::stop},
    {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, remedy::stop},
    {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, remedy::stop},
    {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, remedy::stop},
    {RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, remedy::stop},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM, remedy::stop},
    {RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE, remedy::stop},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, remedy::stop},
    {RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS, remedy::stop},
    {RD_KAFKA_RESP_ERR_INVALID_PARTITIONS, remedy::stop},
    {RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, remedy::stop},
    {RD_KAFKA_RESP_ERR_INVALID_REPLICA_ASSIGNMENT, remedy::stop},
    {RD_KAFKA_RESP_ERR_INVALID_CONFIG, remedy::stop},
    {RD_KAFKA_RESP_ERR_NOT_CONTROLLER, remedy::again},
    {RD_KAFKA_RESP_ERR_INVALID_REQUEST, remedy::stop},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT, remedy::stop},
    {RD_KAFKA_RESP_ERR_POLICY_VIOLATION, remedy::stop},
    {RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, remedy::abort},
    {RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER, remedy::abort},
    {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, remedy::abort},
    {RD_KAFKA_RESP_ERR_INVALID_TXN_STATE, remedy::abort},
    {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING, remedy::reopen},
    {RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT, remedy::stop},
    {RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, remedy::again},
    {RD_KAFKA_RESP_ERR_TRANSACTION_COORDINATOR_FENCED, remedy::again},
    {RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, remedy::stop},
    {RD_KAFKA_RESP_ERR_SECURITY_DISABLED, remedy::stop},
    {RD_KAFKA_RESP_ERR_OPERATION_NOT_ATTEMPTED, remedy::again},
    {RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, remedy::again},
    {RD_KAFKA_RESP_ERR_LOG_DIR_NOT_FOUND, remedy::again},
    {RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, remedy::stop},
    {RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID, remedy::abort},
    {RD_KAFKA_RESP_ERR_REASSIGNMENT_IN_PROGRESS, remedy::again},
    {RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_AUTH_DISABLED, remedy::stop},
    {RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_NOT_FOUND, remedy::stop},
    {RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_OWNER_MISMATCH, remedy::stop},
    {RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, remedy::stop},
    {RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_AUTHORIZATION_FAILED, remedy::stop},
    {RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_EXPIRED, remedy::stop},
    {RD_KAFKA_RESP_ERR_INVALID_PRINCIPAL_TYPE, remedy::stop},
    {RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP, remedy::stop},
    {RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND, remedy::stop},
    {RD_KAFKA_RESP_ERR_FETCH_SESSION_ID_NOT_FOUND, remedy::stop},
    {RD_KAFKA_RESP_ERR_INVALID_FETCH_SESSION_EPOCH, remedy::stop},
    {RD_KAFKA_RESP_ERR_LISTENER_NOT_FOUND, remedy::again},
    {RD_KAFKA_RESP_ERR_TOPIC_DELETION_DISABLED, remedy::stop},
    {RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH, remedy::again},
    {RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH, remedy::again},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE, remedy::stop},
    {RD_KAFKA_RESP_ERR_STALE_BROKER_EPOCH, remedy::again},
    {RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE, remedy::again},
    {RD_KAFKA_RESP_ERR_MEMBER_ID_REQUIRED, remedy::stop},
    {RD_KAFKA_RESP_ERR_PREFERRED_LEADER_NOT_AVAILABLE, remedy::again},
    {RD_KAFKA_RESP_ERR_GROUP_MAX_SIZE_REACHED, remedy::stop},
    {RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, remedy::stop},
    {RD_KAFKA_RESP_ERR_ELIGIBLE_LEADERS_NOT_AVAILABLE, remedy::again},
    {RD_KAFKA_RESP_ERR_ELECTION_NOT_NEEDED, remedy::stop},
    {RD_KAFKA_RESP_ERR_NO_REASSIGNMENT_IN_PROGRESS, remedy::stop},
    {RD_KAFKA_RESP_ERR_GROUP_SUBSCRIBED_TO_TOPIC, remedy::stop},
    {RD_KAFKA_RESP_ERR_INVALID_RECORD, remedy::refuse},
    {RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT, remedy::stop},
    {RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED, remedy::again},
    {RD_KAFKA_RESP_ERR_PRODUCER_FENCED, remedy::stop},
    {RD_KAFKA_RESP_ERR_RESOURCE_NOT_FOUND, remedy::stop},
    {RD_KAFKA_RESP_ERR_DUPLICATE_RESOURCE, remedy::stop},
    {RD_KAFKA_RESP_ERR_UNACCEPTABLE_CREDENTIAL, remedy::stop},
    {RD_KAFKA_RESP_ERR_INCONSISTENT_VOTER_SET, remedy::stop},
    {RD_KAFKA_RESP_ERR_INVALID_UPDATE_VERSION, remedy::stop},
    {RD_KAFKA_RESP_ERR_FEATURE_UPDATE_FAILED, remedy::stop},
    {RD_KAFKA_RESP_ERR_PRINCIPAL_DESERIALIZATION_FAILURE, remedy::stop},
    {100, remedy::again},  // UNKNOWN_TOPIC_ID
    {103, remedy::again},  // INCONSISTENT_TOPIC_ID
    {106, remedy::stop},   // FETCH_SESSION_TOPIC_ID_ERROR
    {110, remedy::stop},   // FENCED_MEMBER_EPOCH
    {111, remedy::stop},   // UNRELEASED_INSTANCE_ID
    {112, remedy::stop},   // UNSUPPORTED_ASSIGNOR
    {113, remedy::stop},   // STALE_MEMBER_EPOCH
    {116, remedy::again},  // UNKNOWN_CONTROLLER_ID
    {117, remedy::stop},   // UNKNOWN_SUBSCRIPTION_ID
    {118, remedy::stop},   // TELEMETRY_TOO_LARGE
    {120, remedy::abort},  // TRANSACTION_ABORTABLE
    {128, remedy::stop},   // INVALID_REGULAR_EXPRESSION
    {129, remedy::again},  // REBOOTSTRAP_REQUIRED
};

static_assert(std::ranges::is_sorted(table, {}, &remedy_row::code));

}  // namespace

std::string_view name(remedy what) noexcept
{
    constexpr std::string_view names[] = {"none", "again", "abort", "reopen", "refuse", "stop"};
    return names[static_cast<std::size_t>(what)];
}

std::span<const remedy_row> remedies() noexcept
{
    return table;
}

remedy remedy_of(int code) noexcept
{
    const auto* const found = std::ranges::lower_bound(table, code, {}, &remedy_row::code);
    return found != std::end(table) && found->code == code ? found->what : remedy::again;
}

bool is_fenced(int code) noexcept
{
    return code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
           code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
}

std::array<char, 6> short_code(int code) noexcept
{
    std::array<char, 6> made{code < 0 ? 'L' : 'K'};
    auto number = code < 0 ? -code : code;
    for (std::size_t i = 4; i >= 1; --i, number /= 10)
        made[i] = static_cast<char>('0' + number % 10);
    return made;
}

}  // namespace bazaar::kafka
