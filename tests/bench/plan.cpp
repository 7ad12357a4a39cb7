// Parts of the pure core, each measured alone, for tests/bench/plan and tests/bench/starts. Prints one JSON object.
//
//   bench_plan decide TICKS [FIELD VALUE]...       decides a run's units, then saves and restores the planner's state
//   bench_plan build KIND UNITS [FIELD VALUE]...   builds so many units of one kind ("" for all); 0 units for the cost of the rest
//   bench_plan keep TICKS CONNECTION SCHEMA PROGRAM
//                                                  lays the saved plan of a run's first units into its database, as PROGRAM would

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "bazaar/daemon/stage.hpp"
#include "bazaar/postgres/plan_cache.hpp"
#include "bazaar/postgres/store.hpp"
#include "bazaar/process/program.hpp"
#include "bazaar/run/saved_plan.hpp"
#include "bazaar/scenario/registry.hpp"
#include "bench/counted_new.hpp"

namespace
{

using namespace bazaar;

using test::allocations;

/// Memory of this process in MiB: VmRSS now, VmHWM at its highest.
double resident(const char* key)
{
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;)
        if (word == key)
        {
            status >> word;
            return std::stod(word) / 1024;
        }
    return 0;
}

double seconds_since(std::chrono::steady_clock::time_point start)
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::unique_ptr<scenario::scenario> shop_of(int argc, char** argv, int from)
{
    const auto& entry = scenario::default_entry();
    scenario::settings configuration(entry.fields);
    for (int i = from; i + 1 < argc; i += 2)
        if (const auto wrong = configuration.set(configuration.find(argv[i]), argv[i + 1]); !wrong.empty())
            throw std::runtime_error(fmt::format("{} {}", argv[i], wrong));
    return entry.make({.run = "main", .seed = 1, .configuration = configuration, .files = {}});
}

const bazaar::time start{1'767'225'600'000'000};  // 2026-01-01

void decide(const scenario::scenario& shop, std::uint64_t ticks)
{
    const auto planner = shop.plan(start);
    const double before = resident("VmRSS:");
    const auto counted = allocations;
    const auto begin = std::chrono::steady_clock::now();
    while (planner->ticks() < ticks)
        (void)planner->next();
    const double took = seconds_since(begin);
    const auto allocated = allocations - counted;
    const double memory = resident("VmRSS:") - before;

    const auto saving = std::chrono::steady_clock::now();
    std::vector<std::byte> bytes;
    scenario::state_writer to(bytes);
    planner->save(to);
    const double saved = seconds_since(saving);
    const auto again = shop.plan(start);
    const auto loading = std::chrono::steady_clock::now();
    scenario::state_reader from(bytes);
    const bool good = again->load(from) && again->digest() == planner->digest();
    fmt::print(R"({{"units":{},"seconds":{:.6f},"allocations":{},"memory":{:.1f},"highest":{:.1f},"digest":"{:016x}",)"
               R"("bytes":{},"save":{:.6f},"load":{:.6f},"good":{}}})"
               "\n",
               planner->next_no(), took, allocated, memory, resident("VmHWM:"), planner->digest(), bytes.size(), saved,
               seconds_since(loading), good);
}

void build(const scenario::scenario& shop, std::string_view kind, std::size_t units)
{
    constexpr std::size_t sample = 2'000;
    const auto planner = shop.plan(start);
    std::vector<model::decision> decided;
    while (decided.size() < sample)
        if (const auto d = planner->next(); kind.empty() || shop.kinds()[d.kind].name == kind)
            decided.push_back(d);
    model::unit unit;
    for (const auto& d : decided)
        shop.build(d, unit);
    const auto counted = allocations;
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < units; ++i)
        shop.build(decided[i % sample], unit);
    fmt::print(R"({{"units":{},"seconds":{:.6f},"allocations":{}}})"
               "\n",
               units, seconds_since(begin), allocations - counted);
}

/// The run was begun and has no unit yet. From here on it looks as if all units up to the saved state were settled.
int keep(std::uint64_t ticks, const std::string& connection, const std::string& schema, const std::string& program)
{
    postgres::connection_flags flags;
    flags.url = connection;
    postgres::session on(postgres::resolve(flags));
    auto record = postgres::load(on, schema, "main", bazaar::daemon::fields_of);
    const auto number = process::program_number(program);
    if (!record || !number)
        return 1;
    const auto made = bazaar::daemon::make_stage(*record, {});
    const auto planner = made.shop->plan(record->start);
    run::replanner walk(*planner, *record);
    while (planner->ticks() < ticks)
        (void)walk.next();
    const auto saved = run::save_plan(walk, *record, *number);
    const postgres::ownership own{schema, "main", record->tag, 1, {}};
    postgres::append(on, own, saved.at);
    postgres::plan_writer writer(saved);
    while (writer.step(on, own))
    {
    }
    on.exec(fmt::format("UPDATE bazaard.run SET settled = {}, clean = true", saved.at.unit));
    fmt::print(R"({{"units":{},"bytes":{}}})"
               "\n",
               saved.at.unit, saved.bytes.size());
    return 0;
}

}  // namespace

/// The kinds that occur, as a JSON array.
void list_kinds(const scenario::scenario& shop)
{
    std::string names;
    for (std::uint16_t i = 0; i < shop.kinds().size(); ++i)
        if (shop.plans(i))
            names += fmt::format("{}\"{}\"", names.empty() ? "" : ", ", shop.kinds()[i].name);
    fmt::print("[{}]\n", names);
}

int main(int argc, char** argv)
{
    const std::string_view what = argc > 2 ? argv[1] : "";
    if (what == "decide")
        decide(*shop_of(argc, argv, 3), std::strtoull(argv[2], nullptr, 10));
    else if (what == "build" && argc > 3)
        build(*shop_of(argc, argv, 4), argv[2], std::strtoull(argv[3], nullptr, 10));
    else if (what == "kinds")
        list_kinds(*shop_of(argc, argv, 2));
    else if (what == "keep" && argc > 5)
        return keep(std::strtoull(argv[2], nullptr, 10), argv[3], argv[4], argv[5]);
    else
        return 64;
    return 0;
}
