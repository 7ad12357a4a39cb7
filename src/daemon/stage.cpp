#include "bazaar/daemon/stage.hpp"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <random>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "bazaar/base/duration.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/daemon/chosen.hpp"
#include "bazaar/io/offered_scenario.hpp"
#include "bazaar/io/small_file.hpp"
#include "bazaar/model/check.hpp"
#include "bazaar/run/record_check.hpp"
#include "bazaar/scenario/registry.hpp"

namespace bazaar::daemon
{
namespace
{

scenario::seed_files read_seed_dir(const std::string& directory, std::span<const std::string_view> names,
                                   std::vector<std::unique_ptr<std::string>>& kept)
{
    scenario::seed_files files;
    if (directory.empty())
        return files;
    namespace fs = std::filesystem;
    std::error_code failed;
    if (!fs::is_directory(directory, failed))
        throw error(error_kind::no_input, fmt::format("--seed-dir {}: is no directory that can be read", directory));
    for (const auto name : names)
    {
        const auto path = fs::path(directory) / name;
        if (!fs::exists(path, failed))
            continue;
        // What is no text is told with its line by who reads it.
        auto bytes = std::make_unique<std::string>(io::read_small_file(path, path.string(), {.text = false}));
        files[std::string(name)] = *bytes;
        kept.push_back(std::move(bytes));
    }
    if (files.empty())
        throw error(error_kind::no_input,
                    fmt::format("--seed-dir {}: has none of the files {}", directory, fmt::join(names, ", ")));
    return files;
}

stage make(const scenario::entry& entry, const std::string& run, std::uint64_t seed,
           const scenario::settings& configuration, const std::string& seed_dir, std::uint32_t version = 0)
{
    stage made;
    auto files = read_seed_dir(seed_dir, entry.files, made.files);
    made.shop = entry.make({run, seed, configuration, std::move(files), version});
    auto problems = model::problems_of(made.shop->tables(), made.shop->kinds());
    if (problems.empty())
        return made;
    for (auto& line : problems)
        line = fmt::format("scenario {}: {}", entry.name, line);
    throw error(error_kind::data, std::move(problems));
}

const scenario::entry& entry_named(std::string_view name, std::string_view text,
                                   std::span<const scenario::declared::given_setting> settings)
{
    if (const auto* found = scenario::find(name))
        return *found;
    if (!text.empty())
        return io::offered_text(text, settings);
    throw error(error_kind::config, fmt::format("the run's scenario \"{}\" is not part of this program", name));
}

}  // namespace

const scenario::entry& entry_of(const run::record& of)
{
    return entry_named(of.scenario, of.scenario_text, of.settings);
}

const scenario::entry& entry_of(const run::scenario_record& of)
{
    return entry_named(of.scenario, of.text, of.settings);
}

namespace
{

std::vector<std::string_view> tables_of_kafka(const scenario::scenario& shop)
{
    std::vector<std::string_view> names;
    for (const auto& table : shop.tables())
        if (table.sink == model::target::kafka)
            names.push_back(table.name);
    return names;
}

[[noreturn]] void refuse_tables(const scenario::scenario& shop, const std::vector<std::string_view>& names,
                                std::string_view why)
{
    const auto fields = shop.configuration().fields();
    const auto sink = std::ranges::find(fields, "sink", &scenario::field::name);
    const bool may_leave = sink != fields.end() && sink->choices.find("postgres") != sink->choices.npos;
    throw error(error_kind::usage, fmt::format("scenario {}: {} {} to Kafka{}{}", shop.name(), fmt::join(names, ", "),
                                               names.size() == 1 ? "goes" : "go", why,
                                               may_leave ? "; --sink postgres leaves that out" : ""));
}

}  // namespace

void refuse_two_targets(const scenario::scenario& shop)
{
    const auto names = tables_of_kafka(shop);
    if (!names.empty() && names.size() != shop.tables().size())
        refuse_tables(shop, names, " and others to PostgreSQL, and a run writes to one of them");
}

void refuse_topics(const scenario::scenario& shop)
{
    if (const auto names = tables_of_kafka(shop); !names.empty())
        refuse_tables(shop, names, ", and a load writes to PostgreSQL alone");
}

stage make_stage(const scenario::entry& of, const std::string& run, std::uint64_t seed,
                 const scenario::settings& configuration, const std::string& seed_dir)
{
    return make(of, run, seed, configuration, seed_dir);
}

stage stage_of(const settings& opts, std::uint64_t seed)
{
    return make(*opts.chosen, opts.run, seed, opts.configuration, opts.seed_dir);
}

stage make_stage(const run::record& recorded, const std::string& seed_dir)
{
    const auto& entry = entry_of(recorded);
    if (auto wrong = run::wrong_in(recorded, entry.fields); !wrong.empty())
    {
        for (auto& line : wrong)
            line = fmt::format("run {} has a record that no bazaard has written: {}", recorded.run, line);
        throw error(error_kind::config, std::move(wrong));
    }
    scenario::settings configuration(entry.fields);
    for (const auto& [name, text] : recorded.settings)
        if (std::ranges::find(entry.fields, name, &scenario::field::name) == entry.fields.end())
            throw error(error_kind::config, fmt::format("run {}: its recorded setting {} is none of the scenario {}",
                                                        recorded.run, name, recorded.scenario));
        else if (const auto wrong = configuration.set(configuration.find(name), text); !wrong.empty())
            throw error(error_kind::config,
                        fmt::format("run {}: its recorded {} {} {}", recorded.run, name, text, wrong));
    auto made = make(entry, recorded.run, recorded.seed, configuration, seed_dir, recorded.scenario_version);
    std::vector<std::string> problems;
    const auto ways_out = "use the program that began the run, begin another with --run NEW, or drop this one";
    if (made.shop->version() != recorded.scenario_version)
        problems.push_back(
            fmt::format("run {} was begun with version {} of scenario {}, this program has version {}: {}",
                        recorded.run, recorded.scenario_version, entry.name, made.shop->version(), ways_out));
    if (entry.text != recorded.scenario_text)
        problems.push_back(
            fmt::format("run {} was begun with another file of scenario {}: {}", recorded.run, entry.name, ways_out));
    if (made.shop->catalogue() != recorded.catalogue)
        problems.push_back(fmt::format("run {} was begun with other seed data ({:016x}, now {:016x}): give the same "
                                       "--seed-dir, or begin another with --run NEW",
                                       recorded.run, recorded.catalogue, made.shop->catalogue()));
    if (!problems.empty())
        throw error(error_kind::config, problems);
    return made;
}

void take_recorded(const settings& opts, const run::record& recorded, stage& made)
{
    if (auto line = another_text(opts, recorded); !line.empty())
        throw error(error_kind::config, line);
    // Settings of a file may change its tables.
    if (recorded.scenario != made.shop->name() || !recorded.scenario_text.empty())
        made = make_stage(recorded, opts.seed_dir);
}

microseconds past_of(const settings& opts, const scenario::scenario& shop)
{
    const auto past = shop.past();
    if (opts.history && past > microseconds(0))
        throw error(
            error_kind::usage,
            fmt::format("--history {}: the scenario {} has stages that say how long its past is, {}; settings of "
                        "its own may change that",
                        to_string(*opts.history), shop.name(), to_string(past)));
    return past;
}

run::record new_record(const settings& opts, std::uint64_t seed, const scenario::scenario& shop)
{
    run::record fresh;
    fresh.schema = opts.schema;
    fresh.run = opts.run;
    fresh.tag = run_tag(opts.run);
    fresh.seed = seed;
    fresh.scenario = shop.name();
    fresh.scenario_version = shop.version();
    fresh.scenario_text = opts.chosen->text;
    fresh.catalogue = shop.catalogue();
    fresh.window = opts.window;
    const auto fields = opts.configuration.fields();
    for (std::size_t i = 0; i < fields.size(); ++i)
        fresh.settings.emplace_back(fields[i].name, opts.configuration.printed(i));
    return fresh;
}

std::uint64_t random_seed()
{
    std::random_device device;
    return std::uint64_t{device()} << 32 | device();
}

time start_to_end_at(const scenario::scenario& shop, std::uint64_t ticks, time now,
                     const std::function<bool()>& stopped)
{
    if (const auto why = shop.ends_within(std::nullopt, ticks); !why.empty())
        throw error(error_kind::usage, fmt::format("--max-iter {}: {}", ticks, why));
    const time earliest{(now - scenario::start_min).count()};
    bool ended = false;
    const auto last_tick = [&](time start, time most, std::uint64_t count)
    {
        const auto trial = shop.plan(start);
        time last = start;
        while (trial->ticks() < count && last <= most && !trial->done() && !ended)
        {
            ended = trial->next_no() % (unit_no{1} << 16) == 0 && stopped && stopped();
            last = trial->next().at;
        }
        return last;
    };
    const auto last = last_tick(time{}, earliest, ticks);
    if (ended)
        return now;
    const auto* pace = scenario::pace_of(shop.configuration().fields());
    if (last > earliest)
        throw error(
            error_kind::usage,
            fmt::format("--max-iter {}: the last tick would be now and the first before {}, when no run begins: "
                        "fewer ticks{}",
                        ticks, to_string(scenario::start_min),
                        pace == nullptr ? std::string() : fmt::format(", or a higher --{}", pace->name)));
    auto start = now - (last - time{});
    // A shop may keep hours, that of a file some that the first ticks do not show: begun at another moment, it needs another time for
    // its ticks.
    constexpr int tries = 64;
    constexpr time never{std::numeric_limits<std::int64_t>::max()};
    const auto few = std::min<std::uint64_t>(ticks, 100);
    const bool keeps_hours = scenario::find(shop.name()) == nullptr ||
                             last_tick(start, never, few) - start != last_tick(time{}, never, few) - time{};
    for (int i = 0; i < tries && keeps_hours && !ended; ++i)
    {
        const auto late = last_tick(start, never, ticks) - now;
        if (late <= microseconds(0))
            break;
        start = start - std::max<microseconds>(late, std::chrono::minutes(10));
    }
    return ended ? now : start;
}

std::span<const scenario::field> fields_of(const run::record& of)
{
    return entry_of(of).fields;
}

}  // namespace bazaar::daemon
