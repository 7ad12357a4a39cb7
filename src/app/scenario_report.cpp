#include "app/scenario_report.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "bazaar/base/time.hpp"
#include "bazaar/io/json_text.hpp"
#include "bazaar/scenario/statistics.hpp"

namespace bazaar::app
{
namespace
{

using json = nlohmann::ordered_json;
using scenario::declared::conformance;
using scenario::declared::conformance_request;
using scenario::declared::finding;

std::string_view word_of(finding::verdict what)
{
    constexpr std::array<std::string_view, 3> words{"fits", "FAILS", "not tested"};
    return words.at(static_cast<std::size_t>(what));
}

/// Columns: what the widest cell of the first ones needs, up to a limit.
constexpr std::size_t width_most = 48;

std::size_t width_of(const std::vector<finding>& all, std::string finding::*member)
{
    std::size_t width = 0;
    for (const auto& one : all)
        if (one.is != finding::verdict::untested)
            width = std::max(width, std::min((one.*member).size(), width_most));
    return width;
}

std::string shown_p(double p)
{
    return p < scenario::statistics::significance ? fmt::format("{:.0e}", p) : fmt::format("{:.4f}", p);
}

std::size_t count_of(const conformance& found, finding::verdict what)
{
    return static_cast<std::size_t>(std::ranges::count(found.findings, what, &finding::is));
}

}  // namespace

std::string report_text(std::string_view name, const conformance_request& of, const conformance& found)
{
    auto text = fmt::format("{}: {} arrivals, follow-ups and steps of seed {}, {} to {}, without `max`\n", name,
                            found.units, of.seed, to_string(of.start), to_string(found.end));
    const auto& all = found.findings;
    const auto what = width_of(all, &finding::what);
    const auto wished = width_of(all, &finding::wished);
    const auto seen = width_of(all, &finding::found);
    for (const auto& one : all)
        if (one.is != finding::verdict::untested)
            text += fmt::format("  {:10} {:{}}  {:{}}  {:{}}  {:10}  p {}\n", word_of(one.is), one.what, what,
                                one.wished, wished, one.found, seen, one.test, shown_p(one.p));
    for (const auto& one : all)
        if (one.is == finding::verdict::untested)
            text += fmt::format("  {:10} {:{}}  {}{}{}\n", word_of(one.is), one.what, what, one.wished,
                                one.wished.empty() ? "" : "; ", one.found);
    const auto failed = count_of(found, finding::verdict::fails);
    return text + fmt::format("{} fit, {} fail, {} are not tested; one fails below p = {:.0e}\n",
                              count_of(found, finding::verdict::fits), failed,
                              count_of(found, finding::verdict::untested), scenario::statistics::significance);
}

std::string report_json(std::string_view name, const conformance_request& of, const conformance& found)
{
    json document = json::object();
    document["scenario"] = name;
    document["seed"] = of.seed;
    document["units"] = found.units;
    document["start"] = to_string(of.start);
    document["end"] = to_string(found.end);
    document["significance"] = scenario::statistics::significance;
    document["fits"] = found.fits();
    document["distributions"] = json::array();
    for (const auto& one : found.findings)
    {
        json line = json::object();
        line["what"] = one.what;
        line["verdict"] = one.is == finding::verdict::fails ? "fails" : word_of(one.is);
        line["wished"] = one.wished;
        if (one.is == finding::verdict::untested)
            line["why"] = one.found;
        else
        {
            line["found"] = one.found;
            line["test"] = one.test;
            line["p"] = one.p;
        }
        document["distributions"].push_back(std::move(line));
    }
    return io::json_text(document, 2) + '\n';
}

}  // namespace bazaar::app
