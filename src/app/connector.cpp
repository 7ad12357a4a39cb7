#include "app/connector.hpp"

#include <fmt/format.h>

#include "app/cdc_names.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/capture/connector_config.hpp"
#include "bazaar/capture/connector_state.hpp"
#include "bazaar/postgres/connection.hpp"

namespace bazaar::app
{

using json = nlohmann::ordered_json;

std::string connector_name(const options& opts)
{
    return opts.connector_name.empty() ? "bazaard-" + capture::topic_characters(opts.schema) : opts.connector_name;
}

namespace
{

/// The first of several behind commas.
std::string first_of(std::string_view list)
{
    return std::string(list.substr(0, list.find(',')));
}

capture::connector_options connector_options_of(const options& opts)
{
    const auto to = postgres::resolve(opts.database);
    const auto host = first_of(to.find("host"));
    auto how = topic_options(opts);
    how.slot = slot_of(opts);
    how.publication = publication_of(opts);
    how.user = opts.cdc_user;
    how.password = opts.connector_password;
    // The worker reaches no socket of this machine's file system.
    how.host = !opts.connector_db_host.empty()  ? opts.connector_db_host
               : host.empty() || host[0] == '/' ? "localhost"
                                                : host;
    how.port = !opts.connector_db_port.empty() ? opts.connector_db_port : first_of(to.find("port"));
    how.database = to.find("dbname");
    how.format = opts.message_format;
    how.registry_url = opts.registry_url;
    how.snapshot = opts.snapshot;
    how.flat = opts.flat;
    how.exactly_once = opts.exactly_once;
    return how;
}

/// A flag that says something else than the configuration is a mistake in one of them.
void agree(const options& opts, std::string_view flag, std::string& given, const std::string& told,
           const std::string& place, std::string_view setting)
{
    if (opts.is_given(flag) && given != told)
        throw error(error_kind::usage, fmt::format("--{} {}: {} says {} {}", flag, given, place, setting, told));
    given = told;
}

}  // namespace

std::vector<std::string> impossible_names(const options& opts)
{
    return capture::impossible_names(connector_options_of(opts));
}

json wished_connector(const options& opts)
{
    json config = json::object();
    for (const auto& [name, value] : capture::connector_config(connector_options_of(opts), opts.chosen->tables))
        config[name] = value;
    return config;
}

capture::connect_place connect_place_of(const options& opts)
{
    return {.url = opts.connect_url,
            .user = opts.connect_user,
            .password = opts.connect_password,
            .password_file = opts.connect_password_file,
            .ca_file = opts.connect_ca_file,
            .cert_file = opts.connect_cert_file,
            .key_file = opts.connect_key_file,
            .verify = opts.connect_tls_verify};
}

capture::told_connector told_connector_of(options& opts)
{
    const auto file = opts.given.find("connector-config");
    const auto url = opts.given.find("connect-url");
    const bool asks = url != opts.given.end() && url->second.origin == "command line";
    if (file == opts.given.end() && !asks)
        return {};
    std::map<std::string, std::string> config;
    std::string place;
    if (file != opts.given.end())
        config = capture::read_connector_config(place = file->second.text);
    else
    {
        const capture::connect_rest at(connect_place_of(opts));
        const auto name = connector_name(opts);
        place = fmt::format("connector {} at {}", name, at.url());
        auto found = capture::read_connector(at, name);
        if (!found.there)
            throw error(error_kind::config, fmt::format("{} is not there: is --connector-name right?", place));
        config = std::move(found.config);
    }
    auto told = capture::told_by(config, place);
    if (opts.verb == "topics")
    {
        agree(opts, "topic-prefix", opts.topic_prefix, told.topic_prefix, place, "topic.prefix");
        agree(opts, "slot-name", opts.slot, told.slot, place, "slot.name");
    }
    return told;
}

}  // namespace bazaar::app
