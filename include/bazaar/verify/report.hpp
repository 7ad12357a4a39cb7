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
    stale,      ///< The row is complete, but an older version: its last change is missing.
    // Change events.
    lost,          ///< A planned change that did not arrive.
    doubled,       ///< The same message twice.
    repeated,      ///< A change that the connector has sent again, as at-least-once allows.
    reordered,     ///< An older change of a row after a newer one.
    altered,       ///< A column says something else than the plan.
    wrong_before,  ///< A column of the row before the change differs from the plan.
    wrong_op,      ///< An update reported as an insert, and the like.
    unknown,       ///< The id belongs to the run, but the plan has no such change.
    stale_read,    ///< A row of a snapshot that is older than a change seen before.
    miscounted,    ///< The connector reports another number of changes of a transaction than arrived, or no end.
    // Both.
    torn,          ///< A unit that is there in part, or in two transactions, or two units in one transaction.
    foreign_edit,  ///< Somebody else has changed or removed a row of the run.
};

/// Number of kinds of defects.
inline constexpr std::size_t defect_count = 16;

[[nodiscard]] std::string_view name(defect what) noexcept;

enum class verdict : std::uint8_t
{
    clean,
    mismatch,
    not_proven,  ///< Nothing is wrong, but not everything could be compared, or somebody else has edited rows.
};

[[nodiscard]] std::string_view name(verdict what) noexcept;

/// Exit codes of `verify`: 0, 1, 2.
[[nodiscard]] int exit_code(verdict what) noexcept;

/// One thing that is wrong.
struct finding
{
    defect what = defect::missing;
    std::string table;
    std::string key;         ///< As the column prints it.
    unit_no unit = no_unit;  ///< The unit that made the version; `no_unit`: before unit 0, or none.
    std::string column;      ///< Empty: the whole row.
    std::string expected;    ///< As text; empty if there is nothing to show.
    std::string found;
    std::string place;  ///< Where it was read: "topic, partition 0, offset 17" or "line 17". Empty for rows.
};

/// The result of a comparison so far: all counts, some examples.
///
/// Threads: one.
class report
{
public:
    /// Keeps this many examples of each kind.
    explicit report(std::size_t examples = 20) : examples_max_(examples) {}

    void add(finding one);

    /// Adds a line about what could not be compared, and why. Equal lines count once.
    void not_proven(std::string line);

    /// Adds a line with a possible explanation of a finding; it does not change the verdict. Equal lines count once.
    void hint(std::string line);

    /// Only a part was compared: "tables orders, users". Printed with the verdict.
    void set_part(std::string what) { part_ = std::move(what); }

    /// A number for the summary, by name; replaces an earlier one.
    void figure(std::string_view name, std::uint64_t value);

    /// The comparison was interrupted.
    void set_partial() noexcept { partial_ = true; }

    [[nodiscard]] std::uint64_t count(defect what) const noexcept { return counts_[static_cast<std::size_t>(what)]; }
    /// Number of findings of all kinds.
    [[nodiscard]] std::uint64_t findings() const noexcept;

    [[nodiscard]] const std::vector<finding>& examples() const noexcept { return found_; }
    [[nodiscard]] const std::vector<std::string>& unproven() const noexcept { return unproven_; }
    [[nodiscard]] const std::vector<std::string>& hints() const noexcept { return hints_; }

    /// Any defect except `repeated` and `foreign_edit` is a mismatch.
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
