#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
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
        unit_no demanded = 0;                ///< Versions of units below must be there.
        std::optional<bazaar::time> known;   ///< Versions from here on may be of units that are not known,
        std::optional<bazaar::time> come{};  ///< up to here.
        bool went_on = false;                ///< Units that are not known were sent, or may have been.
        std::vector<bool> removed{};         ///< By table: rows may have been removed by units that are not known.
    };

    /// Rows that units which are not known may have changed or removed.
    struct not_judged
    {
        std::uint64_t changed = 0, removed = 0;
        std::string first_changed, first_removed;  ///< One of them.
    };

    suspects(const scenario::scenario& shop, const shapes& compared, const model::key_codec& ids)
        : shop_(shop), shapes_(compared), ids_(ids), print_(shop.tables(), shop.kinds(), ids)
    {
    }

    /// `earlier` rows with this id were read before it and not handed over: they are as planned.
    void found(const row_id& id, std::string bytes, std::uint32_t earlier = 0);
    void absent(const row_id& id) { static_cast<void>(rows_[id]); }
    void planned(const row_id& id, unit_no unit, std::string bytes);

    [[nodiscard]] bool has(const row_id& id) const { return rows_.contains(id); }
    [[nodiscard]] std::size_t size() const noexcept { return rows_.size(); }

    /// Of the rows that were read.
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

    /// Says what is wrong with each row.
    not_judged judge(const limits& by, report& out);

private:
    struct by_place
    {
        bool operator()(const row_id& a, const row_id& b) const noexcept
        {
            return std::tie(a.table, a.row, a.unit) < std::tie(b.table, b.row, b.unit);
        }
    };

    void judge_absent(const row_id& id, const row& one, const limits& by, not_judged& left, report& out) const;
    void judge_extra(const row_id& id, const row::version* removal, std::string_view bytes, report& out) const;
    [[nodiscard]] bool judge_found(const row_id& id, const row& one, std::string_view bytes, const limits& by,
                                   report& out) const;
    void compare(const row_id& id, const row::version& wanted, std::span<const postgres::field> found,
                 report& out) const;
    [[nodiscard]] finding about(const row_id& id, defect what, unit_no unit, std::string_view bytes) const;
    [[nodiscard]] std::string name_of(const row_id& id) const;
    [[nodiscard]] std::optional<postgres::field> version_field(std::uint8_t table, std::string_view bytes) const;
    [[nodiscard]] std::string version_text(std::uint8_t table, std::string_view bytes) const;

    const scenario::scenario& shop_;
    const shapes& shapes_;
    model::key_codec ids_;
    model::renderer print_;
    std::map<row_id, row, by_place> rows_;
    std::size_t bytes_ = 0;
};

}  // namespace bazaar::verify
