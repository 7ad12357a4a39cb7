#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/cdc_names.hpp"
#include "app/confirm.hpp"
#include "app/connect_rest.hpp"
#include "app/stage.hpp"
#include "bazaar/app/commands.hpp"
#include "bazaar/app/logging.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/postgres/cdc.hpp"
#include "bazaar/postgres/connector.hpp"

namespace bazaar::app
{
namespace
{

using json = nlohmann::ordered_json;
using clock = std::chrono::steady_clock;

constexpr auto poll_interval = std::chrono::milliseconds(200);

std::string connector_name(const options& opts)
{
    return opts.connector_name.empty() ? "bazaard-" + opts.schema : opts.connector_name;
}

/// The first of several behind commas.
std::string first_of(std::string_view list)
{
    return std::string(list.substr(0, list.find(',')));
}

json config_of(const options& opts)
{
    const auto made = make_stage(opts.run, 0, opts.configuration, opts.seed_dir);
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
    json config = json::object();
    for (const auto& [name, value] : postgres::connector_config(how, made.shop->tables()))
        config[name] = value;
    return config;
}

/// What Connect says is wrong, in one line.
std::string complaint(const rest_answer& answer)
{
    const auto body = json::parse(answer.body, nullptr, false);
    auto text = body.is_object() ? body.value("message", answer.body) : answer.body;
    for (char& c : text)
        if (c == '\n' || c == '\r')
            c = ' ';
    return fmt::format("{} ({})", text, answer.status);
}

[[noreturn]] void refused(const connect_rest& at, const rest_answer& answer, const std::string& what)
{
    throw error(answer.status == 401 || answer.status == 403 ? error_kind::permission : error_kind::config,
                fmt::format("Kafka Connect at {} refuses to {}: {}", at.url(), what, complaint(answer)));
}

struct connector_state
{
    bool there = false;
    std::string connector = "not there";
    std::vector<std::string> tasks;
    std::string trace;  ///< First line of the first failure.
};

connector_state state_of(const connect_rest& at, const std::string& name)
{
    connector_state now;
    const auto answer = at.get("/connectors/" + name + "/status");
    if (answer.status == 404)
        return now;
    if (answer.status != 200)
        refused(at, answer, "tell the state of connector " + name);
    now.there = true;
    const auto body = json::parse(answer.body, nullptr, false);
    const auto failure = [&](const json& of)
    {
        if (now.trace.empty() && of.is_object() && of.contains("trace"))
            now.trace = of["trace"].get<std::string>().substr(0, of["trace"].get<std::string>().find('\n'));
    };
    if (!body.is_object() || !body.contains("connector") || !body.contains("tasks"))
        throw error(error_kind::config, fmt::format("what answers at {} is not Kafka Connect", at.url()));
    now.connector = body["connector"].value("state", "?");
    failure(body["connector"]);
    for (const auto& task : body["tasks"])
    {
        now.tasks.push_back(task.value("state", "?"));
        failure(task);
    }
    return now;
}

struct slot_state
{
    bool there = false;
    bool active = false;
    std::int64_t confirmed = 0;
    std::int64_t retained = 0;
};

slot_state read_slot(postgres::session& on, const std::string& slot)
{
    const auto rows = on.exec("SELECT active, (coalesce(confirmed_flush_lsn, '0/0') - '0/0'::pg_lsn)::bigint, "
                              "(pg_current_wal_lsn() - restart_lsn)::bigint FROM pg_catalog.pg_replication_slots WHERE "
                              "slot_name = $1",
                              {slot});
    if (rows.rows() == 0)
        return {};
    return {true, rows.get(0, 0) == "t", rows.number(0, 1), rows.null(0, 2) ? 0 : rows.number(0, 2)};
}

/// RUNNING is said of a task that has not reached the database yet: the slot tells.
void await_stream(const options& opts, const connect_rest& at, const std::string& name)
{
    postgres::session link(postgres::resolve(opts.database));
    const auto slot = slot_of(opts);
    const auto end = clock::now() + opts.connect_timeout;
    std::optional<std::int64_t> before;
    slot_state now;
    connector_state connector;
    while (clock::now() < end)
    {
        connector = state_of(at, name);
        if (!connector.trace.empty())
            throw error(error_kind::config, fmt::format("connector {} has failed: {}", name, connector.trace));
        now = read_slot(link, slot);
        if (now.active && before && now.confirmed > *before)
            return;
        if (now.active && !before)
            before = now.confirmed;
        std::this_thread::sleep_for(poll_interval);
    }
    throw error(
        error_kind::unavailable,
        fmt::format("connector {} did not begin to stream within {:.0f} s: it is {}, its task {}, the slot {} is {}",
                    name, std::chrono::duration<double>(opts.connect_timeout).count(), connector.connector,
                    fmt::join(connector.tasks, ", "), slot,
                    !now.there    ? "not there"
                    : !now.active ? "not active"
                                  : "active but does not move"));
}

int register_it(const options& opts, const connect_rest& at, const std::string& name)
{
    const auto wished = config_of(opts);
    const auto place = "/connectors/" + name + "/config";
    const auto there = at.get(place);
    auto current = there.status == 200 ? json::parse(there.body, nullptr, false) : json();
    if (current.is_object())
        current.erase("name");
    // Order says nothing.
    const bool same = current.is_object() && nlohmann::json(current) == nlohmann::json(wished);
    if (!same)
    {
        const auto end = clock::now() + opts.connect_timeout;
        auto answer = at.put(place, wished.dump());
        // 409: the workers are sharing out their work.
        while (answer.status == 409 && clock::now() < end)
        {
            std::this_thread::sleep_for(poll_interval);
            answer = at.put(place, wished.dump());
        }
        if (answer.status != 200 && answer.status != 201)
            refused(at, answer, "take connector " + name);
    }
    await_stream(opts, at, name);
    print_out(fmt::format("{} connector {}: its slot {} is active and moving\n",
                          same                  ? "is there "
                          : there.status == 200 ? "changed  "
                                                : "made     ",
                          name, slot_of(opts)));
    return 0;
}

int status(const options& opts, const connect_rest& at, const std::string& name)
{
    const auto now = state_of(at, name);
    print_out(fmt::format("connector {}: {}\n", name, now.connector));
    for (std::size_t i = 0; i < now.tasks.size(); ++i)
        print_out(fmt::format("task {}: {}\n", i, now.tasks[i]));
    if (!now.trace.empty())
        print_out(fmt::format("failure: {}\n", now.trace));
    postgres::session link(postgres::resolve(opts.database));
    const auto slot = read_slot(link, slot_of(opts));
    print_out(fmt::format("slot {}: {}\n", slot_of(opts),
                          !slot.there ? "not there"
                                      : fmt::format("{}, {} bytes of the log retained",
                                                    slot.active ? "active" : "not active", slot.retained)));
    const bool good = now.there && now.connector == "RUNNING" && now.trace.empty() && slot.active;
    return good ? 0 : findings;
}

}  // namespace

int connector(const options& opts)
{
    if (opts.verb == "config")
    {
        print_out(config_of(opts).dump(2) + '\n');
        return 0;
    }
    const connect_rest at(opts.connect_url);
    const auto name = connector_name(opts);
    if (opts.verb == "register")
        return register_it(opts, at, name);
    if (opts.verb == "status")
        return status(opts, at, name);
    if (opts.verb == "delete")
    {
        if (!opts.yes && !confirmed(fmt::format("Delete connector {} at {}? Its slot stays: bazaard cdc drop drops it.",
                                                name, at.url())))
        {
            log(log_level::info, "connector", "nothing was deleted");
            return 0;
        }
        const auto answer = at.remove("/connectors/" + name);
        if (answer.status != 204 && answer.status != 200 && answer.status != 404)
            refused(at, answer, "delete connector " + name);
        print_out(fmt::format("{} connector {}\n", answer.status == 404 ? "not there" : "deleted  ", name));
        return 0;
    }
    const auto answer = at.put(fmt::format("/connectors/{}/{}", name, opts.verb), {});
    if (answer.status != 202 && answer.status != 200 && answer.status != 204)
        refused(at, answer, fmt::format("{} connector {}", opts.verb, name));
    print_out(fmt::format("{}d connector {}\n", opts.verb, name));
    return 0;
}

}  // namespace bazaar::app
