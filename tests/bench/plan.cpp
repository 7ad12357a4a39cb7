// Speed, allocations and memory of the pure core on one core: decisions/s, built units/s, 10 M orders planned.
// Usage: bench_plan [ticks]

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <new>
#include <string>

#include <fmt/format.h>

#include "bazaar/scenario/registry.hpp"

namespace
{

std::size_t allocations = 0;

/// Resident memory of this process in MiB, now or at its highest.
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

}  // namespace

void* operator new(std::size_t size)
{
    ++allocations;
    if (void* memory = std::malloc(size))
        return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept
{
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept
{
    std::free(memory);
}

int main(int argc, char** argv)
{
    using namespace bazaar;
    const std::uint64_t ticks = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 10'000'000;
    const auto& entry = scenario::registry()[0];
    const auto shop = entry.make(
        {.run = "main", .seed = 1, .configuration = scenario::settings(entry.fields), .files = {}});
    const auto start = *parse_time("2026-01-01");
    {
        const auto planner = shop->plan(start);
        const double before = resident("VmRSS:");
        const auto begin = std::chrono::steady_clock::now();
        while (planner->ticks() < ticks)
            (void)planner->next();
        const double took = seconds_since(begin);
        fmt::print("decided   {:>11} units of {} ticks  {:>10.0f} units/s  {:.3f} us/tick  digest {:016x}\n",
                   planner->next_no(), ticks, static_cast<double>(planner->next_no()) / took,
                   took / static_cast<double>(ticks) * 1e6, planner->digest());
        fmt::print("memory    {:.1f} MiB for the planner, {:.1f} MiB in all, {:.1f} MiB at the highest\n",
                   resident("VmRSS:") - before, resident("VmRSS:"), resident("VmHWM:"));
    }
    const auto planner = shop->plan(start);
    model::unit unit;
    std::vector<model::decision> purchases, others;
    while (purchases.size() < 100'000)
    {
        const auto d = planner->next();
        (d.kind == 0 ? purchases : others).push_back(d);
    }
    for (const auto* list : {&purchases, &others})
    {
        for (const auto& d : *list)
            shop->build(d, unit);
        const auto counted = allocations;
        const auto begin = std::chrono::steady_clock::now();
        for (const auto& d : *list)
            shop->build(d, unit);
        const double took = seconds_since(begin);
        fmt::print("built     {:>11} {:<20} {:>10.0f} units/s  {:.2f} us/unit  {} allocations\n", list->size(),
                   list == &purchases ? "purchases" : "other units", static_cast<double>(list->size()) / took,
                   took / static_cast<double>(list->size()) * 1e6, allocations - counted);
    }
}
