#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bazaar::scenario::kit
{

/// Reads a seed file in memory: RFC 4180 with a header line, UTF-8, LF or CRLF; a quoted field stays on one line.
///
/// Fields are views into the bytes, unless a quoted one contains doubled quotes (then the reader keeps a copy, until
/// `take_copies`).
/// Errors: every problem becomes one line "file:line:column: …" in `problems`; reading continues, so that all are
/// reported.
/// Limits: at most 20 problems are kept.
class csv
{
public:
    /// `wanted` are the names of the requested columns; those in `optional` may be missing. Other columns are ignored.
    csv(std::string_view file, std::string_view bytes, std::vector<std::string_view> wanted,
        std::vector<std::string_view> optional = {});

    /// Goes to the next row. False at the end.
    bool next();

    /// The field of the n-th wanted column (optional ones follow); empty for a missing optional column.
    [[nodiscard]] std::string_view text(std::size_t wanted) const { return fields_[wanted]; }

    /// The field, which must not be empty.
    std::string_view filled(std::size_t wanted);

    /// A whole number in [low, high]; `low` if the field is not such a number.
    std::int64_t integer(std::size_t wanted, std::int64_t low, std::int64_t high);

    /// A number with at most `scale` decimals in [low, high], in units of 10^-scale.
    std::int64_t decimal(std::size_t wanted, int scale, std::int64_t low, std::int64_t high);

    [[nodiscard]] bool has(std::size_t wanted) const { return places_[wanted] != npos; }

    /// Adds a problem at a field of this row.
    void problem(std::size_t wanted, const std::string& what);

    [[nodiscard]] std::vector<std::string>& problems() { return problems_; }

    /// Keeps the copied fields alive, for users that outlive the reader.
    using copies = std::vector<std::unique_ptr<std::string>>;
    [[nodiscard]] copies take_copies() { return std::move(copies_); }

private:
    static constexpr std::size_t npos = static_cast<std::size_t>(-1);

    bool split(std::string_view line);
    void complain(std::size_t column, const std::string& what);

    std::string file_;
    std::string_view rest_;
    std::size_t line_ = 0;
    std::vector<std::string_view> names_;
    std::vector<std::size_t> places_;  ///< Column of each wanted field in the file.
    std::vector<std::string_view> fields_;
    std::vector<std::string_view> row_;
    std::vector<std::size_t> columns_;  ///< Byte column of each field of the row, from 1.
    copies copies_;
    std::size_t header_fields_ = 0;
    std::vector<std::string> problems_;
};

/// The offset of the first byte that is not UTF-8; nothing if all bytes are UTF-8.
[[nodiscard]] std::optional<std::size_t> utf8_error(std::string_view bytes) noexcept;

}  // namespace bazaar::scenario::kit
