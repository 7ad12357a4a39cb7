#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace bazaar::verify
{

/// How a connector writes its messages, as far as its configuration tells. What it does not tell is recognised by its form.
struct encodings
{
    enum class decimals : std::uint8_t
    {
        recognised,
        precise,  ///< The unscaled number's bytes, in base64.
        text,
        real,
    };

    /// Of a moment that is told as a number. Text is ISO 8601, whatever is said here.
    enum class moments : std::uint8_t
    {
        recognised,
        milliseconds,
        microseconds,
        nanoseconds,
        none,  ///< All are texts.
    };

    decimals money = decimals::recognised;
    moments time = moments::recognised;
    std::optional<bool> schemas{};  ///< Each message with its schema.
    std::optional<bool> flat{};     ///< Rows instead of envelopes.

    /// Fields that flattened rows tell beside the columns.
    std::string op = "__op", lsn = "__lsn", transaction = "__txId", table = "__table", snapshot = "__source_snapshot";

    /// Of flattened rows: when the connector made the message. Empty: __ts_ns, __ts_us or __ts_ms, whichever is there.
    std::string stamp{};

    /// Tables by topics whose names do not end with them: of flattened rows that do not tell it themselves.
    std::map<std::string, std::string, std::less<>> topics{};

    /// What stands for a large value that the change did not touch.
    std::string unavailable = "__debezium_unavailable_value";

    friend bool operator==(const encodings&, const encodings&) = default;
};

}  // namespace bazaar::verify
