#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/cdc_names.hpp"
#include "app/connector.hpp"
#include "bazaar/app/commands.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/capture/connector_state.hpp"
#include "bazaar/io/json.hpp"
#include "bazaar/io/json_text.hpp"
#include "bazaar/postgres/trust.hpp"
#include "bazaar/process/confirm.hpp"
#include "bazaar/process/logging.hpp"
#include "bazaar/process/output.hpp"

namespace bazaar::app
{
namespace
{

using json = nlohmann::ordered_json;
using clock = std::chrono::steady_clock;

constexpr auto poll_interval = std::chrono::milliseconds(200);
constexpr auto stale_for = std::chrono::seconds(10);

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

/// RUNNING is said of a task that has not reached the database yet: the slot tells. `earlier` is the failure of before: for some
/// seconds Connect goes on telling it.
void await_stream(const options& opts, const capture::connect_rest& at, const std::string& name,
                  const std::string& earlier)
{
    postgres::session link(postgres::resolve(opts.database));
    const auto slot = slot_of(opts);
    const auto begin = clock::now();
    const auto end = begin + opts.connect_timeout;
    std::optional<std::int64_t> before;
    slot_state now;
    capture::connector_facts connector;
    while (clock::now() < end)
    {
        connector = capture::connector_state(at, name);
        if (!connector.trace.empty() && (connector.trace != earlier || clock::now() > begin + stale_for))
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
                    name, std::chrono::duration<double>(opts.connect_timeout).count(), connector.state,
                    fmt::join(connector.tasks, ", "), slot,
                    !now.there    ? "not there"
                    : !now.active ? "not active"
                                  : "active but does not move"));
}

int register_it(const options& opts, const capture::connect_rest& at, const std::string& name)
{
    const auto wished = wished_connector(opts);
    const auto place = "/connectors/" + name + "/config";
    const auto there = at.get(place);
    auto current = there.status == 200 ? io::read_json<json>(there.body) : json();
    if (current.is_object())
        current.erase("name");
    // Order says nothing.
    const bool same = current.is_object() && nlohmann::json(current) == nlohmann::json(wished);
    const auto end = clock::now() + opts.connect_timeout;
    // 409: the workers are sharing out their work.
    const auto patiently = [&](const auto& ask)
    {
        auto answer = ask();
        while (answer.status == 409 && clock::now() < end)
        {
            std::this_thread::sleep_for(poll_interval);
            answer = ask();
        }
        return answer;
    };
    const auto earlier = there.status == 200 ? capture::connector_state(at, name) : capture::connector_facts();
    bool restarted = false;
    if (!same)
    {
        postgres::session link(postgres::resolve(opts.database));
        postgres::check_trust(link, opts.schema, opts.chosen->tables, postgres::trust_use::set_up,
                              publication_of(opts));
        const auto answer = patiently([&] { return at.put(place, io::json_text(wished)); });
        if (answer.status != 200 && answer.status != 201)
            capture::refused(at, answer, "take connector " + name);
    }
    else if (!earlier.trace.empty())
    {
        const auto answer = patiently(
            [&] { return at.post("/connectors/" + name + "/restart?includeTasks=true&onlyFailed=true", {}); });
        if (answer.status != 200 && answer.status != 202 && answer.status != 204)
            capture::refused(at, answer, "restart connector " + name);
        restarted = true;
    }
    await_stream(opts, at, name, earlier.trace);
    process::print_line(fmt::format("{} connector {}: its slot {} is active and moving",
                                    restarted             ? "restarted"
                                    : same                ? "is there "
                                    : there.status == 200 ? "changed  "
                                                          : "made     ",
                                    name, slot_of(opts)));
    return 0;
}

int status(const options& opts, const capture::connect_rest& at, const std::string& name)
{
    const auto now = capture::connector_state(at, name);
    process::print_line(fmt::format("connector {}: {}", name, now.state));
    for (std::size_t i = 0; i < now.tasks.size(); ++i)
        process::print_line(fmt::format("task {}: {}", i, now.tasks[i]));
    if (!now.trace.empty())
        process::print_line(fmt::format("failure: {}", now.trace));
    postgres::session link(postgres::resolve(opts.database));
    const auto slot = read_slot(link, slot_of(opts));
    process::print_line(fmt::format("slot {}: {}", slot_of(opts),
                                    !slot.there ? "not there"
                                                : fmt::format("{}, {} bytes of the log retained",
                                                              slot.active ? "active" : "not active", slot.retained)));
    const bool good = now.there && now.state == "RUNNING" && now.trace.empty() && slot.active;
    return good ? 0 : findings;
}

int remove(const options& opts, const capture::connect_rest& at, const std::string& name)
{
    if (!opts.yes && !process::confirmed(fmt::format(
                         "Delete connector {} at {}? Its slot stays: bazaard cdc drop drops it.", name, at.url())))
    {
        log(log_level::info, "connector", "nothing was deleted");
        return 0;
    }
    const auto answer = at.remove("/connectors/" + name);
    if (answer.status != 204 && answer.status != 200 && answer.status != 404)
        capture::refused(at, answer, "delete connector " + name);
    process::print_line(fmt::format("{} connector {}", answer.status == 404 ? "not there" : "deleted  ", name));
    return 0;
}

/// Pauses or resumes it.
int turn(const options& opts, const capture::connect_rest& at, const std::string& name)
{
    const auto answer = at.put(fmt::format("/connectors/{}/{}", name, opts.verb), {});
    if (answer.status != 202 && answer.status != 200 && answer.status != 204)
        capture::refused(at, answer, fmt::format("{} connector {}", opts.verb, name));
    process::print_line(fmt::format("{}d connector {}", opts.verb, name));
    return 0;
}

int config(const options& opts)
{
    for (const auto& line : impossible_names(opts))
        log(log_level::warning, "connector", line);
    process::print_out(io::json_text(wished_connector(opts), 2) + '\n');
    return 0;
}

}  // namespace

int connector(const options& opts)
{
    if (opts.verb == "config")
        return config(opts);
    if (opts.verb == "register")
        if (auto impossible = impossible_names(opts); !impossible.empty())
            throw error(error_kind::usage, std::move(impossible));
    const capture::connect_rest at(connect_place_of(opts));
    const auto name = connector_name(opts);
    if (opts.verb == "register")
        return register_it(opts, at, name);
    if (opts.verb == "status")
        return status(opts, at, name);
    return opts.verb == "delete" ? remove(opts, at, name) : turn(opts, at, name);
}

}  // namespace bazaar::app
