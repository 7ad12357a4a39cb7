#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace bazaar::kafka
{

/// What a producer does about a failure.
enum class remedy : std::uint8_t
{
    none,    ///< It is no failure.
    again,   ///< It may be over soon: the same again, or the transaction again if it has ended.
    abort,   ///< The transaction cannot be committed: the same units in a new one.
    reopen,  ///< This producer is of no more use: a new one with the same name, which looks what is there.
    refuse,  ///< The record is refused for good, and with it its unit.
    stop,  ///< Nothing helps that this process can do: a right is missing, a setting is wrong, another process has taken over.
};

[[nodiscard]] std::string_view name(remedy what) noexcept;

/// A number of librdkafka or of a broker (rd_kafka_resp_err_t) and what is done about it.
struct remedy_row
{
    int code;
    remedy what;
};

/// All numbers that are known, ascending. What a broker of the future says is tried `again`, within the limits of an outage.
[[nodiscard]] std::span<const remedy_row> remedies() noexcept;

[[nodiscard]] remedy remedy_of(int code) noexcept;

/// Another producer with the same name has begun.
[[nodiscard]] bool is_fenced(int code) noexcept;

/// The number as a code of five characters: "K0010" is a broker's 10, "L0185" librdkafka's -185.
[[nodiscard]] std::array<char, 6> short_code(int code) noexcept;

}  // namespace bazaar::kafka
