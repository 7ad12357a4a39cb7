#include "support/sql_client.hpp"

#include <charconv>
#include <utility>

// The only file with libpqxx: its headers take seconds to compile, and Debian 12 has version 6, Debian 13 version 7.
#include <pqxx/pqxx>

namespace bazaar::test
{
namespace
{

/// What values look like and statements mean, whatever the server, the database or the role says.
constexpr std::string_view settings =
    "-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0 -c idle_session_timeout=0 "
    "-c row_security=off -c default_transaction_isolation=read\\ committed "
    "-c client_min_messages=warning -c jit=off -c timezone=UTC -c datestyle=ISO -c intervalstyle=postgres "
    "-c bytea_output=hex -c extra_float_digits=1 -c quote_all_identifiers=off -c standard_conforming_strings=on "
    "-c backslash_quote=safe_encoding -c array_nulls=on -c transform_null_equals=off -c exit_on_error=off -c "
    "search_path=";

void add_word(std::string& line, std::string_view keyword, std::string_view value)
{
    line.append(keyword).append("='");
    for (const char c : value)
    {
        if (c == '\'' || c == '\\')
            line += '\\';
        line += c;
    }
    line += "' ";
}

std::string connection_line(const postgres::connection_flags& to, std::string_view search_path)
{
    if (to.url || to.password_file)
        throw std::invalid_argument("the client of the tests reads neither a URL nor a password file");
    std::string line;
    const auto add = [&](std::string_view keyword, const std::optional<std::string>& value)
    {
        if (value)
            add_word(line, keyword, *value);
    };
    add("host", to.host);
    add("port", to.port);
    add("user", to.user);
    add("password", to.password);
    add("dbname", to.name);
    add("sslmode", to.sslmode);
    add("sslrootcert", to.sslrootcert);
    add("sslcert", to.sslcert);
    add("sslkey", to.sslkey);
    add_word(line, "application_name", "test");
    add_word(line, "client_encoding", "UTF8");
    add_word(line, "connect_timeout", "10");
    add_word(line, "options", std::string(settings).append(search_path));
    return line;
}

sql_rows copied(const pqxx::result& found)
{
    std::vector<std::vector<sql_rows::value>> all;
    all.reserve(static_cast<std::size_t>(found.size()));
    for (const auto& row : found)
    {
        auto& values = all.emplace_back();
        for (const auto& field : row)
            values.push_back(field.is_null() ? sql_rows::value() : std::string(field.c_str(), field.size()));
    }
    return sql_rows(std::move(all));
}

std::string state_of(const pqxx::sql_error& problem)
{
    if (!problem.sqlstate().empty())
        return problem.sqlstate();
    // Version 6 forgets it here, and here alone.
    return dynamic_cast<const pqxx::insufficient_privilege*>(&problem) != nullptr ? "42501" : "";
}

/// Does something with libpqxx, whose failures have other types in each version.
template <typename Task>
auto translated(std::string_view what, Task task)
{
    const auto text = [&](const std::exception& problem)
    { return std::string(problem.what()).append("\nat: ").append(what.substr(0, 500)); };
    try
    {
        return task();
    }
    catch (const pqxx::sql_error& problem)
    {
        throw sql_failure(text(problem), state_of(problem));
    }
    catch (const pqxx::failure& problem)
    {
        throw sql_failure(text(problem), {});
    }
}

}  // namespace

// ---- sql_rows

const sql_rows::value& sql_rows::at(int row, int column) const
{
    return all_.at(static_cast<std::size_t>(row)).at(static_cast<std::size_t>(column));
}

std::string_view sql_rows::get(int row, int column) const
{
    const auto& found = at(row, column);
    return found ? std::string_view(*found) : std::string_view();
}

std::int64_t sql_rows::number(int row, int column) const
{
    const auto text = get(row, column);
    std::int64_t parsed = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), parsed);
    if (problem != std::errc{} || end != text.data() + text.size())
        throw std::invalid_argument("no number: " + std::string(text));
    return parsed;
}

// ---- sql_client

struct sql_client::link
{
    pqxx::connection connection;
#if PQXX_VERSION_MAJOR < 7
    pqxx::quiet_errorhandler no_notices{connection};
#endif

    explicit link(const std::string& line) : connection(line)
    {
#if PQXX_VERSION_MAJOR >= 7
        connection.set_notice_handler([](pqxx::zview) {});
#endif
    }

    template <typename Task>
    sql_rows run(std::string_view sql, Task task)
    {
        // Version 6 would connect again.
        if (!connection.is_open())
            throw sql_failure("the connection is lost", {});
        return translated(sql,
                          [&]
                          {
                              // No transaction but those that the statements themselves begin.
                              pqxx::nontransaction plain(connection);
                              return copied(task(plain));
                          });
    }
};

sql_client::sql_client(const postgres::connection_flags& to, std::string_view search_path)
    : link_(translated("the connect", [&] { return std::make_unique<link>(connection_line(to, search_path)); }))
{
}

sql_client::~sql_client() = default;
sql_client::sql_client(sql_client&&) noexcept = default;
sql_client& sql_client::operator=(sql_client&&) noexcept = default;

sql_rows sql_client::exec(std::string_view sql)
{
    return link_->run(sql, [&](auto& plain) { return plain.exec(std::string(sql)); });
}

sql_rows sql_client::exec(std::string_view sql, std::initializer_list<std::string_view> parameters)
{
    const std::vector<std::string> values(parameters.begin(), parameters.end());
    return link_->run(sql,
                      [&](auto& plain)
                      {
#if PQXX_VERSION_MAJOR < 7
                          return plain.exec_params(std::string(sql), pqxx::prepare::make_dynamic_params(values));
#else
                          pqxx::params given;
                          given.append_multi(values);
                          return plain.exec(std::string(sql), given);
#endif
                      });
}

std::string sql_client::refusal(std::string_view sql)
{
    try
    {
        exec(sql);
        return {};
    }
    catch (const sql_failure& problem)
    {
        return problem.state().empty() ? "lost" : problem.state();
    }
}

bool sql_client::alive() const
{
    return link_->connection.is_open();
}

int sql_client::backend() const
{
    return link_->connection.backendpid();
}

int sql_client::server_version() const
{
    return link_->connection.server_version();
}

}  // namespace bazaar::test
