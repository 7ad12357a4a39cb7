#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bazaar/base/id.hpp"

namespace bazaar::verify
{

/// What can be wrong with a row or a change event.
enum class defect : std::uint8_t
{
    // Rows of a table.
    missing,    ///< A row of the plan is not there.
    extra,      ///< A row with an id of the run that the plan does not have.
    different,  ///< A column says something else than the plan.
    stale,      ///< The row is whole, but of an older version: its last change is missing.
    // Change events.
    lost,          ///< A planned change that did not arrive.
    doubled,       ///< One message, twice.
    repeated,      ///< A change that the connector has sent again, as at-least-once may.
    reordered,     ///< An older change of a row behind a newer one.
    altered,       ///< A column says something else than the plan.
    wrong_before,  ///< A column of the row before the change does.
    wrong_op,      ///< An update told as an insert, and the like.
    unknown,       ///< An id of the run, but the plan has no such change.
    stale_read,    ///< A row of a snapshot that is older than a change seen before.
    miscounted,    ///< The connector tells another number of changes of a transaction than arrived, or not its end.
    // Both.
    torn,          ///< A unit of which only a part is there, or in two transactions, or two units in one.
    foreign_edit,  ///< Somebody else has changed or removed a row of the run.
};

/// How many kinds there are.
inline constexpr std::size_t defect_count = 16;

[[nodiscard]] std::string_view name(defect what) noexcept;

enum class verdict : std::uint8_t
{
    clean,
    mismatch,
    not_proven,  ///< Nothing is wrong, but not all could be compared, or somebody else has edited rows.
};

[[nodiscard]] std::string_view name(verdict what) noexcept;

/// Exit codes of `verify`: 0, 1, 2.
[[nodiscard]] int exit_code(verdict what) noexcept;

/// One thing that is wrong.
struct finding
{
    defect what = defect::missing;
    std::string table;
    std::string key;         ///< As the column shows it.
    unit_no unit = no_unit;  ///< That made the version in question; `no_unit`: before unit 0, or none.
    std::string column;      ///< Empty: the whole row.
    std::string expected;    ///< As text; empty where there is nothing to show.
    std::string found;
    std::string place;  ///< Where it was read: "topic, partition 0, offset 17" or "line 17". Empty for rows.
};

/// What a comparison has found so far: all counts, some examples.
///
/// Threads: one.
class report
{
public:
    /// Keeps this many examples of each kind.
    explicit report(std::size_t examples = 20) : examples_max_(examples) {}

    void add(finding one);

    /// What could not be compared, and why: one line. Each line counts once.
    void not_proven(std::string line);

    /// What would explain a finding: one line, which changes no verdict. Each line counts once.
    void hint(std::string line);

    /// Only a part was compared: "tables orders, users". Stands with the verdict.
    void set_part(std::string what) { part_ = std::move(what); }

    /// A number for the summary, by name; replaces an earlier one.
    void figure(std::string_view name, std::uint64_t value);

    /// It was ended before it was through.
    void set_partial() noexcept { partial_ = true; }

    [[nodiscard]] std::uint64_t count(defect what) const noexcept { return counts_[static_cast<std::size_t>(what)]; }
    /// Of all kinds.
    [[nodiscard]] std::uint64_t findings() const noexcept;

    [[nodiscard]] const std::vector<finding>& examples() const noexcept { return found_; }
    [[nodiscard]] const std::vector<std::string>& unproven() const noexcept { return unproven_; }
    [[nodiscard]] const std::vector<std::string>& hints() const noexcept { return hints_; }

    /// Any defect but `repeated` and `foreign_edit` is a mismatch.
    [[nodiscard]] verdict judge() const noexcept;

    /// Lines for people, the verdict last.
    [[nodiscard]] std::string text() const;

    /// One JSON document.
    [[nodiscard]] std::string json() const;

private:
    std::size_t examples_max_;
    std::array<std::uint64_t, defect_count> counts_{};
    std::vector<finding> found_;
    std::vector<std::string> unproven_;
    std::vector<std::string> hints_;
    std::string part_;
    std::vector<std::pair<std::string, std::uint64_t>> figures_;
    bool partial_ = false;
};

}  // namespace bazaar::verify
