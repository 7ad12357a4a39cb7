#include "bazaar/postgres/connection.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "bazaar/base/error.hpp"
#include "bazaar/postgres/secret.hpp"

namespace bazaar::postgres
{
namespace
{

struct free_options
{
    void operator()(PQconninfoOption* all) const noexcept { PQconninfoFree(all); }
};
using conninfo = std::unique_ptr<PQconninfoOption, free_options>;

bool in_environment(const char* name)
{
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0';
}

bool has_password_file()
{
    if (in_environment("PGPASSFILE"))
        return true;
    const char* home = std::getenv("HOME");
    std::error_code ignored;
    return home != nullptr && std::filesystem::exists(std::filesystem::path(home) / ".pgpass", ignored);
}

void take_url(connection_parameters& into, const std::string& url)
{
    char* complaint = nullptr;
    const conninfo all(PQconninfoParse(url.c_str(), &complaint));
    // libpq's complaint quotes parts of the text, perhaps the password.
    PQfreemem(complaint);
    if (all == nullptr)
        throw error(error_kind::usage, "--db-url cannot be read: it must be like postgresql://user@host:5432/dbname, "
                                       "or like \"host=... port=... dbname=... user=...\"");
    for (const auto* option = all.get(); option->keyword != nullptr; ++option)
        if (option->val != nullptr)
            into.set(option->keyword, option->val);
}

/// One name for what is the same on this machine.
std::string plain_host(std::string_view host)
{
    const bool own = host.empty() || host == "127.0.0.1" || host == "::1";
    return own ? "localhost" : std::string(host);
}

/// What libpq itself would fill in.
std::string libpq_default(const PQconninfoOption* all, std::string_view keyword)
{
    for (const auto* option = all; option != nullptr && option->keyword != nullptr; ++option)
        if (option->keyword == keyword && option->val != nullptr)
            return option->val;
    return {};
}

}  // namespace

std::string_view connection_parameters::find(std::string_view keyword) const noexcept
{
    for (const auto& [name, value] : words)
        if (name == keyword)
            return value;
    return {};
}

void connection_parameters::set(std::string_view keyword, std::string_view value)
{
    const auto place = std::ranges::find(words, keyword, &std::pair<std::string, std::string>::first);
    if (place == words.end())
        words.emplace_back(keyword, value);
    else
        place->second = value;
}

connection_parameters resolve(const connection_flags& flags, std::string_view run)
{
    connection_parameters to;
    if (flags.url)
        take_url(to, *flags.url);
    const auto forget = [&](std::string_view keyword)
    { std::erase_if(to.words, [&](const auto& word) { return word.first == keyword; }); };
    const auto take = [&](std::string_view keyword, const std::optional<std::string>& value)
    {
        if (value)
            to.set(keyword, *value);
    };
    if (flags.host)
        forget("hostaddr");  // It would win over the host that was just given.
    take("host", flags.host);
    take("port", flags.port);
    take("user", flags.user);
    take("dbname", flags.name);
    take("sslmode", flags.sslmode);
    take("sslrootcert", flags.sslrootcert);
    take("sslcert", flags.sslcert);
    take("sslkey", flags.sslkey);
    if (flags.password)
        to.set("password", *flags.password);
    else if (flags.password_file)
    {
        forget("password");
        to.password_file = flags.password_file;
    }

    const bool service = !to.find("service").empty() || in_environment("PGSERVICE");
    if (!service)
    {
        const auto fill = [&](std::string_view keyword, const char* variable, std::string_view value)
        {
            if (to.find(keyword).empty() && !in_environment(variable))
                to.set(keyword, value);
        };
        if (to.find("hostaddr").empty() && !in_environment("PGHOSTADDR"))
            fill("host", "PGHOST", "localhost");
        fill("port", "PGPORT", "5432");
        fill("user", "PGUSER", "db_user");
        fill("dbname", "PGDATABASE", "fh_dev");
        // The password goes with our user only, and with nobody who keeps passwords in libpq's own places.
        if (to.find("user") == "db_user" && !to.password_file && to.find("passfile").empty() && !has_password_file())
            fill("password", "PGPASSWORD", "db_password");
    }

    const auto unless_given = [&](std::string_view keyword, std::string_view value)
    {
        if (to.find(keyword).empty())
            to.set(keyword, value);
    };
    unless_given("connect_timeout", "5");
    unless_given("keepalives_idle", "10");
    unless_given("keepalives_interval", "5");
    unless_given("keepalives_count", "3");
    unless_given("tcp_user_timeout", "10000");
    // Of several servers, the one that can be written to.
    const char* inherited = std::getenv("PGHOST");
    const auto hosts = !to.find("host").empty() || inherited == nullptr ? to.find("host") : std::string_view(inherited);
    const bool several = hosts.find(',') != hosts.npos || to.find("hostaddr").find(',') != hosts.npos;
    if (several && !in_environment("PGTARGETSESSIONATTRS"))
        unless_given("target_session_attrs", "read-write");
    to.set("application_name", run.empty() ? "bazaard" : "bazaard/" + std::string(run));
    to.set("client_encoding", "UTF8");
    return to;
}

bool is_keyword(std::string_view name)
{
    // Not PQconndefaults: it reads the service file.
    static const conninfo all(PQconninfoParse("", nullptr));
    for (const auto* option = all.get(); option != nullptr && option->keyword != nullptr; ++option)
        if (option->keyword == name)
            return true;
    // Of URIs alone.
    return name == "ssl";
}

std::string describe(const connection_parameters& parameters)
{
    const conninfo defaults(PQconndefaults());
    const auto part = [&](std::string_view keyword)
    {
        if (const auto given = parameters.find(keyword); !given.empty())
            return std::string(given);
        if (keyword == "host" && !parameters.find("hostaddr").empty())
            return std::string(parameters.find("hostaddr"));
        return libpq_default(defaults.get(), keyword);
    };
    const auto service = parameters.find("service");
    // A service file, or libpq's own environment, may have a connection string where a name belongs.
    const auto place = shown_name(part("user")) + '@' + shown_name(part("host")) + ':' + shown_name(part("port")) +
                       '/' + shown_name(part("dbname"));
    return service.empty() ? place : place + " (service " + shown_name(service) + ')';
}

database_place place_of(const connection_parameters& parameters)
{
    const conninfo defaults(PQconndefaults());
    const auto part = [&](std::string_view keyword)
    {
        const auto given = parameters.find(keyword);
        return shown_name(given.empty() ? libpq_default(defaults.get(), keyword) : std::string(given));
    };
    auto host = part("host");
    if (host.empty())
        host = part("hostaddr");
    // A service is looked up as libpq connects.
    if (const auto service = parameters.find("service"); !service.empty())
        host += " (service " + shown_name(service) + ')';
    return {plain_host(host), part("port"), part("dbname")};
}

database_place given_place(const connection_flags& flags)
{
    connection_parameters from_url;
    if (flags.url)
        take_url(from_url, *flags.url);
    const auto part = [&](const std::optional<std::string>& flag, std::string_view keyword, const char* variable)
    {
        if (flag)
            return *flag;
        if (const auto given = from_url.find(keyword); !given.empty())
            return std::string(given);
        return in_environment(variable) ? std::string(std::getenv(variable)) : std::string();
    };
    database_place given{part(flags.host, "host", "PGHOST"), part(flags.port, "port", "PGPORT"),
                         part(flags.name, "dbname", "PGDATABASE")};
    if (given.host.empty())
        given.host = part(std::nullopt, "hostaddr", "PGHOSTADDR");
    if (!given.host.empty())
        given.host = plain_host(given.host);
    return given;
}

std::string text_of(const database_place& place)
{
    return place.host + ':' + place.port + '/' + place.name;
}

std::string library_version()
{
    const int number = PQlibVersion();
    return std::to_string(number / 10'000) + '.' + std::to_string(number % 10'000);
}

}  // namespace bazaar::postgres
