// An expression of a scenario file, or a template: any bytes that are text. It has faults in it, or a value.

#include "bazaar/scenario/declared/expression.hpp"

#include <array>

#include "reader.hpp"

namespace
{

using namespace bazaar;
using namespace bazaar::scenario;
using namespace bazaar::scenario::declared;

const std::vector<known_name>& names()
{
    static const std::vector<known_name> all{
        {"price", {kind::decimal, 2}, 0},   {"member", {kind::boolean}, 1},
        {"customer.name", {kind::text}, 2}, {"created_at", {kind::time}, 3},
        {"pause", {kind::duration}, 4},     {"gone", {kind::decimal, 0}, 5},
        {"day", {kind::date}, 6},           {"before(item.stock)", {kind::decimal, 0}, 7}};
    return all;
}

constexpr std::array<operand, 8> values{{{.number = 1250},
                                         {.number = 1},
                                         {.text = "In\xc3\xa9s"},
                                         {.number = 1'780'000'000'000'000},
                                         {.number = 90'000'000},
                                         {.missing = true},
                                         {.number = 20'520},
                                         {.number = 3}}};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size < 1)
        return 0;
    const auto text = fuzz::text_of(data + 1, size - 1);
    std::vector<fault> faults;
    const auto made = data[0] % 2 == 0 ? expression::compile(text, names(), faults)
                                       : expression::compile_template(text, names(), faults);
    fuzz::require(made.has_value() == faults.empty(), "what is not taken has a fault");
    for (const auto& one : faults)
        fuzz::require(one.at <= text.size() && !one.what.empty(), "a fault has a place in the text");
    if (!made)
        return 0;
    static const auto zone = kit::time_zone::parse("EST5EDT,M3.2.0,M11.1.0");
    model::arena texts;
    workspace with{.texts = texts, .zone = *zone};
    const auto found = made->evaluate(values, with);
    fuzz::require(found.what == trouble::none || (found.value.missing && found.at < text.size()),
                  "a trouble has a place in the text");
    fuzz::require(found.value.text.size() <= text_max, "a text is within its bounds");
    fuzz::require(made->type().is != kind::decimal ||
                      (exact::fits(found.value.number) && made->type().scale <= scale_max),
                  "a number is within its bounds");
    return 0;
}
