#include "bazaar/observe/snapshot.hpp"

#include <algorithm>
#include <variant>

#include <nlohmann/json.hpp>

#include "bazaar/io/json.hpp"

namespace bazaar::observe
{
namespace
{

using json = nlohmann::ordered_json;

double seconds(std::uint64_t us)
{
    return static_cast<double>(us) / 1e6;
}

json quantiles(const run::histogram& of)
{
    return {{"p50", seconds(of.quantile(.5))}, {"p99", seconds(of.quantile(.99))}, {"max", seconds(of.max())}};
}

}  // namespace

std::string_view name(state what) noexcept
{
    switch (what)
    {
    case state::opening:
        return "opening";
    case state::history:
        return "history";
    case state::running:
        return "running";
    case state::paused:
        return "paused";
    case state::stopping:
        return "stopping";
    }
    return "opening";
}

std::string status_json(const snapshot& of)
{
    using run::outcome;
    const auto& done = of.done;
    json document;
    document["version"] = of.version;
    document["clock"] = to_string(of.clock);
    document["state"] = name(of.now);
    document["ready"] = of.ready;
    document["reasons"] = of.reasons;
    // A browser's numbers are doubles: a seed has 64 bits.
    document["run"] = {{"name", of.run},
                       {"schema", of.schema},
                       {"scenario", of.scenario},
                       {"seed", of.seed ? json(std::to_string(*of.seed)) : json()},
                       {"start", of.start ? json(to_string(*of.start)) : json()},
                       {"epoch", of.epoch}};
    document["ticks"] = of.ticks;
    document["rate"] = {{"target", of.target},
                        {"actual", of.actual},
                        {"units", of.units},
                        {"setting", of.pace.empty() ? json() : json(of.pace)}};
    document["lag_seconds"] = std::chrono::duration<double>(of.lag).count();
    document["shifts"] = {{"count", done.shifts}, {"seconds", std::chrono::duration<double>(done.shifted).count()}};
    document["units"] = {{"planned", of.planned},
                         {"settled", done.settled},
                         {"in_flight", done.span},
                         {"committed", done.of(outcome::committed)},
                         {"already_there", done.of(outcome::already_there)},
                         {"foreign", done.of(outcome::foreign)},
                         {"rejected", done.of(outcome::rejected)},
                         {"not_done", done.of(outcome::not_done)},
                         {"in_doubt", done.of(outcome::in_doubt)},
                         {"skipped", done.skipped}};
    document["latency"] = {{"sent", quantiles(done.sent)}, {"answered", quantiles(done.answered)}};
    auto figures = json::object();
    for (const auto& one : of.figures)
        figures[std::string(one.group)][std::string(one.name)] = one.value;
    document["figures"] = std::move(figures);
    auto settings = json::object();
    for (const auto& [key, value] : of.settings)
        settings[key] = value;
    document["settings"] = std::move(settings);
    document["pending"] = done.wanted;
    document["database"] = {{"where", of.where},        {"host", of.database.host}, {"port", of.database.port},
                            {"name", of.database.name}, {"up", of.database_up},     {"sessions", of.sessions}};
    auto slots = json::array();
    for (const auto& one : of.slots)
        slots.push_back({{"name", one.name}, {"active", one.active}, {"retained_bytes", one.retained}});
    document["slots"] = std::move(slots);
    auto columns = json::array();
    for (const auto& one : of.shown.columns)
        columns.push_back({{"key", one.key}, {"title", one.title}, {"number", one.number}});
    document["shown"] = {{"title", of.shown.title}, {"id", of.shown.id}, {"columns", std::move(columns)}};
    auto sales = json::array();
    for (const auto& one : of.sales)
    {
        json sale{{"id", one.id}, {"at", to_string(one.at)}};
        for (std::size_t i = 0; i < std::min(one.cells.size(), of.shown.columns.size()); ++i)
            std::visit([&](const auto& value) { sale[std::string(of.shown.columns[i].key)] = value; }, one.cells[i]);
        sales.push_back(std::move(sale));
    }
    document["sales"] = std::move(sales);
    auto happenings = json::array();
    for (const auto& one : of.happenings)
        happenings.push_back(
            {{"number", one.number}, {"at", to_string(one.at)}, {"kind", one.kind}, {"text", one.text}});
    document["happenings"] = std::move(happenings);
    document["control"] = of.control;
    document["line"] = of.line;
    return io::write_json(document) + "\n";
}

std::string readiness_json(const snapshot& of)
{
    json document;
    document["ready"] = of.ready;
    document["state"] = name(of.now);
    document["reasons"] = of.reasons;
    return io::write_json(document) + "\n";
}

}  // namespace bazaar::observe
