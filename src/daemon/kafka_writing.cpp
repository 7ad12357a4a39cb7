#include "daemon/kafka_writing.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/io/offered_scenario.hpp"
#include "bazaar/kafka/scenario_outlets.hpp"
#include "bazaar/process/logging.hpp"

namespace bazaar::daemon
{
namespace
{

/// No unit from this one on was ever sent, as the record says; nothing after a kill, when some may have been.
std::optional<unit_no> unsent_from(const opened_run& run)
{
    if (!run.resumed)
        return 0;
    return run.recorded.clean ? std::optional(run.recorded.settled) : std::nullopt;
}

/// The highest unit that the record says is settled: the first part of a unit always has a row. Nothing where a unit may
/// send no record.
std::optional<unit_no> known_unit(const opened_run& run, const std::vector<kafka::bound_outlet>& outlets)
{
    const auto is_silent = [&](const model::unit_kind& kind)
    {
        const auto& gate = kind.parts.front();
        return gate.what == model::op::erase && outlets[gate.table].to.key == model::no_column;
    };
    if (!run.resumed || std::ranges::any_of(run.shop().kinds(), is_silent))
        return std::nullopt;
    for (auto no = run.recorded.settled; no-- > 0;)
        if (std::ranges::find(run.rejected, no) == run.rejected.end())
            return no;
    return std::nullopt;
}

void warn(const std::string& line)
{
    log(process::log_level::warning, "kafka", line);
}

}  // namespace

bool writes_to_kafka(const scenario::scenario& shop)
{
    const auto tables = shop.tables();
    return !tables.empty() &&
           std::ranges::all_of(tables, [](const model::table& one) { return one.sink == model::target::kafka; });
}

kafka_writing::kafka_writing(kafka_target to, const opened_run& run, const std::stop_token& stop)
    : to_(std::move(to)), run_(run)
{
    const auto& file = io::spec_of_text(run.recorded.scenario_text);
    const auto outlets = kafka::outlets_of(file, run.shop().configuration(), run.shop().tables());
    std::optional<kafka::registry> at;
    if (std::ranges::any_of(outlets, &kafka::outlet::framed))
    {
        if (!to_.registry)
            throw error(error_kind::usage,
                        fmt::format("scenario {}: its records have schemas in a registry: name it with --registry-url, "
                                    "or say `registry: false` in the file",
                                    run.shop().name()));
        at.emplace(*to_.registry,
                   kafka::registry_options{.no_register = to_.no_register, .timeout = to_.timeout, .warn = warn}, stop);
    }
    outlets_ = kafka::bind_outlets(outlets, run.shop().tables(), at ? &*at : nullptr);
}

std::unique_ptr<run::sink> kafka_writing::make_sink(std::stop_token stop) const
{
    kafka::sink_settings how;
    how.cluster = to_.cluster;
    how.promise = to_.promise;
    how.transactional_id = fmt::format("bazaard/{}/{}", run_.recorded.schema, run_.recorded.run);
    how.tag = run_.recorded.tag;
    how.span = run_.recorded.window;
    how.known = known_unit(run_, outlets_);
    how.unsent_from = unsent_from(run_);
    how.timeout = to_.timeout;
    how.warn = warn;
    return std::make_unique<kafka::sink>(std::move(how), outlets_, run_.shop().tables(), run_.ids, std::move(stop));
}

}  // namespace bazaar::daemon
