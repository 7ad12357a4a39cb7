#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/model/table.hpp"
#include "bazaar/postgres/session.hpp"
#include "bazaar/postgres/trust.hpp"

namespace bazaar::postgres
{

/// Settings of a server on which change data capture depends, and how much of them is used.
struct server_facts
{
    int version = 0;  ///< As reported by the server: 150020 is 15.20.
    std::string database;
    std::string user;  ///< User of the session.
    bool standby = false;
    std::string encoding{};  ///< Encoding of the database.
    std::string wal_level;
    int slots_max = 0;
    int slots_used = 0;
    int senders_max = 0;
    int senders_used = 0;
    std::int64_t slot_keep_bytes = -1;               ///< max_slot_wal_keep_size; -1: no limit.
    std::chrono::milliseconds sender_timeout{0};     ///< Zero: none.
    std::chrono::milliseconds idle_slot_timeout{0};  ///< Zero: none, as before PostgreSQL 18.
    /// Where default_transaction_read_only was turned on, according to pg_settings: "database", "user"; empty: it is
    /// off.
    std::string read_only{};
};

struct published_table
{
    std::string schema;
    std::string name;
    bool filtered = false;      ///< Only rows that pass a filter are published.
    bool some_columns = false;  ///< It has a list of columns.
};

struct publication_facts
{
    bool there = false;
    bool everything = false;  ///< It is for all tables, or for whole schemas.
    bool inserts = false;
    bool updates = false;
    bool deletes = false;
    std::vector<published_table> tables{};
};

struct table_facts
{
    std::string name;
    bool there = false;
    bool logged = true;
    bool key = true;             ///< It has a primary key.
    char identity = 'd';         ///< pg_class.relreplident.
    bool identity_index = true;  ///< The index of identity 'i' exists and is valid.
    bool out_of_line = false;    ///< It has values that are stored outside of their rows.
    std::string wide_columns{};  ///< Columns for which this is possible, separated by ", ".
    bool row_security = false;   ///< Hides rows from the connector's role.
    bool may_select = true;      ///< Privileges of the connector's role; true if there is no such role.
    bool may_insert = true;
    bool may_update = true;
};

/// The connector's role.
struct role_facts
{
    bool there = false;
    bool login = false;
    bool replication = false;  ///< Or superuser.
    bool connect = false;      ///< Privilege on the database.
    bool usage = false;        ///< Privilege on the schema.
    /// Time until its password expires; below zero: it has expired. Nothing: never.
    std::optional<std::chrono::seconds> expires{};
};

struct slot_facts
{
    std::string name;
    std::string plugin;  ///< Empty: a physical slot.
    std::string database;
    bool active = false;
    std::string wal_status;     ///< Empty: nothing is reserved yet.
    std::int64_t retained = 0;  ///< Bytes of the log that the server keeps for it.
    std::int64_t behind = 0;    ///< Bytes of the log that its consumer has not confirmed.
};

/// A transaction that has written and has not ended.
struct transaction_facts
{
    std::string name;  ///< Process id of its session, or the identifier of a prepared one.
    bool prepared = false;
    std::string user;
    std::string database;
    std::chrono::seconds age{0};
};

/// Everything in a database that a CDC connector depends on, as it was at one moment.
struct cdc_facts
{
    server_facts server;
    publication_facts publication;
    role_facts role;
    std::vector<table_facts> tables;  ///< Captured ones, then the signal table.
    std::vector<slot_facts> slots;    ///< All slots of the server except temporary ones.
    std::vector<transaction_facts> transactions;
    std::vector<trust_fault> untrusted{};  ///< What another role could use against a role that writes.
    std::vector<trust_fault> altered{};    ///< Write functions that were altered.
};

/// Reads all of it except `altered`, which needs a whole scenario; changes nothing. What the role of the session may
/// not see, such as other sessions' transactions, is left out.
[[nodiscard]] cdc_facts read_cdc_facts(session& on, std::string_view schema, std::string_view publication,
                                       std::string_view role, std::span<const model::table> tables);

/// All slots except temporary ones: one cheap query, which every role may run.
[[nodiscard]] std::vector<slot_facts> read_slots(session& on);

}  // namespace bazaar::postgres
