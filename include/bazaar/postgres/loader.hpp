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

/// In which order the tables of a history are loaded. Those of one round are loaded together, before those of later rounds;
/// those of the last round in many transactions in parallel.
struct load_rounds
{
    std::vector<std::size_t> of;  ///< By table number.
    std::size_t last = 1;

    /// Whether units of this kind write rows of tables of a round.
    [[nodiscard]] bool writes(const model::unit_kind& kind, std::size_t round) const;
};

/// A row is written with the unit that left it as it is. So tables come in earlier rounds if rows that are written with other
/// units refer to them: of a scenario that rewrites whole units, a unit that writes a row also writes the rows that it refers
/// to, unless it refers to another unit's table; of others, that goes for no reference.
[[nodiscard]] load_rounds rounds_of(const scenario::scenario& shop);

/// Writes the rows that units insert by binary COPY.
///
/// Threads: one.
/// Limits:  memory for a few megabytes of rows, and for all rows of a table that refers to itself.
class loader
{
public:
    loader(std::string_view schema, std::span<const model::table> tables, const model::key_codec& ids);
    ~loader();
    loader(const loader&) = delete;
    loader& operator=(const loader&) = delete;

    /// Receives the change that inserts a row. In a table with fixed rows, the row replaces the one with its key.
    using row_taker = std::function<void(const model::change&)>;

    /// Writes the rows of one chunk, parents first within each batch, in one transaction with the control entry for the
    /// chunk. False if the chunk was there already.
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

/// Stages of statements: the stages run one after another, the statements of a stage in any order or in parallel.
using stages = std::vector<std::vector<std::string>>;

/// Drops the primary keys, foreign keys and indexes of the scenario's planned tables.
void drop_keys_and_indexes(session& on, std::string_view schema, std::span<const model::table> tables);

/// Statements that create the missing ones.
[[nodiscard]] stages missing_keys_and_indexes(session& on, std::string_view schema,
                                              std::span<const model::table> tables);

/// Runs one of these statements, however long it takes.
void run_stage(session& on, const std::string& sql);

/// A script with which psql loads files into the planned tables, and replaces rows of fixed tables that units have
/// `changed`.
[[nodiscard]] std::string copy_script(std::string_view schema, std::span<const model::table> tables,
                                      const std::function<std::string(std::uint8_t table)>& file_of,
                                      std::string_view format, const std::function<bool(std::uint8_t table)>& changed);

/// Runs ANALYZE on the planned tables.
void analyze(session& on, std::string_view schema, std::span<const model::table> tables);

/// Names of planned tables that contain rows.
[[nodiscard]] std::vector<std::string> filled_tables(session& on, std::string_view schema,
                                                     std::span<const model::table> tables);

}  // namespace bazaar::postgres
