// What the plan makes, in short: for a few pinned runs a hash over all rows in the order of the units, the planner's digest
// and figures, and the first changes and the first unit of each kind as a person reads them. Every CPU and compiler must print the same.
//
//   golden_print                   prints all scenarios
//   golden_print --compare FILE    compares with a golden; 1 and the first lines that differ when it is another text
//   golden_print --update FILE     writes the golden anew
//
// A golden has the name of its scenario: thelook.txt.
//
// When generated data is meant to change, bump the scenario's version() and, with any build folder B:
//   cmake --build B --target golden_print && B/tests/golden_print --update tests/golden/thelook.txt

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "bazaar/base/decimal.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/base/id.hpp"
#include "bazaar/model/control.hpp"
#include "bazaar/model/render.hpp"
#include "bazaar/scenario/registry.hpp"
#include "golden/stable_hash.hpp"

namespace
{

using namespace bazaar;

/// A control entry at the moment when so many ticks are decided.
struct steering
{
    std::uint64_t ticks;
    std::string_view field;  ///< Empty for a shift.
    std::int64_t value;
};

struct pinned_run
{
    std::string_view title;
    std::string run;
    std::uint64_t seed;
    std::string_view start;
    std::uint64_t ticks;
    std::vector<std::pair<std::string_view, std::string_view>> settings;  ///< "most" is the greatest value.
    std::vector<steering> steer;
};

std::vector<pinned_run> pinned_runs(std::string_view scenario)
{
    if (scenario != "thelook")
        return {{"defaults", "main", 1, "2026-01-01", 20'000, {}, {}}};
    return {
        {"defaults", "main", 1, "2026-01-01", 20'000, {}, {}},
        {"few users, complete lives, steered",
         "second",
         0xfeedfacecafebeef,
         "2024-02-28T23:59:00Z",
         5'000,
         {{"avg-qps", "250"},
          {"init-num-users", "3"},
          {"active-users", "40"},
          {"lifecycle", "complete"},
          {"user-create-prob", "1"},
          {"ghost-create-prob", "1"}},
         {{1'000, "avg-qps", 3'000'000}, {2'000, "", 86'400'000'000}, {3'000, "user-update-prob", 900'000'000}}},
        {"one country, slow lives",
         "main",
         0,
         "1999-12-31T12:00:00Z",
         5'000,
         {{"country", "Japan"}, {"lifecycle-scale", "3600"}, {"order-update-prob", "most"}, {"avg-qps", "0.01"}},
         {}},
        {"users forgotten, prices changed",
         "main",
         77,
         "2025-06-30T22:00:00Z",
         5'000,
         {{"erase-prob", "0.2"}, {"touch-interval", "500ms"}, {"lifecycle", "complete"}, {"init-num-users", "300"}},
         {{1'500, "erase-prob", 900'000'000}, {3'000, "", 3'600'000'000}, {4'000, "avg-qps", 5'000'000}}},
    };
}

std::uint16_t field_number(const scenario::scenario& shop, std::string_view name)
{
    return static_cast<std::uint16_t>(shop.configuration().find(name));
}

void print_run(const scenario::entry& entry, const pinned_run& pinned, std::string& out)
{
    scenario::request request{pinned.run, pinned.seed, scenario::settings(entry.fields), {}};
    for (const auto& [name, asked] : pinned.settings)
    {
        const auto& field = *std::ranges::find(entry.fields, name, &scenario::field::name);
        const auto value = asked == "most" ? to_decimal(field.high, field.scale, zeros::trim) : std::string(asked);
        expect(request.configuration.set(request.configuration.find(name), value).empty(), "a pinned setting is valid");
    }
    const auto shop = entry.make(request);
    const auto start = *parse_time(pinned.start);
    const auto end = std::back_inserter(out);
    fmt::format_to(end, "== {}: {} version {}, run {}, seed {}, from {}, {} ticks\n", pinned.title, entry.name,
                   shop->version(), pinned.run, pinned.seed, to_string(start), pinned.ticks);

    test::stable_hash standing;
    for (std::uint8_t t = 0; t < shop->tables().size(); ++t)
    {
        const auto take = [&](std::span<const model::value> row) { standing.add(row); };
        shop->fixed_rows(t, take);
        shop->initial_rows(t, start, take);
    }
    fmt::format_to(end, "rows before unit 0  {:016x}\n", standing.value());

    const id_codec ids(run_tag(pinned.run), pinned.seed);
    const model::renderer renderer(shop->tables(), shop->kinds(), ids);
    const auto planner = shop->plan(start);
    test::stable_hash rows;
    model::unit unit;
    std::string readable;
    std::size_t changes = 0;
    std::vector<bool> shown(shop->kinds().size());
    auto steer = pinned.steer.begin();
    while (planner->ticks() < pinned.ticks)
    {
        for (; steer != pinned.steer.end() && planner->ticks() >= steer->ticks; ++steer)
            planner->apply({.unit = planner->next_no(),
                            .what = steer->field.empty() ? model::control::kind::shift : model::control::kind::set,
                            .field = steer->field.empty() ? std::uint16_t{} : field_number(*shop, steer->field),
                            .value = steer->value,
                            .at = planner->next_at()});
        shop->build(planner->next(), unit);
        rows.add(unit);
        if (changes < 20 || !shown[unit.decision.kind])
            renderer.text(unit, readable);
        shown[unit.decision.kind] = true;
        changes += unit.changes.size();
    }
    fmt::format_to(end, "rows of units       {:016x}\n", rows.value());
    fmt::format_to(end, "digest              {:016x}\n", planner->digest());
    fmt::format_to(end, "units {}  changes {}  next at {}\n", planner->next_no(), changes,
                   to_string(planner->next_at()));
    std::vector<scenario::figure> figures;
    planner->figures(figures);
    for (const auto& f : figures)
        fmt::format_to(end, "{} {} {}\n", f.group, f.name, f.value);
    out += readable;
    out += '\n';
}

std::string everything(const scenario::entry& entry)
{
    std::string out;
    for (const auto& pinned : pinned_runs(entry.name))
        print_run(entry, pinned, out);
    return out;
}

/// The scenario whose golden a file is, by its name; null where there is none.
const scenario::entry* scenario_of(std::string_view path)
{
    const auto name = path.substr(path.rfind('/') + 1);
    return scenario::find(name.substr(0, name.rfind('.')));
}

bool write(const char* path, std::string_view text)
{
    std::FILE* file = std::fopen(path, "wb");
    if (file == nullptr)
        return false;
    const bool whole = std::fwrite(text.data(), 1, text.size(), file) == text.size();
    return std::fclose(file) == 0 && whole;
}

std::string read(const char* path)
{
    std::string text;
    if (std::FILE* file = std::fopen(path, "rb"))
    {
        char buffer[4096];
        while (const auto size = std::fread(buffer, 1, sizeof buffer, file))
            text.append(buffer, size);
        std::fclose(file);
    }
    return text;
}

std::string_view take_line(std::string_view& text)
{
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return line;
}

int compare(const scenario::entry& entry, const char* path)
{
    const auto golden = read(path);
    const auto made = everything(entry);
    if (golden == made)
        return EXIT_SUCCESS;
    if (golden.empty())
    {
        fmt::print(stderr, "{}: missing or empty; the head of golden_print.cpp says how it is made\n", path);
        return EXIT_FAILURE;
    }
    std::string_view expected = golden;
    std::string_view found = made;
    int shown = 0;
    for (int line = 1; shown < 5 && !(expected.empty() && found.empty()); ++line)
    {
        const auto a = take_line(expected);
        const auto b = take_line(found);
        if (a != b && ++shown > 0)
            fmt::print(stderr, "{}:{}:\n  golden {}\n  made   {}\n", path, line, a, b);
    }
    return EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv)
{
    const std::string_view mode = argc > 1 ? argv[1] : "";
    const auto* of = argc == 3 ? scenario_of(argv[2]) : nullptr;
    if (of != nullptr && mode == "--compare")
        return compare(*of, argv[2]);
    if (of != nullptr && mode == "--update")
        return write(argv[2], everything(*of)) ? EXIT_SUCCESS : EXIT_FAILURE;
    if (argc != 1)
    {
        fmt::print(stderr, "usage: golden_print [--compare SCENARIO.txt | --update SCENARIO.txt]\n");
        return 64;
    }
    std::string text;
    for (const auto& entry : scenario::registry())
        text += everything(entry);
    return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? EXIT_SUCCESS : EXIT_FAILURE;
}
