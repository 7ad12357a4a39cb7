#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "bazaar/kafka/outlet.hpp"

namespace bazaar::kafka
{

/// How to reach a schema registry, and as whom.
struct registry_place
{
    std::string url;   ///< Of Confluent's API; Apicurio has that under /apis/ccompat/v7.
    std::string user;  ///< Takes precedence over the one in the URL; empty: that one.
    std::optional<std::string> password{};
    std::string ca_file{}, cert_file{}, key_file{};  ///< Empty: the system's CAs; no certificate.
    bool verify = true;                              ///< Whether to check its certificate.
};

struct registry_options
{
    bool no_register = false;                        ///< A schema that is not there is an error.
    std::chrono::milliseconds timeout{10'000};       ///< Of one question.
    std::chrono::milliseconds outage_max{30'000};    ///< How long a registry may be away or answer rubbish.
    std::function<void(const std::string&)> warn{};  ///< Told once when an outage begins.
};

/// Client of a schema registry. Looks a schema up, and registers it only if it is not there and is compatible.
///
/// Threads: used by one.
/// Errors:  `usage` for an invalid address, `permission` if login or TLS is refused, `config` for a schema that the
///          registry refuses, is incompatible or may not be registered; `unavailable` if it is away or answers rubbish
///          for too long. No text contains a password.
class registry
{
public:
    registry(const registry_place& at, registry_options how, std::stop_token stop = {});
    ~registry();
    registry(const registry&) = delete;
    registry& operator=(const registry&) = delete;

    /// The id of a schema of this subject. Asks once for each schema.
    [[nodiscard]] std::int32_t id_of(const std::string& subject, record_format format, const std::string& schema);

    /// The text of the schema with this id, as the registry keeps it. Asks once for each id.
    [[nodiscard]] const std::string& schema_of(std::int32_t id);

    /// Questions asked so far, repetitions included.
    [[nodiscard]] std::uint64_t questions() const noexcept;

private:
    class work;
    std::unique_ptr<work> work_;
};

}  // namespace bazaar::kafka
