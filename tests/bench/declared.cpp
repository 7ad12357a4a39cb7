// What deciding and building units of scenario files costs, with no server: for each shipped file, or those that are named. Measured in time
// of this thread's CPU, so that other work on the machine counts little.
//
//   scripts/dev bench declared [FILE...]

#include <cstdio>
#include <ctime>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "bazaar/io/scenario_file.hpp"
#include "bazaar/scenario/declared/declared.hpp"
#include "bench/counted_new.hpp"

namespace
{

using namespace bazaar;

using test::allocations;

double cpu_seconds()
{
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

using spec_pointer = std::shared_ptr<const scenario::declared::spec>;

/// A file without the ends of its arrivals.
spec_pointer file_of(const std::string& name)
{
    auto read = io::read_scenario(name, "bench");
    if (!read.spec)
        throw std::runtime_error(read.problems.front());
    for (auto& table : read.spec->tables)
        for (auto& arrives : table.arrives)
            arrives.max.reset();
    return std::make_shared<const scenario::declared::spec>(*std::move(read.spec));
}

struct measured
{
    double seconds = 0;
    double allocations = 0;
};

template <typename What>
measured measure(std::size_t units, const What& what)
{
    const auto counted = allocations;
    const auto begin = cpu_seconds();
    for (std::size_t i = 0; i < units; ++i)
        what(i);
    return {cpu_seconds() - begin, static_cast<double>(allocations - counted) / static_cast<double>(units)};
}

void bench(const std::string& name)
{
    constexpr std::size_t warm = 100'000;
    constexpr std::size_t decided = 400'000;
    constexpr std::size_t sample = 2'000;
    constexpr std::size_t built = 200'000;
    const auto file = file_of(name);
    const scenario::declared::setting_fields fields(*file);
    const auto shop = scenario::declared::make(
        file, {.run = "main", .seed = 1, .configuration = scenario::settings(fields.all()), .files = {}});
    const auto plan = shop->plan(bazaar::time{1'767'225'600'000'000});
    for (std::size_t i = 0; i < warm; ++i)
        static_cast<void>(plan->next());
    const auto deciding = measure(decided, [&](std::size_t) { static_cast<void>(plan->next()); });
    std::vector<model::decision> some;
    while (some.size() < sample)
        some.push_back(plan->next());
    model::unit unit;
    std::size_t rows = 0;
    for (const auto& one : some)
    {
        shop->build(one, unit);
        rows += unit.changes.size();
    }
    const auto building = measure(built, [&](std::size_t i) { shop->build(some[i % sample], unit); });
    fmt::print("{:24} {:>11.0f} {:>11.3f} {:>11.4f} {:>11.0f} {:>11.3f} {:>11.4f} {:>9.2f}\n", name,
               decided / deciding.seconds, deciding.seconds / decided * 1e6, deciding.allocations,
               built / building.seconds, building.seconds / built * 1e6, building.allocations,
               static_cast<double>(rows) / sample);
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv)
{
    std::vector<std::string> files(argv + 1, argv + argc);
    if (files.empty())
        for (const auto name : io::shipped_scenarios())
            files.emplace_back(name);
    fmt::print("{:24} {:>11} {:>11} {:>11} {:>11} {:>11} {:>11} {:>9}\n", "file", "decided/s", "CPU us", "allocations",
               "built/s", "CPU us", "allocations", "rows/unit");
    for (const auto& file : files)
        bench(file);
}
