#include "app/verify_records.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/kafka_link.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/daemon/report.hpp"
#include "bazaar/io/offered_scenario.hpp"
#include "bazaar/kafka/admin.hpp"
#include "bazaar/kafka/partitions.hpp"
#include "bazaar/kafka/scenario_outlets.hpp"
#include "bazaar/kafka/unit_header.hpp"
#include "bazaar/verify/not_there.hpp"
#include "bazaar/verify/record_judge.hpp"

namespace bazaar::app
{
namespace
{

/// The outlets as the run had them; schemas are looked up, and never registered.
std::vector<kafka::bound_outlet> outlets_of_run(const options& opts, const run::record& of,
                                                const scenario::scenario& shop, const std::stop_token& stop)
{
    const auto outlets = kafka::outlets_of(io::spec_of_text(of.scenario_text), shop.configuration(), shop.tables());
    std::optional<kafka::registry> at;
    if (std::ranges::any_of(outlets, &kafka::outlet::framed))
    {
        // The default is where a connector finds Apicurio.
        if (!opts.is_given("registry-url"))
            throw error(error_kind::usage, fmt::format("scenario {}: its records have schemas in a registry: name it "
                                                       "with --registry-url",
                                                       shop.name()));
        at.emplace(kafka::registry_place{.url = opts.registry_url, .user = {}},
                   kafka::registry_options{
                       .no_register = true,
                       .timeout = std::chrono::duration_cast<std::chrono::milliseconds>(opts.kafka_timeout)},
                   stop);
    }
    return kafka::bind_outlets(outlets, shop.tables(), at ? &*at : nullptr);
}

/// Takes all records, those of the earliest units first; whether it came to the end.
bool take_all_records(kafka::partitions& from, verify::record_judge& to, daemon::work_progress& progress,
                      const std::stop_token& stop)
{
    constexpr unit_no ended = std::numeric_limits<unit_no>::max();
    constexpr std::uint64_t look_every = 1024;
    const auto ranges = from.ranges();
    double length = 0;
    for (const auto& one : ranges)
        length += static_cast<double>(one.end - one.begin);
    std::vector<unit_no> come_to(ranges.size(), 0);
    for (std::uint64_t taken = 0;;)
    {
        const auto at = static_cast<std::size_t>(std::ranges::min_element(come_to) - come_to.begin());
        if (at == come_to.size() || come_to[at] == ended)
            return true;
        const auto got = from.next(at);
        if (!got)
        {
            come_to[at] = ended;
            continue;
        }
        const auto& range = ranges[at];
        to.take({range.topic, range.partition, got->offset, from.header(at, kafka::unit_header_name.data()), got->key,
                 got->value, got->is_tombstone, got->at_ms});
        come_to[at] = std::max(come_to[at], to.last().value_or(0));
        if (++taken % look_every != 0)
            continue;
        if (stop.stop_requested())
            return false;
        if (progress.due())
            progress.show(fmt::format("unit {}", daemon::grouped(to.last().value_or(0))), static_cast<double>(taken),
                          length, taken, "records");
    }
}

/// A topic that is compacted, or whose beginning is gone, is no proof of a loss.
void excuse_incomplete(const options& opts, const std::set<std::string>& names, const kafka::partitions& from,
                       verify::record_judge& judge)
{
    auto at = kafka_admin(opts);
    for (const auto& [name, there] : at.describe(names))
        if (const auto policy = there.settings.find("cleanup.policy");
            policy != there.settings.end() && policy->second.find("compact") != policy->second.npos)
            judge.excuse(name, fmt::format("topic {} is compacted", name));
    for (const auto& one : from.ranges())
        if (one.begin > 0)
            judge.excuse(one.topic, fmt::format("topic {}, partition {} begins at offset {}: older records are gone",
                                                one.topic, one.partition, one.begin));
}

}  // namespace

void compare_records(const options& opts, const cut& to, const scenario::scenario& shop,
                     const std::set<std::uint8_t>& chosen, const std::stop_token& stop, verify::report& out)
{
    const auto tables = shop.tables();
    auto outlets = outlets_of_run(opts, to.recorded, shop, stop);
    std::set<std::string> names;
    for (const auto i : chosen)
        names.insert(outlets[i].to.topic);
    kafka::partitions from(kafka_settings(opts), names, true,
                           std::chrono::duration_cast<std::chrono::milliseconds>(opts.kafka_timeout));
    if (from.ranges().empty())
        throw verify::not_there(
            {fmt::format("none of the topics {} is there at {}", fmt::join(names, ", "), opts.bootstrap_servers)});
    const verify::subject of{shop, to.recorded, model::key_codec(to.recorded.tag, to.recorded.seed, tables),
                             to.demanded, to.known};
    verify::record_judge judge(of, std::move(outlets), out,
                               {.tables = chosen,
                                .from = opts.from_unit.value_or(0),
                                .copies = opts.kafka_delivery == kafka::delivery::idempotent && !opts.exactly_once});
    if (chosen.size() < tables.size())
    {
        std::set<std::string_view> kept;
        for (const auto i : chosen)
            kept.insert(tables[i].name);
        out.set_part(fmt::format("tables {}", fmt::join(kept, ", ")));
    }
    daemon::work_progress progress(opts);
    const bool whole = take_all_records(from, judge, progress, stop);
    progress.clear();
    for (const auto& name : names)
        if (std::ranges::none_of(from.ranges(), [&](const kafka::partition_range& one) { return one.topic == name; }))
            out.hint(fmt::format("topic {} is not there", name));
    excuse_incomplete(opts, names, from, judge);
    judge.finish(!whole);
    out.figure("partitions", from.ranges().size());
}

}  // namespace bazaar::app
