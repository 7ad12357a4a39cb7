#include "bazaar/scenario/declared/expression.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "expression_code.hpp"
#include "expression_syntax.hpp"
#include "expression_types.hpp"
#include "letters.hpp"

namespace bazaar::scenario::declared
{

/// Makes operations of terms whose types are right.
class expression_writer
{
public:
    expression_writer(terms& all, std::span<const known_name> names, std::vector<fault>& to)
        : all_(all), names_(names), to_(to)
    {
    }

    [[nodiscard]] expression write()
    {
        made_.type_ = all_.back().type;
        value(all_.back(), made_.type_.scale);
        std::ranges::sort(made_.slots_);
        made_.slots_.erase(std::unique(made_.slots_.begin(), made_.slots_.end()), made_.slots_.end());
        return std::move(made_);
    }

private:
    [[nodiscard]] term& part(const term& of, std::size_t i) { return all_[of.parts[i]]; }

    /// The operation's effect on the number of values is `more`.
    std::size_t put(const term& of, op_code code, std::size_t count, int more, int scale = 0)
    {
        made_.code_.push_back({code, static_cast<std::uint8_t>(scale), static_cast<std::uint16_t>(count),
                               static_cast<std::uint16_t>(of.at)});
        used_ += more;
        if (used_ > static_cast<int>(workspace::depth) && !std::exchange(told_of_depth_, true))
            to_.push_back(
                {of.at, fmt::format("more than {} values at a time; make a var of a part", workspace::depth)});
        return made_.code_.size() - 1;
    }

    void land(std::size_t jump) { made_.code_[jump].count = static_cast<std::uint16_t>(made_.code_.size()); }

    void number(const term& of, exact::integer what)
    {
        made_.numbers_.push_back(what);
        put(of, op_code::number, made_.numbers_.size() - 1, 1);
    }

    void text(const term& of, std::string what)
    {
        made_.texts_.push_back(std::move(what));
        put(of, op_code::words, made_.texts_.size() - 1, 1);
    }

    void rescale(const term& of, int from, int to)
    {
        if (from != to)
            put(of, op_code::rescale, static_cast<std::size_t>(to), 0, from);
    }

    /// Moments and durations have 64 bits wherever they come from.
    void bounds(const term& of)
    {
        if (of.type.is == kind::time || of.type.is == kind::duration)
            put(of, op_code::within_64_bits, 0, 0);
    }

    void value(term& one, int scale);
    void parts(term& one);
    void binary(term& one);
    void arithmetic(term& one);
    void logic(term& one, op_code unless, op_code join);
    void call(term& one);
    void choose(term& one);
    void coalesce(term& one);
    void concat(term& one);
    void alike(term& one, std::size_t first, int scale);
    void fold(const term& one, std::size_t begin);

    terms& all_;
    std::span<const known_name> names_;
    std::vector<fault>& to_;
    expression made_;
    int used_ = 0;
    bool told_of_depth_ = false;
};

bool depends_on_zone(const term& one)
{
    const auto what = function_of(one.text);
    return one.is == term_form::call && (what == function::date || what == function::hour || what == function::weekday);
}

/// Leaves the value of a term on the stack, a decimal with that scale.
void expression_writer::value(term& one, int scale)
{
    const auto begin = made_.code_.size();
    const bool before = one.is == term_form::call && function_of(one.text) == function::before;
    if (one.is == term_form::name || before)
    {
        const auto slot = find_name(all_, one, names_)->slot;
        made_.slots_.push_back(slot);
        put(one, op_code::slot, slot, 1);
    }
    else if (one.is == term_form::text)
        text(one, one.text);
    else if (one.is == term_form::number || one.is == term_form::duration || one.is == term_form::truth)
        number(one, one.number);
    else
        parts(one);
    one.constant = one.is != term_form::name && !before && !depends_on_zone(one) &&
                   std::ranges::all_of(one.parts, [&](std::size_t i) { return all_[i].constant; });
    if (one.type.is == kind::decimal)
        rescale(one, one.type.scale, scale);
    if (one.constant)
        fold(one, begin);
}

/// Puts the value of what is constant in its place, and tells of what has none.
void expression_writer::fold(const term& one, std::size_t begin)
{
    if (!to_.empty() || made_.code_.size() == begin + 1)
        return;
    model::arena texts;
    const kit::time_zone utc;
    workspace with{.texts = texts, .zone = utc};
    const auto found = run({made_.code_, made_.numbers_, made_.texts_}, begin, {}, with);
    if (found.what != trouble::none)
    {
        constexpr std::string_view why[] = {"", "is beyond 38 digits", "divides by 0", "makes a text that is too long"};
        to_.push_back({found.at, fmt::format("this {}", why[static_cast<std::size_t>(found.what)])});
        return;
    }
    made_.code_.resize(begin);
    --used_;
    if (one.type.is == kind::text)
        text(one, std::string(found.value.text));
    else
        number(one, found.value.number);
}

void expression_writer::parts(term& one)
{
    switch (one.is)
    {
    case term_form::negative:
        value(part(one, 0), one.type.scale);
        put(one, op_code::negate, 0, 0);
        bounds(one);
        break;
    case term_form::inverse:
        value(part(one, 0), 0);
        put(one, op_code::inverse, 0, 0);
        break;
    case term_form::binary:
        binary(one);
        break;
    case term_form::among:
    {
        int scale = 0;
        for (const auto i : one.parts)
            scale = std::max<int>(scale, all_[i].type.scale);
        alike(one, 0, scale);
        const auto others = one.parts.size() - 1;
        put(one, op_code::among, others, -static_cast<int>(others), part(one, 0).type.is == kind::text ? 1 : 0);
        break;
    }
    case term_form::joined:
        concat(one);
        break;
    default:
        call(one);
    }
}

/// The parts from `first` on, each with that scale.
void expression_writer::alike(term& one, std::size_t first, int scale)
{
    for (auto i = first; i < one.parts.size(); ++i)
        value(part(one, i), scale);
}

void expression_writer::binary(term& one)
{
    if (one.which == binary_operator::both)
        return logic(one, op_code::jump_if_false, op_code::both);
    if (one.which == binary_operator::either)
        return logic(one, op_code::jump_if_true, op_code::either);
    if (one.which < binary_operator::equal)
        return arithmetic(one);
    alike(one, 0, std::max(part(one, 0).type.scale, part(one, 1).type.scale));
    put(one, op_code::compare, static_cast<std::size_t>(one.which), -1, part(one, 0).type.is == kind::text ? 1 : 0);
}

void expression_writer::logic(term& one, op_code unless, op_code join)
{
    value(part(one, 0), 0);
    const auto jump = put(one, unless, 0, 0);
    value(part(one, 1), 0);
    put(one, join, 0, -1);
    land(jump);
}

void expression_writer::arithmetic(term& one)
{
    const int a = part(one, 0).type.scale;
    const int b = part(one, 1).type.scale;
    const bool is_decimal = one.type.is == kind::decimal;
    switch (one.which)
    {
    case binary_operator::add:
    case binary_operator::subtract:
        alike(one, 0, one.type.scale);
        put(one, one.which == binary_operator::add ? op_code::add : op_code::subtract, 0, -1);
        break;
    case binary_operator::multiply:
        value(part(one, 0), a);
        value(part(one, 1), b);
        put(one, op_code::multiply, 0, -1);
        if (!is_decimal)
            rescale(one, a + b, 0);
        break;
    case binary_operator::divide:
    case binary_operator::remainder:
    {
        const bool divides = one.which == binary_operator::divide;
        value(part(one, 0), divides ? a : one.type.scale);
        value(part(one, 1), divides ? b : one.type.scale);
        const auto& last = made_.code_.back();
        if (part(one, 1).constant && last.code == op_code::number && made_.numbers_[last.count] == 0 && to_.empty())
            to_.push_back({one.at, "this divides by 0"});
        put(one, divides ? op_code::divide : op_code::remainder, static_cast<std::size_t>(one.type.scale + b - a), -1);
        break;
    }
    default:
        break;
    }
    bounds(one);
}

void expression_writer::choose(term& one)
{
    value(part(one, 0), 0);
    const auto otherwise = put(one, op_code::jump_unless, 0, -1);
    value(part(one, 1), one.type.scale);
    const auto end = put(one, op_code::jump, 0, -1);
    land(otherwise);
    value(part(one, 2), one.type.scale);
    land(end);
}

void expression_writer::coalesce(term& one)
{
    std::vector<std::size_t> jumps;
    for (std::size_t i = 0; i < one.parts.size(); ++i)
    {
        value(part(one, i), one.type.scale);
        if (i + 1 == one.parts.size())
            break;
        jumps.push_back(put(one, op_code::jump_if_there, 0, 0));
        put(one, op_code::drop, 0, -1);
    }
    for (const auto jump : jumps)
        land(jump);
}

void expression_writer::concat(term& one)
{
    for (std::size_t i = 0; i < one.parts.size(); ++i)
    {
        const auto type = part(one, i).type;
        value(part(one, i), type.scale);
        if (type.is != kind::text)
            put(one, op_code::to_text, static_cast<std::size_t>(type.is), 0, type.scale);
    }
    if (one.parts.empty())
        text(one, {});
    else
        put(one, op_code::concat, one.parts.size(), 1 - static_cast<int>(one.parts.size()));
}

void expression_writer::call(term& one)
{
    const auto what = function_of(one.text);
    const auto of_text = [&](letter_change how)
    {
        value(part(one, 0), 0);
        put(one, op_code::change, static_cast<std::size_t>(how), 0);
    };
    const auto of_one = [&](op_code code)
    {
        const int scale = part(one, 0).type.scale;
        value(part(one, 0), scale);
        put(one, code, 0, 0, scale);
    };
    switch (what)
    {
    case function::choose:
        return choose(one);
    case function::coalesce:
        return coalesce(one);
    case function::concat:
        return concat(one);
    case function::round:
        return value(part(one, 0), one.type.scale);
    case function::floor:
        return of_one(op_code::floor);
    case function::absolute:
        of_one(op_code::absolute);
        return bounds(one);
    case function::least:
    case function::greatest:
    {
        alike(one, 0, one.type.scale);
        const int how = (one.type.is == kind::text ? 1 : 0) + (what == function::greatest ? 2 : 0);
        put(one, op_code::pick, one.parts.size(), 1 - static_cast<int>(one.parts.size()), how);
        return;
    }
    case function::length:
        return of_one(op_code::length);
    case function::lower:
        return of_text(letter_change::lower);
    case function::upper:
        return of_text(letter_change::upper);
    case function::ascii:
        return of_text(letter_change::ascii);
    case function::left:
        alike(one, 0, 0);
        put(one, op_code::left, 0, -1);
        return;
    case function::date:
        return of_one(op_code::date);
    case function::hour:
        return of_one(op_code::hour);
    case function::weekday:
        return of_one(op_code::weekday);
    case function::before:
        return;
    }
}

namespace
{

std::optional<expression> checked(terms all, std::span<const known_name> names, std::vector<fault>& to)
{
    const auto told = to.size();
    if (all.empty())
        return std::nullopt;
    check_types(all, names, to);
    if (to.size() != told)
        return std::nullopt;
    std::vector<fault> faults;
    auto made = expression_writer(all, names, faults).write();
    to.insert(to.end(), faults.begin(), faults.end());
    return faults.empty() ? std::optional(std::move(made)) : std::nullopt;
}

}  // namespace

std::optional<expression> expression::compile(std::string_view text, std::span<const known_name> names,
                                              std::vector<fault>& to)
{
    return checked(parse_expression(text, to), names, to);
}

std::optional<expression> expression::compile_template(std::string_view text, std::span<const known_name> names,
                                                       std::vector<fault>& to)
{
    return checked(parse_template(text, to), names, to);
}

}  // namespace bazaar::scenario::declared
