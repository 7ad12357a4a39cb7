#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "bazaar/model/unit.hpp"
#include "bazaar/postgres/publication.hpp"
#include "bazaar/verify/encodings.hpp"
#include "bazaar/verify/judge.hpp"
#include "bazaar/verify/report.hpp"

namespace bazaar::capture
{

/// What settings of a connector, or of its publication, leave out of the events or change in them, and so prevent from
/// being proven. Each item with the setting.
struct connector_limits
{
    std::map<std::uint8_t, std::string> tables{};                           ///< Not all changes are sent.
    std::map<std::pair<std::uint8_t, std::size_t>, std::string> columns{};  ///< Other values are sent, or none.
    std::map<std::pair<std::uint8_t, model::op>, std::string> operations{};
    std::map<std::uint8_t, std::string>
        filtered{};  ///< Only rows that satisfy a condition: an update may come as a delete or an insert.
    std::map<std::uint8_t, std::string> unreadable{};  ///< Events that do not say which row they belong to.
    std::map<std::uint8_t, std::string> silent{};      ///< Tables whose changes are not sent, unless some have come.
    std::string before;                                ///< Why a stream does not contain the rows from before it.

    /// Topics of each table, and of transaction metadata, according to the settings. Empty: the settings do not name
    /// them.
    std::map<std::uint8_t, std::set<std::string>> topics{};
    std::set<std::string> transactions{};

    /// These keep the first reason.
    void table(std::uint8_t number, const std::string& by) { tables.emplace(number, by); }
    void column(std::uint8_t number, std::size_t at, const std::string& by) { columns.try_emplace({number, at}, by); }
    void operation(std::uint8_t number, model::op what, const std::string& by)
    {
        operations.try_emplace({number, what}, by);
    }

    /// Forgets the tables that are not compared; their topics stay.
    void keep_only(const std::set<std::uint8_t>& compared);

    /// Adds the limits of another source.
    void merge(const connector_limits& other);

    /// Applies the limits to a judge, before the first event.
    void impose(verify::judge& on) const;

    /// Reports the limits, after the judge has finished: each table is named, whether changes of it are missing or not.
    void tell(std::span<const model::table> tables, verify::report& to) const;
};

/// The limits from a configuration by Debezium's names that `told_by` has accepted.
[[nodiscard]] connector_limits limits_of(const std::map<std::string, std::string>& config, const verify::encodings& how,
                                         std::span<const model::table> tables, const std::string& schema);

/// The limits from an existing publication.
[[nodiscard]] connector_limits limits_of(const postgres::publication_content& publication, const std::string& name,
                                         std::span<const model::table> tables);

}  // namespace bazaar::capture
