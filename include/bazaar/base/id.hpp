#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bazaar
{

/// The 16 bytes of a UUID, as in PostgreSQL's binary format.
using uuid = std::array<std::uint8_t, 16>;

/// The canonical text form, lower case.
[[nodiscard]] std::string to_string(const uuid& id);

/// Prints the 36 characters of the text form; returns the end.
char* print(const uuid& id, char* out) noexcept;

/// Reads the canonical text form, in upper or lower case. Returns nothing for any other text.
[[nodiscard]] std::optional<uuid> parse_uuid(std::string_view text);

/// A unit's position in the plan. Units are numbered in order of business time.
using unit_no = std::uint64_t;

/// Rows that no unit made (the initial users) carry this number.
inline constexpr unit_no no_unit = (unit_no{1} << 40) - 1;

/// Nobody has said which unit it is: keys that are but numbers do not name it. No unit has this number.
inline constexpr unit_no unknown_unit = unit_no{1} << 40;

/// Rows of one table are numbered below this bound.
inline constexpr std::uint64_t row_end = std::uint64_t{1} << 40;

/// What an id says about its row.
struct row_id
{
    std::uint8_t table = 0;  ///< Number of the table in its scenario, below 16.
    std::uint64_t row = 0;   ///< Row number in its table, below 2^40.
    unit_no unit = no_unit;  ///< The unit that inserts the row.

    friend bool operator==(const row_id&, const row_id&) = default;
};

/// Turns rows of one run into UUIDs and back.
///
/// Layout: RFC 9562 version 8; from the left run tag 18 bits, table 4, row 40, unit 40, keyed check 20. Ids of one
/// table therefore ascend with the row number (right-most index inserts), and a foreign or corrupted id is recognised
/// with a chance of error of 2^-20.
///
/// Threads: immutable.
class id_codec
{
public:
    /// `tag` names the run within its schema, below 2^18; `seed` is the run's seed and keys the check.
    id_codec(std::uint32_t tag, std::uint64_t seed) noexcept;

    [[nodiscard]] uuid encode(const row_id& id) const noexcept;

    /// Returns nothing if the id does not belong to this run, or is corrupted.
    [[nodiscard]] std::optional<row_id> decode(const uuid& id) const noexcept;

    [[nodiscard]] std::uint32_t tag() const noexcept { return tag_; }

private:
    [[nodiscard]] std::uint32_t check(std::uint64_t high, std::uint64_t unit) const noexcept;

    std::uint32_t tag_;
    std::uint64_t key_;
};

/// Tag of a run by its name: 18 bits of a hash.
[[nodiscard]] std::uint32_t run_tag(std::string_view run) noexcept;

}  // namespace bazaar
