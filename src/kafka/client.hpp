#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <librdkafka/rdkafka.h>

#include "bazaar/kafka/admin.hpp"
#include "bazaar/kafka/client_settings.hpp"

namespace bazaar::kafka
{

/// What librdkafka wants for its complaints.
inline constexpr std::size_t text_max = 512;

/// A handle of librdkafka that ends with its scope.
template <typename T, void (*End)(T*)>
struct ender
{
    void operator()(T* what) const { End(what); }
};
template <typename T, void (*End)(T*)>
using handle = std::unique_ptr<T, ender<T, End>>;

using queue_handle = handle<rd_kafka_queue_t, rd_kafka_queue_destroy>;

/// One line without a full stop, whatever the library or the broker says.
[[nodiscard]] std::string one_sentence(std::string_view text);

/// A client of a cluster, and what it has heard of its troubles.
///
/// Errors: those of `admin`.
class client
{
public:
    /// `more`: sets callbacks; their opaque pointer is this client.
    client(rd_kafka_type_t type, const client_settings& how, std::chrono::milliseconds timeout,
           void (*more)(rd_kafka_conf_t*) = nullptr);

    [[nodiscard]] rd_kafka_t* get() const noexcept { return kafka_.get(); }
    [[nodiscard]] std::chrono::milliseconds timeout() const noexcept { return timeout_; }
    [[nodiscard]] const std::string& servers() const noexcept { return servers_; }

    using metadata_handle = std::unique_ptr<const rd_kafka_metadata_t, void (*)(const rd_kafka_metadata_t*)>;

    /// Of all topics; asks for none by name, so that no broker creates one.
    [[nodiscard]] metadata_handle metadata();

    /// As above, when none of these topics waits for a leader any more: without one it would seem to have no partitions.
    [[nodiscard]] metadata_handle metadata(const std::set<std::string>& topics);

    /// The first offset of a partition and the one behind its last; waits for a leader as long as for any answer.
    [[nodiscard]] std::pair<std::int64_t, std::int64_t> ends_of(const std::string& topic, std::int32_t number);

    /// Throws when the cluster has refused the login: no password becomes right by trying again.
    void give_up_if_refused();

    /// Throws what was heard last, or else this.
    [[noreturn]] void give_up(int code, std::string_view text) const;

    [[noreturn]] void fail(const std::string& what, const outcome& why) const;

private:
    static void hear(rd_kafka_t*, int code, const char* reason, void* self);

    std::chrono::milliseconds timeout_;
    std::string servers_, mechanism_;
    int heard_code_ = 0;
    std::string heard_;
    handle<rd_kafka_t, rd_kafka_destroy> kafka_;
};

}  // namespace bazaar::kafka
