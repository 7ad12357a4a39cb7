#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/base/id.hpp"

namespace bazaar::model
{

/// How the rows of a table are named where others see them. In the plan a row has a number; its key is made of that.
///
/// Lifetime: what it points to lives as long as the tables of the scenario.
struct key_form
{
    enum class kind : std::uint8_t
    {
        uuid,      ///< Names run, table, row and unit.
        bigint,    ///< `first` and up.
        sequence,  ///< Text of fixed width: "C200000303".
        listed,    ///< Texts of a file, by row: "CS01".
    };

    kind what = kind::uuid;
    std::uint8_t digits = 0;                        ///< Of a sequence, after its prefix.
    std::uint64_t first = 0;                        ///< The number that row 0 has.
    std::string_view prefix{};                      ///< Of a sequence.
    std::span<const std::string_view> texts{};      ///< Of a list, by row,
    std::span<const std::uint32_t> rows_by_text{};  ///< and its rows in the order of their texts.

    [[nodiscard]] static constexpr key_form of_bigint(std::uint64_t first = 1) noexcept
    {
        return {kind::bigint, 0, first, {}, {}, {}};
    }
    [[nodiscard]] static constexpr key_form of_sequence(std::string_view prefix, std::uint8_t digits,
                                                        std::uint64_t first = 0) noexcept
    {
        return {kind::sequence, digits, first, prefix, {}, {}};
    }

    /// The key tells which unit inserts the row, and of which run it is. Of other keys only the plan knows.
    [[nodiscard]] constexpr bool names_unit() const noexcept { return what == kind::uuid; }

    /// A text, not a number and not a uuid.
    [[nodiscard]] constexpr bool is_text() const noexcept { return what == kind::sequence || what == kind::listed; }

    /// How many rows have a key: those with numbers below.
    [[nodiscard]] constexpr std::uint64_t rows() const noexcept
    {
        if (what == kind::listed)
            return texts.size();
        if (what != kind::sequence)
            return row_end;
        std::uint64_t end = 1;
        for (unsigned i = 0; i < digits && end < (std::uint64_t{1} << 60); ++i)
            end *= 10;
        return end <= first ? 0 : std::min(row_end, end - first);
    }
};

/// Keys that stand in a file, in the order of its lines.
///
/// Lifetime: of the texts and of this, as long as a form of it is used.
class key_list
{
public:
    explicit key_list(std::vector<std::string_view> texts);

    [[nodiscard]] key_form form() const noexcept { return {key_form::kind::listed, 0, 0, {}, texts_, rows_by_text_}; }

private:
    std::vector<std::string_view> texts_;
    std::vector<std::uint32_t> rows_by_text_;
};

}  // namespace bazaar::model
