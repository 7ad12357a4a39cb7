#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bazaar::scenario
{

enum class field_kind : std::uint8_t
{
    number,    ///< A decimal number with `scale` digits after the point, stored as an integer in units of 10^-scale.
    duration,  ///< A duration ("90d"), stored in microseconds.
    choice,    ///< One of the words in `choices`.
    text,      ///< Free text.
};

/// One setting of a scenario. Flag, configuration key, run row and documentation are derived from it.
struct field
{
    std::string_view name;  ///< Flag name without dashes.
    field_kind kind = field_kind::number;
    std::string_view initial;  ///< Default, as a user would type it.
    int scale = 0;
    std::int64_t low = 0;  ///< Minimum and maximum, in units of 10^-scale, or in microseconds.
    std::int64_t high = 0;
    std::string_view choices{};      ///< Words separated by spaces.
    std::string_view placeholder{};  ///< Placeholder of the value in the help.
    std::string_view help{};
    bool zero_too = false;   ///< For a duration: 0 is allowed, whatever `low` is, and means "off".
    bool steerable = false;  ///< May change during a run, by a `set` entry.
    bool alone = false;      ///< With a value other than `initial`, a run changes rows that all runs of a schema share.
    bool pace = false;       ///< The mean number of ticks per second. One field at most.
};

/// The field that is the pace; null if there is none.
[[nodiscard]] const field* pace_of(std::span<const field> fields) noexcept;

/// The range of a number or duration as part of a sentence: "from 0 to 1".
[[nodiscard]] std::string range(const field& f);

/// Whether a number or duration may have this value, in its own units.
[[nodiscard]] bool takes(const field& f, std::int64_t units) noexcept;

/// Values of all fields of one scenario, in their order.
class settings
{
public:
    /// All defaults.
    explicit settings(std::span<const field> fields);

    /// Sets a field from its text. Returns what is wrong ("must be a number from 0 to 1"), or an empty text.
    [[nodiscard]] std::string set(std::size_t number, std::string_view text);

    /// Sets a number in its own units; used for `set` entries of the control log. `takes` says whether the value is
    /// allowed.
    void set(std::size_t number, std::int64_t units);

    [[nodiscard]] std::int64_t number(std::string_view name) const;
    [[nodiscard]] const std::string& text(std::string_view name) const;

    /// The value as a user would type it.
    [[nodiscard]] std::string printed(std::size_t number) const;

    [[nodiscard]] std::span<const field> fields() const noexcept { return fields_; }

    /// Number of the field with this name; throws `internal` if there is none.
    [[nodiscard]] std::size_t find(std::string_view name) const;

    friend bool operator==(const settings& a, const settings& b) { return a.values_ == b.values_; }

private:
    struct item
    {
        std::int64_t number = 0;
        std::string text;
        friend bool operator==(const item&, const item&) = default;
    };

    std::span<const field> fields_;
    std::vector<item> values_;
};

}  // namespace bazaar::scenario
