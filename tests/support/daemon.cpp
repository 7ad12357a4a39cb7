#include "support/daemon.hpp"

#include <fstream>
#include <sstream>

#include "support/places.hpp"
#include "support/query.hpp"

namespace bazaar::test
{

std::vector<std::string> database_arguments(const postgres::connection_flags& flags)
{
    std::vector<std::string> words;
    const auto add = [&](const char* flag, const std::optional<std::string>& value)
    {
        if (value)
        {
            words.emplace_back(flag);
            words.push_back(*value);
        }
    };
    add("--db-url", flags.url);
    add("--db-host", flags.host);
    add("--db-port", flags.port);
    add("--db-user", flags.user);
    add("--db-password-file", flags.password_file);
    add("--db-password", flags.password);
    add("--db-name", flags.name);
    return words;
}

namespace
{

std::vector<std::string> command_line(std::string command, const postgres::connection_flags& flags,
                                      std::vector<std::string> arguments)
{
    std::vector<std::string> words{test::program_path(), std::move(command)};
    for (auto& word : database_arguments(flags))
        words.push_back(std::move(word));
    words.insert(words.end(), arguments.begin(), arguments.end());
    return words;
}

}  // namespace

process start_bazaard(std::string command, const postgres::connection_flags& flags, std::vector<std::string> arguments)
{
    return process(command_line(std::move(command), flags, std::move(arguments)));
}

finished run_bazaard(std::string command, const postgres::connection_flags& flags, std::vector<std::string> arguments)
{
    return process(command_line(std::move(command), flags, std::move(arguments))).wait(std::chrono::minutes(2));
}

std::string table_digests(sql_client& on)
{
    std::string all;
    for (const char* table : {"dist_centers", "products", "users", "orders", "order_items", "events"})
        all += std::string(table) + ' ' +
               one(on,
                   "SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, E'\\n' ORDER BY id)), '') FROM demo." +
                       std::string(table) + " t") +
               '\n';
    return all;
}

std::vector<named_sql> read_named_sql(std::string_view file, std::string_view mark)
{
    std::ifstream in(test::source_dir() + "/sql/thelook/" + std::string(file));
    const std::string head = "-- " + std::string(mark) + ": ";
    std::vector<named_sql> found;
    for (std::string line; std::getline(in, line);)
    {
        if (line.starts_with(head))
            found.push_back({line.substr(head.size()), {}});
        else if (line == "-- prepare")
            found.push_back({"prepare", {}});
        else if (!found.empty())
            found.back().sql += line + '\n';
    }
    return found;
}

std::string broken_invariants(sql_client& on)
{
    std::string broken;
    on.exec("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL search_path = demo, pg_catalog; "
            "SET LOCAL statement_timeout = '60s'");
    for (const auto& query : read_named_sql("invariants.sql", "name"))
        if (const auto found = rows(on, query.sql); !found.empty())
            broken += query.name + ": " + found.substr(0, found.find('\n')) + '\n';
    on.exec("ROLLBACK");
    return broken;
}

}  // namespace bazaar::test
