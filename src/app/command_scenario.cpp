#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "app/manual.hpp"
#include "app/scenario_report.hpp"
#include "app/scenario_schemas.hpp"
#include "app/scenario_text.hpp"
#include "bazaar/app/commands.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/base/plain.hpp"
#include "bazaar/base/size.hpp"
#include "bazaar/daemon/stage.hpp"
#include "bazaar/io/json_text.hpp"
#include "bazaar/io/new_file.hpp"
#include "bazaar/io/offered_scenario.hpp"
#include "bazaar/io/scenario_file.hpp"
#include "bazaar/io/yaml.hpp"
#include "bazaar/model/render.hpp"
#include "bazaar/process/output.hpp"
#include "bazaar/scenario/declared/check.hpp"
#include "bazaar/scenario/declared/conformance.hpp"
#include "bazaar/scenario/declared/scalars.hpp"
#include "bazaar/scenario/registry.hpp"
#include "bazaar/verify/report.hpp"

namespace bazaar::app
{
namespace
{

using json = nlohmann::ordered_json;

std::vector<std::string_view> tables_of(const scenario::entry& one)
{
    std::vector<std::string_view> names;
    for (const auto& table : one.tables)
        names.push_back(table.name);
    return names;
}

bool is_default(const scenario::entry& one)
{
    return one.name == scenario::default_name;
}

/// What the help says of the fields.
std::string flags_of(const scenario::entry& one)
{
    std::string text;
    for (const auto& entry : flag_table({&one, 1}, one))
        if (entry.of == &one)
            text += fmt::format("    {}\n        {} {}\n", term(entry), entry.help, facts(entry));
    return text;
}

std::string text_of(std::span<const scenario::entry> all)
{
    std::string text;
    for (const auto& one : all)
        text += fmt::format("{}{}, version {}{}\n  tables: {}\n  flags:\n{}", text.empty() ? "" : "\n", one.name,
                            one.version, is_default(one) ? ", the default" : "", fmt::join(tables_of(one), ", "),
                            flags_of(one));
    return text + fmt::format("\nscenario files in the program, which `bazaard scenario show NAME` shows: {}\n",
                              fmt::join(io::shipped_scenarios(), ", "));
}

std::string json_of(std::span<const scenario::entry> all)
{
    json document = json::object();
    document["scenarios"] = json::array();
    for (const auto& one : all)
    {
        json told{{"name", one.name}, {"version", one.version}, {"default", is_default(one)}};
        told["tables"] = tables_of(one);
        told["fields"] = json::array();
        for (const auto& entry : flag_table({&one, 1}, one))
            if (entry.of == &one)
                told["fields"].push_back(
                    {{"name", entry.name}, {"default", entry.initial}, {"range", entry.range}, {"help", entry.help}});
        for (std::size_t i = 0; i < one.fields.size(); ++i)
            told["fields"][i]["steerable"] = one.fields[i].steerable;
        told["seed_files"] = one.files;
        document["scenarios"].push_back(std::move(told));
    }
    document["files"] = io::shipped_scenarios();
    return io::json_text(document, 2) + '\n';
}

int list_scenarios(const options& opts)
{
    process::print_out(opts.json ? json_of(scenario::registry()) : text_of(scenario::registry()));
    return 0;
}

constexpr int data_code = 65;

/// What a file without mistakes asks for and cannot be planned yet.
std::vector<std::string> limits_of(const io::scenario_file& read, const std::string& file)
try
{
    static_cast<void>(io::offered_file(read, file));
    return {};
}
catch (const error& refusal)
{
    if (refusal.kind() != error_kind::data)
        throw;
    return refusal.lines();
}

/// Tells of each file; one with mistakes ends the command with 65.
int check_scenarios(const options& opts)
{
    int code = 0;
    for (const auto& file : opts.files)
    {
        const auto read = io::read_scenario(file, "scenario check");
        for (const auto& line : read.problems)
            process::print_out(line + '\n');
        for (const auto& line : read.warnings)
            process::print_out(line + '\n');
        const auto limits = read.spec ? limits_of(read, file) : std::vector<std::string>();
        for (const auto& line : limits)
            process::print_out(line + '\n');
        if (!read.spec || !limits.empty())
        {
            code = data_code;
            continue;
        }
        for (const auto& line : read.notes)
            process::print_out(line + '\n');
        process::print_out(fmt::format("{}: right: {} tables, {} units; a planner needs up to {}\n", plain(file),
                                       read.spec->tables.size(), read.spec->units.size(),
                                       shown_size(scenario::declared::state_bound(*read.spec))));
        for (const auto& table : read.spec->tables)
            process::print_out(fmt::format("  {}: {} columns, key {}\n", table.name, table.columns.size(),
                                           table.columns[table.keys.column].name));
    }
    return code;
}

/// The first rows of each table, as JSON lines: those of seed 1.
std::string sample_text(const scenario::entry& of, std::uint32_t rows)
{
    constexpr unit_no units_most = 200'000;
    constexpr time start{1'735'689'600'000'000};  // 2025-01-01
    const auto made = daemon::make_stage(of, "main", 1, scenario::settings(of.fields), {});
    const auto tables = made.shop->tables();
    const model::key_codec ids(run_tag("main"), 1, tables);
    const model::renderer print(tables, made.shop->kinds(), ids);
    std::vector<std::string> texts(tables.size());
    std::vector<std::uint32_t> counts(tables.size());
    const auto plan = made.shop->plan(start);
    model::unit unit;
    try
    {
        while (plan->next_no() < units_most && std::ranges::any_of(counts, [&](auto one) { return one < rows; }))
        {
            made.shop->build(plan->next(), unit);
            for (const auto& change : unit.changes)
                if (change.what == model::op::insert && counts[change.table] < rows)
                {
                    ++counts[change.table];
                    print.row_json(change.table, unit.decision.no, change.after, texts[change.table]);
                }
        }
    }
    catch (const scenario::plan_over&)
    {
        // Less is all that there is.
    }
    std::string text;
    for (const auto& one : texts)
        text += one;
    return text;
}

/// Whether the plan's distributions are as the file says.
int report_scenario(const options& opts, const scenario::declared::spec& spec)
{
    scenario::declared::conformance_request of;
    of.judged = of.drawn = std::make_shared<const scenario::declared::spec>(spec);
    if (opts.sample > 0)
        of.units = opts.sample;
    const auto found = scenario::declared::judge(of);
    process::print_out(opts.json ? report_json(spec.name, of, found) : report_text(spec.name, of, found));
    return found.fits() ? 0 : verify::exit_code(verify::verdict::mismatch);
}

int show_scenario(const options& opts)
{
    const auto& name = opts.files.front();
    const auto read = io::read_scenario(name, "scenario show");
    for (const auto& line : read.problems)
        process::print_out(line + '\n');
    if (!read.spec)
        return data_code;
    const bool all = !opts.show_tables && !opts.show_topics && !opts.show_schemas && !opts.show_distributions &&
                     opts.sample == 0;
    if (all || opts.show_tables)
        process::print_out(tables_text(*read.spec));
    if (all || opts.show_topics)
        process::print_out(topics_text(*read.spec));
    if (opts.show_schemas)
        process::print_out(schemas_text(*read.spec, io::offered_file(read, name)));
    if (opts.show_distributions)
        return report_scenario(opts, *read.spec);
    if (opts.sample > 0)
        process::print_out(sample_text(io::offered_file(read, name), opts.sample));
    return 0;
}

/// A file of TestDataPy in our words. CSV files stay where they are.
std::string written_anew(const io::scenario_file& read, const std::string& name, const std::string& from)
{
    auto tree = read.tree;
    for (auto& one : tree.entries)
    {
        if (one.key == "scenario")
            one.value.text = name;
        if (one.key == "files")
            for (auto& file : one.value.entries)
                if (auto& csv = file.value.entries.front().value.text; !csv.starts_with('/'))
                    csv.insert(0, from.substr(0, from.rfind('/') + 1));
    }
    std::string text = "# yaml-language-server: $schema=scenario.schema.json\n";
    text += fmt::format("# Made of {}, a file of TestDataPy. What is other than there, or more:\n", plain(from));
    for (const auto& line : read.notes)
        text += fmt::format("# {}\n", line);
    return text + io::write_yaml(tree);
}

/// A file that extends another one, to begin with; of one of TestDataPy, the same shop.
int new_scenario(const options& opts)
{
    const auto& name = opts.files[0];
    const auto& from = opts.begun_from;
    if (!scenario::declared::is_name(name))
        throw error(
            error_kind::usage,
            fmt::format("scenario new {}: a name has a-z, 0-9, _ and -, and begins with a letter", plain(name)));
    const auto path = name + ".yaml";
    if (std::filesystem::exists(path))
        throw error(error_kind::no_output, fmt::format("scenario new: {} is there already", path));
    const auto base = io::read_scenario(from, "scenario new");
    if (!base.spec)
        throw error(error_kind::data, fmt::format("scenario new: {}", fmt::join(base.problems, "\n")));
    io::new_file file(path, "scenario new");
    file.write(base.is_foreign ? written_anew(base, name, from) : begun_text(name, from, *base.spec));
    file.commit();
    process::print_out(fmt::format("{}: {} {}; see docs/scenario-language.md\n", path,
                                   base.is_foreign ? "the shop of" : "extends", plain(from)));
    return 0;
}

}  // namespace

int scenarios(const options& opts)
{
    if (opts.verb == "check")
        return check_scenarios(opts);
    if (opts.verb == "show")
        return show_scenario(opts);
    if (opts.verb == "new")
        return new_scenario(opts);
    return list_scenarios(opts);
}

}  // namespace bazaar::app
