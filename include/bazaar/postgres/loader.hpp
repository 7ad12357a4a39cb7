#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/base/id.hpp"
#include "bazaar/model/key_codec.hpp"
#include "bazaar/model/table.hpp"
#include "bazaar/model/unit.hpp"
#include "bazaar/postgres/session.hpp"
#include "bazaar/postgres/store.hpp"

namespace bazaar::postgres
{

/// Tables whose rows other units' rows refer to: of many transactions side by side, these are loaded first. By table number.
///
/// A unit that writes a row writes what the row refers to as well, or changes such a table.
[[nodiscard]] std::vector<bool> tables_before_others(std::span<const model::table> tables,
                                                     std::span<const model::unit_kind> kinds);

/// Writes the rows that units insert by binary COPY.
///
/// Threads: one.
/// Limits:  memory for a few megabytes of rows.
class loader
{
public:
    loader(std::string_view schema, std::span<const model::table> tables, const model::key_codec& ids);
    ~loader();
    loader(const loader&) = delete;
    loader& operator=(const loader&) = delete;

    /// Takes the change that inserts a row. Of a table that is there from the beginning the row takes the place of the one with
    /// its key.
    using row_taker = std::function<void(const model::change&)>;

    /// Writes the rows of one chunk, parents first in each of the batches in which they come, in one transaction with the entry
    /// that says so. False when the chunk was there already.
    ///
    /// Errors: those of the session and of `append`, and what `rows` throws; then nothing is written.
    bool write(session& on, const ownership& own, std::uint64_t sequence, const model::control& entry,
               std::span<const scenario::field> fields, const std::function<void(const row_taker&)>& rows);

private:
    struct target;

    void send(session& on);

    std::vector<std::unique_ptr<target>> targets_;  ///< By table.
    std::vector<std::uint8_t> order_;
    model::key_codec ids_;
};

/// Statements that run one after the other, those of one stage in any order or side by side.
using stages = std::vector<std::vector<std::string>>;

/// Takes primary keys, foreign keys and indexes of the scenario from its planned tables.
void drop_keys_and_indexes(session& on, std::string_view schema, std::span<const model::table> tables);

/// What makes those that are missing.
[[nodiscard]] stages missing_keys_and_indexes(session& on, std::string_view schema,
                                              std::span<const model::table> tables);

/// Runs one statement of those, however long it takes.
void run_stage(session& on, const std::string& sql);

/// What lets psql load files into the planned tables, and over the rows of fixed ones that units have `changed`.
[[nodiscard]] std::string copy_script(std::string_view schema, std::span<const model::table> tables,
                                      const std::function<std::string(std::uint8_t table)>& file_of,
                                      std::string_view format, const std::function<bool(std::uint8_t table)>& changed);

/// Lets the server look at the planned tables.
void analyze(session& on, std::string_view schema, std::span<const model::table> tables);

/// Names of planned tables that hold rows.
[[nodiscard]] std::vector<std::string> filled_tables(session& on, std::string_view schema,
                                                     std::span<const model::table> tables);

}  // namespace bazaar::postgres
