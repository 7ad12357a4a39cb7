#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bazaar/model/render.hpp"
#include "bazaar/verify/report.hpp"
#include "planned.hpp"

namespace bazaar::verify
{

/// Rows that are not as planned, to be judged column by column.
///
/// Threads: one; `planned` may be called under a lock of the caller.
class suspects
{
public:
    /// What one row was and what it should be.
    struct row
    {
        /// A version of the plan, in the form of row_encoder::bytes; empty: erased.
        struct version
        {
            unit_no unit = no_unit;
            std::string bytes;
        };

        std::vector<version> planned;    ///< Any order.
        std::vector<std::string> found;  ///< Some of those with this id; more than one if it is there more than once.
        std::uint32_t times = 0;         ///< So often it is there.
    };

    /// How the versions of a row are counted.
    struct limits
    {
        unit_no demanded = 0;               ///< Versions of units below must be there.
        std::optional<bazaar::time> known;  ///< Versions from here on may be of units that are not known.
    };

    suspects(const scenario::scenario& shop, const shapes& compared, const id_codec& ids)
        : shop_(shop), shapes_(compared), ids_(ids), print_(shop.tables(), shop.kinds(), ids)
    {
    }

    /// `earlier` rows with this id were read before it and not handed over: they are as planned.
    void found(row_key key, std::string bytes, std::uint32_t earlier = 0);
    void absent(row_key key) { static_cast<void>(rows_[key]); }
    void planned(row_key key, unit_no unit, std::string bytes);

    [[nodiscard]] bool has(row_key key) const { return rows_.contains(key); }
    [[nodiscard]] std::size_t size() const noexcept { return rows_.size(); }

    /// Tells what is wrong with each row. Returns how many rows have a version that may be of a unit that is not known.
    std::uint64_t judge(const limits& by, report& out);

    [[nodiscard]] const model::renderer& print() const noexcept { return print_; }

private:
    struct side;

    [[nodiscard]] bool judge_found(row_key key, const row& one, std::string_view bytes, const limits& by, report& out);
    void compare(row_key key, const row::version& wanted, std::span<const postgres::field> found, report& out);
    [[nodiscard]] finding about(row_key key, defect what, unit_no unit, std::string_view bytes) const;
    [[nodiscard]] std::optional<postgres::field> version_field(std::uint8_t table, std::string_view bytes) const;
    [[nodiscard]] std::string version_text(std::uint8_t table, std::string_view bytes) const;

    const scenario::scenario& shop_;
    const shapes& shapes_;
    const id_codec& ids_;
    model::renderer print_;
    std::map<row_key, row> rows_;
};

}  // namespace bazaar::verify
