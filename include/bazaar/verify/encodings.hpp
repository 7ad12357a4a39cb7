#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace bazaar::verify
{

/// How a connector writes its messages, as far as its configuration says. Everything else is recognised by its form.
struct encodings
{
    enum class decimals : std::uint8_t
    {
        recognised,
        precise,  ///< The unscaled number's bytes, in base64.
        text,
        real,
    };

    /// Unit of a timestamp that is written as a number. A text is always ISO 8601.
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

    /// Fields that flattened rows contain besides the columns.
    std::string op = "__op", lsn = "__lsn", transaction = "__txId", table = "__table", snapshot = "__source_snapshot";

    /// Field of flattened rows that says when the connector made the message. Empty: __ts_ns, __ts_us or __ts_ms,
    /// whichever exists.
    std::string stamp{};

    /// Tables by topic, for topics whose names do not end with the table's: needed for flattened rows without the
    /// table's name.
    std::map<std::string, std::string, std::less<>> topics{};

    /// Placeholder for a large value that the change did not touch.
    std::string unavailable = "__debezium_unavailable_value";

    friend bool operator==(const encodings&, const encodings&) = default;
};

}  // namespace bazaar::verify
