#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "checker.hpp"
#include "shapes.hpp"
#include "value_parts.hpp"

// Generators.

namespace bazaar::scenario::declared
{
namespace
{

constexpr std::int64_t millionths_most = 1'000'000'000'000'000'000;

}  // namespace

std::optional<generator> checker::value(const node& here, const value_place& at)
{
    if (here.is == shape::map)
        return generated(fields(here, at.is_column ? "column" : "value", at.path), at);
    if (here.is != shape::scalar || is_left_out(here))
        return std::nullopt;
    return expression_start(here) == std::string::npos ? constant(here, at) : computed(here, at);
}

std::optional<generator> checker::constant(const node& here, const value_place& at)
{
    const auto type = at.text_wanted ? value_type{kind::text} : looks_of(here.text, here.quoted);
    const auto text = type.is == kind::text ? quoted_text(here.text) : here.text;
    std::vector<fault> faults;
    auto made = expression::compile(text, {}, faults);
    if (!made)
    {
        tell(here.at, at.path, fmt::format("a constant that is too long: {}", faults.front().what));
        return std::nullopt;
    }
    if (type.is == kind::text && here.text.find('{') != std::string::npos)
        warnings_.add(here.at, at.path, "a constant with a brace in it; a template is {text: \"...\"}");
    return of_type(gen::computed{*std::move(made)}, made->type());
}

/// "= EXPR". One that is the key of another row, and nothing else, is a reference.
std::optional<generator> checker::computed(const node& here, const value_place& at)
{
    const auto start = expression_start(here);
    auto made = compiled(here, start == std::string::npos ? 0 : start, at.in);
    if (!made)
        return std::nullopt;
    const auto type = made->type();
    const auto name = plain_name(std::string_view(here.text).substr(start == std::string::npos ? 0 : start), at.in);
    if (name && at.is_column)
    {
        const auto& what = at.in.sources[*name];
        const bool own = what.is == source::form::link;
        if (own || what.is == source::form::unit_link)
        {
            const auto& links = own ? *at.in.links : made_.units[what.unit].links;
            if (made_.tables[links[what.one].to].columns[what.two].kind == model::type::ref)
                return of_type(gen::reference{at.in.slots[*name]}, type);
        }
    }
    return of_type(gen::computed{*std::move(made)}, type);
}

std::optional<range> checker::clamp_of(const fields& here)
{
    const auto read = range_of(here.text("clamp"));
    if (!read)
        return std::nullopt;
    const auto low = units_of(read->low, 6);
    const auto high = units_of(read->high, 6);
    if (!low || !high)
    {
        tell(here.find("clamp")->value.at, "clamp", "an end has more than six digits behind the point");
        return std::nullopt;
    }
    return range{*low, *high};
}

/// int, decimal, and the draws of numbers.
std::optional<generator> checker::of_numbers(const fields& here, std::string_view head)
{
    if (head == "int" || head == "decimal")
    {
        const auto read = range_of(here.text(head));
        if (!read)
            return std::nullopt;
        const int scale = std::max(read->low.scale, read->high.scale);
        const auto low = units_of(read->low, scale);
        const auto high = units_of(read->high, scale);
        const auto at = here.find(head)->value.at;
        if (head == "int" && scale != 0)
            tell(at, head, fmt::format("{}: an end is no whole number; take decimal", here.text(head)));
        else if (scale > 9 || !low || !high)
            tell(at, head, fmt::format("{}: too many digits", here.text(head)));
        else
            return of_type(gen::even{{*low, *high}}, {kind::decimal, static_cast<std::uint8_t>(scale)});
        return std::nullopt;
    }
    const auto block = here.block(head);
    if (!block)
        return std::nullopt;
    const auto number_in = [&](std::string_view key)
    {
        const auto units = block->units(key, 6);
        const auto* const there = block->scalar(key);
        if (there != nullptr && number_of(there->value.text) &&
            (!units || *units > millionths_most || *units < -millionths_most))
            tell(there->value.at, key,
                 fmt::format("{}: six digits behind the point and twelve before it at most", there->value.text));
        return units.value_or(0);
    };
    const value_type type{
        kind::decimal, static_cast<std::uint8_t>(std::clamp<std::int64_t>(block->integer("scale").value_or(0), 0, 6))};
    if (head == "normal")
        return of_type(gen::normal{number_in("mean"), number_in("sd"), clamp_of(*block)}, type);
    if (head == "lognormal")
        return of_type(gen::lognormal{number_in("median"), number_in("spread"), clamp_of(*block)}, type);
    return of_type(gen::exponential{number_in("mean"), clamp_of(*block)}, type);
}

/// Generators with one scalar.
std::optional<generator> checker::other(const fields& here, std::string_view head, const value_place& at)
{
    const auto& one = *here.find(head);
    const auto& text = one.value.text;
    if (head == "sequence" || head == "uuid" || head == "counter")
        if (!at.is_column)
        {
            tell(one.at, at.path,
                 fmt::format("{} is for columns; a var, a change or a part of a value has none", head));
            return std::nullopt;
        }
    if (head == "sequence")
    {
        auto made = sequence_of(text);
        if (!made)
            return std::nullopt;
        made->from = static_cast<std::uint64_t>(std::max<std::int64_t>(here.integer("from").value_or(1), 0));
        const bool number_here = made->prefix.empty() && made->suffix.empty() && made->digits == 0;
        return of_type(*std::move(made), number_here ? value_type{kind::decimal, 0} : value_type{kind::text});
    }
    if (head == "uuid")
        return of_type(gen::row_uuid{}, {kind::text});
    if (head == "chance")
    {
        const auto share = share_of(text);
        std::vector<fault> faults;
        auto made = share ? expression::compile(fmt::format("{}.{:06}", *share / whole_share, *share % whole_share), {},
                                                faults)
                          : of_kind(one, at.in, kind::decimal, joined_path(at.path, head));
        return made ? std::optional(of_type(gen::chance{*std::move(made)}, {kind::boolean})) : std::nullopt;
    }
    if (head == "pattern")
    {
        auto made = pattern_of(text);
        return made ? std::optional(of_type(*std::move(made), {kind::text})) : std::nullopt;
    }
    if (head == "text")
    {
        auto made = compiled(one.value, 0, at.in, true);
        return made ? std::optional(of_type(gen::computed{*std::move(made)}, {kind::text})) : std::nullopt;
    }
    if (head == "fake")
        return of_type(gen::fake{text, here.text("set"), here.text("country")}, {kind::text});
    if (head == "counter")
    {
        const auto block = here.block("counter");
        const auto* const starts = block ? block->scalar("starts") : nullptr;
        auto made = starts == nullptr ? std::nullopt : of_kind(*starts, at.in, kind::decimal, block->path_of("starts"));
        if (made && made->type().scale != 0)
        {
            tell(starts->value.at, block->path_of("starts"), "a counter counts whole numbers; take round() or floor()");
            return std::nullopt;
        }
        return made ? std::optional(of_type(gen::counter{*std::move(made)}, {kind::decimal, 0})) : std::nullopt;
    }
    return std::nullopt;
}

std::optional<generator> checker::generated(const fields& here, const value_place& at)
{
    const auto head = here.head();
    std::optional<generator> made;
    if (head.empty())
    {
        // A column without a generator has no value until something sets it.
        if (at.is_column && here.text("missing") != "true" && here.here().is == shape::map)
            tell(at.at, at.path, "has no generator; only a column with \"missing: true\" needs none");
        else if (at.is_column)
            made = generator{};
    }
    else if (head == "is")
        made = here.scalar("is") == nullptr ? std::nullopt : computed(here.scalar("is")->value, at);
    else if (head == "choice")
        made = choice(*here.find(head), at);
    else if (head == "row_of")
        made = row_of(here, at);
    else if (head == "time")
        made = time_of(*here.find(head), at);
    else if (head == "date")
        made = date_of_value(*here.find(head));
    else if (head == "by_stage")
        made = by_stage(*here.find(head), at);
    else if (head == "object" || head == "list")
        made = nested(here, head, at);
    else if (head == "int" || head == "decimal" || head == "normal" || head == "lognormal" || head == "exponential")
        made = of_numbers(here, head);
    else
        made = other(here, head, at);
    if (made)
        conditions(here, at, *made);
    return made;
}

/// when, else and missing.
void checker::conditions(const fields& here, const value_place& at, generator& made)
{
    if (at.is_column)
        made.missing = here.text("missing") == "true" ? whole_share : here.share("missing").value_or(0);
    const auto* const when = here.find("when");
    if (when == nullptr)
        return;
    made.when = of_kind(*when, at.in, kind::boolean, here.path_of("when"));
    const auto* const otherwise = here.find("else");
    if (otherwise == nullptr)
        return;
    auto how = value(otherwise->value,
                     {.in = at.in, .path = here.path_of("else"), .at = otherwise->at, .text_wanted = at.text_wanted});
    if (how && how->type != made.type)
        tell(otherwise->at, here.path(),
             fmt::format("else is a {}, not a {} as what it stands for, with as many digits", name(how->type.is),
                         name(made.type.is)));
    if (how)
        made.otherwise.push_back(*std::move(how));
}

namespace
{

bool any_slot(const expression& of, const auto& is_null)
{
    return std::ranges::any_of(of.slots(), is_null);
}

}  // namespace

/// Whether a generator may make nothing. What an expression does with a missing value is not looked at.
bool checker::is_nullable(const generator& made, name_space& in)
{
    const auto null = [&](std::uint16_t slot) { return is_nullable(in.used[slot], in); };
    if (made.missing > 0 || (made.when && made.otherwise.empty()) || made.how.index() == 0)
        return true;
    if (made.when && std::ranges::any_of(made.otherwise, [&](const generator& one) { return is_nullable(one, in); }))
        return true;
    if (const auto* const one = std::get_if<gen::computed>(&made.how))
        return any_slot(one->what, null);
    if (const auto* const one = std::get_if<gen::reference>(&made.how))
        return null(one->slot);
    if (const auto* const one = std::get_if<gen::apart>(&made.how))
        return any_slot(one->from, null);
    if (const auto* const one = std::get_if<gen::choice>(&made.how))
        return std::ranges::any_of(one->values, [&](const expression& value) { return any_slot(value, null); });
    if (const auto* const one = std::get_if<gen::row_of>(&made.how))
        return !one->where.empty();
    if (const auto* const one = std::get_if<gen::by_stage>(&made.how))
        return std::ranges::any_of(one->stages, [&](const generator& part)
                                   { return part.how.index() == 0 || is_nullable(part, in); });
    return false;
}

std::vector<assignment> checker::assignments(const fields& parent, item_no table, name_space& in)
{
    std::vector<assignment> all;
    for (const auto& one : parent.entries("set"))
    {
        const auto column = column_named(table, one.key);
        if (column == no_item)
        {
            entry named{one.key, one.at, {}};
            named.value.text = one.key;
            no_such(named, parent.path_of("set"), "column", names_of(made_.tables[table].columns));
            continue;
        }
        const auto& made = made_.tables[table].columns[column];
        const auto wanted = column_type(table, column);
        auto how = value(one.value, {.in = in,
                                     .path = joined_path(parent.path_of("set"), one.key),
                                     .at = one.at,
                                     .text_wanted = made.kind == model::type::text});
        if (!how || !wanted)
            continue;
        const bool fits = how->type.is == wanted->is ? how->type.scale <= std::max(wanted->scale, made.scale)
                                                     : made.kind == model::type::text;
        if (!fits)
            tell(one.at, joined_path(parent.path_of("set"), one.key),
                 fmt::format("a {} for a column of {}", name(how->type.is), made.sql_type));
        if (is_nullable(*how, in))
            made_.tables[table].columns[column].nullable = tables_[table].columns[column].nullable = true;
        all.push_back({column, *std::move(how)});
    }
    return all;
}

}  // namespace bazaar::scenario::declared
