#include "bazaar/daemon/stage.hpp"

#include <algorithm>
#include <filesystem>
#include <random>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
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

}  // namespace

const scenario::entry& entry_named(std::string_view name)
{
    if (const auto* found = scenario::find(name))
        return *found;
    throw error(error_kind::config, fmt::format("the run's scenario \"{}\" is not part of this program", name));
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
    const auto& entry = entry_named(recorded.scenario);
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

run::record new_record(const settings& opts, std::uint64_t seed, const scenario::scenario& shop)
{
    run::record fresh;
    fresh.schema = opts.schema;
    fresh.run = opts.run;
    fresh.tag = run_tag(opts.run);
    fresh.seed = seed;
    fresh.scenario = shop.name();
    fresh.scenario_version = shop.version();
    fresh.scenario_text = entry_named(shop.name()).text;
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
    const auto trial = shop.plan(time{});
    const time earliest{(now - scenario::start_min).count()};
    time last;
    while (trial->ticks() < ticks && last <= earliest)
    {
        if (trial->next_no() % (unit_no{1} << 16) == 0 && stopped && stopped())
            return now;
        last = trial->next().at;
    }
    const auto* pace = scenario::pace_of(shop.configuration().fields());
    if (last > earliest)
        throw error(
            error_kind::usage,
            fmt::format("--max-iter {}: the last tick would be now and the first before {}, when no run begins: "
                        "fewer ticks{}",
                        ticks, to_string(scenario::start_min),
                        pace == nullptr ? std::string() : fmt::format(", or a higher --{}", pace->name)));
    return now - (last - time{});
}

std::span<const scenario::field> fields_of(std::string_view scenario)
{
    return entry_named(scenario).fields;
}

}  // namespace bazaar::daemon
