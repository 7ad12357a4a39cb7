// How fast change events are compared with the plan, in the forms that connectors give, in one thread and without reading them from
// anywhere; and whether one harmed event among all of them is found.
//
//   bench_verify_events [EVENTS [ROUNDS]]

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "bazaar/verify/debezium.hpp"
#include "bazaar/verify/judge.hpp"
#include "support/told_harm.hpp"
#include "support/told_stream.hpp"
#include "unit/thelook_ledger.hpp"

namespace
{

using namespace bazaar;

verify::report judged(const verify::subject& of, const test::messages& all)
{
    verify::report report;
    verify::judge judge(of, report, {});
    verify::debezium_reader reader(of.shop.tables(), "demo");
    verify::change_event e;
    for (std::size_t i = 0; i < all.size(); ++i)
    {
        const std::string topic = "ecomm.demo." + all[i].table;
        e.stream = topic;
        e.partition = 0;
        e.offset = static_cast<std::int64_t>(i);
        if (reader.read(topic, all[i].json, e) == verify::debezium_reader::outcome::change)
            judge.take(e);
    }
    judge.finish();
    return report;
}

}  // namespace

int main(int argc, char** argv)
{
    const auto wanted = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
    const auto rounds = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 5;
    const auto shop = test::shop_of({});
    run::record recorded;
    recorded.seed = 7;
    recorded.tag = run_tag("main");
    recorded.start = {1'790'000'000'000'000};
    const unit_no units = wanted / 5;
    const verify::subject of{*shop, recorded, id_codec(recorded.tag, recorded.seed), units, units};

    std::printf("%-14s %10s %10s %12s %8s\n", "form", "events", "MB", "events/s", "MB/s");
    const std::pair<const char*, test::stream_form> forms[] = {
        {"plain", {}}, {"with schemas", {.schemas = true}}, {"flat", {.flat = true}}};
    for (const auto& [name, form] : forms)
    {
        const auto all = test::told_stream(*shop, recorded, units, form);
        double bytes = 0;
        for (const auto& m : all)
            bytes += static_cast<double>(m.json.size());
        std::vector<double> rates;
        for (unsigned long long round = 0; round < rounds; ++round)
        {
            const auto begun = std::chrono::steady_clock::now();
            const auto report = judged(of, all);
            const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
            if (report.judge() != verify::verdict::clean)
            {
                std::fputs(report.text().c_str(), stderr);
                return 1;
            }
            rates.push_back(static_cast<double>(all.size()) / took.count());
        }
        std::ranges::sort(rates);
        const double rate = rates[rates.size() / 2];
        std::printf("%-14s %10zu %10.0f %12.0f %8.0f\n", name, all.size(), bytes / 1e6, rate,
                    rate * bytes / static_cast<double>(all.size()) / 1e6);
    }

    std::printf("\n%-22s %s\n", "one harmed event", "found, of the seeds");
    const auto whole = test::told_stream(*shop, recorded, units, {});
    for (const auto& [name, expected, inflict, column] : test::damages())
    {
        unsigned found = 0;
        for (std::uint64_t seed = 0; seed < rounds; ++seed)
        {
            auto harmed = whole;
            const auto victim = whole.at(inflict(harmed, seed));
            const auto report = judged(of, harmed);
            found += std::ranges::any_of(report.examples(), [&, e = expected, c = column](const verify::finding& f)
                                         { return f.what == e && f.column == c && f.table == victim.table; })
                         ? 1U
                         : 0U;
        }
        std::printf("%-22s %u of %llu\n", name, found, rounds);
    }
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    std::printf("\npeak memory, with the messages themselves twice: %ld MB\n", used.ru_maxrss / 1024);
}
