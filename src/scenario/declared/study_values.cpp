#include <algorithm>
#include <variant>

#include <fmt/format.h>

#include "study.hpp"

namespace bazaar::scenario::declared
{
namespace
{

constexpr std::int64_t study_day_length_us = 86'400'000'000;
constexpr std::int64_t cells_most = 100;
constexpr double micro_unit = 1e6;

double ten_to(int places)
{
    double made = 1;
    for (int i = 0; i < places; ++i)
        made *= 10;
    return made;
}

/// A value as a key of a map, and to be shown.
std::string word_of(const operand& value, const value_type& type)
{
    if (value.missing)
        return "nothing";
    if (type.is == kind::text)
        return std::string(value.text);
    if (type.is == kind::boolean)
        return value.number != 0 ? "true" : "false";
    if (!exact::fits(value.number))
        return "too large";
    exact::text_buffer buffer;
    return std::string(exact::to_text(value.number, type.is == kind::decimal ? type.scale : 0, buffer));
}

/// Whether what such a generator makes is missing only where its `missing` says so.
bool always_has_one(const generator& how)
{
    return !std::holds_alternative<gen::computed>(how.how) && !std::holds_alternative<gen::reference>(how.how) &&
           !std::holds_alternative<gen::by_stage>(how.how) && !std::holds_alternative<gen::choice>(how.how) &&
           !std::holds_alternative<gen::listed>(how.how) && !std::holds_alternative<gen::apart>(how.how) &&
           !std::holds_alternative<gen::row_of>(how.how) && !std::holds_alternative<gen::counter>(how.how);
}

/// Whether there is a draw besides those of its parts.
bool draws_itself(const generator& how)
{
    return always_has_one(how)
               ? !std::holds_alternative<std::monostate>(how.how) && !std::holds_alternative<gen::sequence>(how.how) &&
                     !std::holds_alternative<gen::row_uuid>(how.how) && !std::holds_alternative<gen::now>(how.how)
               : std::holds_alternative<gen::choice>(how.how) || std::holds_alternative<gen::listed>(how.how) ||
                     std::holds_alternative<gen::apart>(how.how) || std::holds_alternative<gen::row_of>(how.how);
}

std::string shown_clamp(const std::optional<range>& clamp)
{
    return clamp ? fmt::format(", {:g} to {:g}", static_cast<double>(clamp->low) / micro_unit,
                               static_cast<double>(clamp->high) / micro_unit)
                 : "";
}

}  // namespace

value_study::value_study(const compiled& judged, const gen_plan& wished, std::string what)
    : judged_(&judged), plan_(&wished), how_(wished.of), what_(std::move(what)), within_(stream::named(what_).number)
{
    const auto& kinds = how_->how;
    draws_ = how_->missing > 0 && how_->missing < whole_share;
    const bool has_parts = std::holds_alternative<gen::by_stage>(kinds);
    if (std::holds_alternative<gen::fake>(kinds))
        cannot_ = "words of made-up persons have no shares";
    else if (std::holds_alternative<gen::object>(kinds) || std::holds_alternative<gen::list>(kinds))
        cannot_ = "what is drawn within JSON is not taken apart";
    else
        prepare();
    for (std::size_t i = 0; i < wished.parts.size(); ++i)
    {
        const bool is_else = i < how_->otherwise.size();
        if (!is_else && !has_parts)
            break;
        const auto& stages = judged.file->clock.stages;
        const auto at = i - how_->otherwise.size();
        parts_.emplace_back(judged, wished.parts[i],
                            is_else ? what_ + " else" : fmt::format("{} in {}", what_, stages.at(at).name));
        draws_ = draws_ || parts_.back().draws();
    }
    draws_ = draws_ || draws_itself(*how_) || !cannot_.empty();
}

/// What a study of this kind needs before the first value.
void value_study::prepare()
{
    if (const auto* even = std::get_if<gen::even>(&how_->how); even != nullptr)
    {
        if (even->of.high - even->of.low < cells_most)
            for (auto value = even->of.low; value <= even->of.high; ++value)
                static_cast<void>(shares_.add(word_of({.number = value}, how_->type)));
    }
    else if (const auto* listed = std::get_if<gen::listed>(&how_->how))
    {
        const auto& list = judged_->lists[listed->list];
        const auto& columns = judged_->file->lists[listed->list].columns;
        for (std::size_t row = 0; row * columns.size() < list.cells.size(); ++row)
        {
            const auto word = word_of(list.cells[row * columns.size() + listed->column], columns[listed->column].type);
            if (!words_.contains(word))
                words_[word] = shares_.add(word);
        }
    }
    else if (const auto* row = std::get_if<gen::row_of>(&how_->how); row != nullptr && row->where.empty())
        for (std::size_t i = 0; i < judged_->file->lists[row->list].rows(); ++i)
            static_cast<void>(shares_.add(fmt::format("row {}", i + 1)));
    else if (const auto* pattern = std::get_if<gen::pattern>(&how_->how))
    {
        for (const auto& piece : pattern->pieces)
        {
            auto& made = letters_.emplace_back();
            for (const char letter : piece.letters)
                static_cast<void>(made.add(std::string(1, letter)));
            if (piece.least != piece.most)
                cannot_ = "a pattern with pieces of several lengths is not taken apart";
        }
    }
}

void value_study::see(maker& make, frame& of, const gen_plan& drawn, const operand& value)
{
    if (!draws_)
        return;
    if (drawn.of->when)
    {
        const auto holds = make.worth(of, *drawn.of->when, drawn.name);
        if (holds.missing || holds.number == 0)
        {
            if (!parts_.empty() && !how_->otherwise.empty())
                parts_.front().see(make, of, drawn.parts.front(), value);
            return;
        }
    }
    if (drawn.of->missing == whole_share)
        return;
    if (how_->missing > 0 && always_has_one(*how_))
        missing_.see(std::int64_t{how_->missing} * 1'000, value.missing);
    if (const auto* stages = std::get_if<gen::by_stage>(&how_->how))
    {
        if (stages->stages.size() > 1 && !of.of->stage_fact)
            return;
        const auto stage = of.of->stage_fact ? of.facts[*of.of->stage_fact] : 0;
        const auto at = how_->otherwise.size() + stage;
        if (at < parts_.size())
            parts_[at].see(make, of, drawn.parts[at], value);
        return;
    }
    if (value.missing || !cannot_.empty())
        return;
    ++seen_;
    const auto& kinds = how_->how;
    if (std::holds_alternative<gen::even>(kinds))
        see_even(value);
    else if (std::holds_alternative<gen::normal>(kinds) || std::holds_alternative<gen::lognormal>(kinds) ||
             std::holds_alternative<gen::exponential>(kinds))
    {
        // All values that are rounded to this one; what is beyond an end is the end.
        const auto unit = ten_to(how_->type.scale);
        const auto here = static_cast<double>(value.number) / unit;
        const auto& clamp = std::holds_alternative<gen::normal>(kinds)      ? std::get<gen::normal>(kinds).clamp
                            : std::holds_alternative<gen::lognormal>(kinds) ? std::get<gen::lognormal>(kinds).clamp
                                                                            : std::get<gen::exponential>(kinds).clamp;
        const auto low = clamp ? static_cast<double>(clamp->low) / micro_unit : 0;
        const auto high = clamp ? static_cast<double>(clamp->high) / micro_unit : 0;
        const auto half = 0.5 / unit;
        places_.note(here);
        if (clamp && (here < low - half || here > high + half))
            places_.see_outside();
        else
            places_.see(clamp && here - half <= low ? 0 : below(here - half),
                        clamp && here + half >= high ? 1 : below(here + half), within_);
    }
    else if (const auto* share = std::get_if<gen::chance>(&kinds))
    {
        const auto found = make.worth(of, share->share, what_);
        const auto parts = exact::rescaled(found.number, share->share.type().scale, 9);
        odds_.see(static_cast<std::int64_t>(parts.value_or(0)), value.number != 0);
    }
    else if (std::holds_alternative<gen::choice>(kinds))
        see_choice(make, of, value);
    else if (std::holds_alternative<gen::listed>(kinds))
        see_listed(value);
    else if (std::holds_alternative<gen::row_of>(kinds))
        see_row(make, of, value);
    else if (std::holds_alternative<gen::pattern>(kinds))
        see_pattern(value.text);
    else if (std::holds_alternative<gen::day>(kinds))
        see_day(of, value);
    else if (std::holds_alternative<gen::apart>(kinds))
        see_apart(make, of, value);
}

/// A number of an even distribution whose ends are both included.
void value_study::see_number(double low, double high, const operand& value)
{
    const auto here = static_cast<double>(value.number);
    if (here < low || here > high)
        return places_.see_outside();
    const auto width = high - low + 1;
    places_.see((here - low) / width, (here - low + 1) / width, within_);
}

void value_study::see_even(const operand& value)
{
    const auto& of = std::get<gen::even>(how_->how).of;
    places_.note(static_cast<double>(value.number) / ten_to(how_->type.scale));
    if (shares_.size() == 0)
        return see_number(static_cast<double>(of.low), static_cast<double>(of.high), value);
    for (std::size_t i = 0; i < shares_.size(); ++i)
        shares_.expect(i, 1.0 / static_cast<double>(shares_.size()));
    if (value.number < of.low || value.number > of.high)
        shares_.see_another();
    else
        shares_.see(static_cast<std::size_t>(value.number - of.low));
}

/// Two values may be the same: then the first one counts for both.
void value_study::see_choice(maker& make, frame& of, const operand& value)
{
    const auto& choice = std::get<gen::choice>(how_->how);
    const auto total = static_cast<double>(plan_->weights.total());
    const auto place = [&](const operand& one)
    {
        const auto word = word_of(one, how_->type);
        const auto known = words_.find(word);
        return known != words_.end() ? known->second : words_[word] = shares_.add(word);
    };
    // Templates make as many texts as there are rows.
    constexpr std::size_t texts_most = 1'000;
    for (std::size_t i = 0; i < choice.values.size(); ++i)
    {
        const auto one = as_type(make.worth(of, choice.values[i], what_), choice.values[i].type(), how_->type);
        shares_.expect(place(one), static_cast<double>(choice.weights[i]) / total);
        if (shares_.size() > texts_most)
        {
            cannot_ = "its values differ from row to row";
            return;
        }
    }
    const auto known = words_.find(word_of(value, how_->type));
    if (known == words_.end())
        shares_.see_another();
    else
        shares_.see(known->second);
}

void value_study::see_listed(const operand& value)
{
    const auto known = words_.find(word_of(value, how_->type));
    if (known == words_.end())
        shares_.see_another();
    else
        shares_.see(known->second);
}

void value_study::see_row(maker& make, frame& of, const operand& value)
{
    const auto& what = std::get<gen::row_of>(how_->how);
    const auto& list = judged_->lists[what.list];
    const auto& file = judged_->file->lists[what.list];
    const auto picked = static_cast<std::size_t>(value.number);
    if (what.where.empty())
    {
        if (picked < shares_.size())
            shares_.see(picked);
        else
            shares_.see_another();
        return;
    }
    const auto fits = [&](std::size_t row)
    {
        return std::ranges::all_of(what.where,
                                   [&](const auto& one)
                                   {
                                       const auto wanted = make.worth(of, one.is, what_);
                                       const auto& type = file.columns[one.column].type;
                                       return word_of(as_type(wanted, one.is.type(), type), type) ==
                                              word_of(list.cells[row * file.columns.size() + one.column], type);
                                   });
    };
    double before = 0;
    double here = 0;
    double all = 0;
    for (std::size_t row = 0; row < file.rows(); ++row)
    {
        if (!fits(row))
            continue;
        const auto weight = static_cast<double>(list.weights.weight(row, row + 1));
        (row < picked ? before : row == picked ? here : all) += weight;
    }
    all += before + here;
    if (here <= 0)
        places_.see_outside();
    else
        places_.see(before / all, (before + here) / all, within_);
}

void value_study::see_pattern(std::string_view text)
{
    const auto& pieces = std::get<gen::pattern>(how_->how).pieces;
    std::size_t at = 0;
    for (std::size_t i = 0; i < pieces.size(); ++i)
        for (int n = 0; n < pieces[i].most; ++n, ++at)
        {
            for (std::size_t k = 0; k < letters_[i].size(); ++k)
                letters_[i].expect(k, 1.0 / static_cast<double>(letters_[i].size()));
            const auto found = at < text.size() ? pieces[i].letters.find(text[at]) : std::string::npos;
            if (found == std::string::npos)
                letters_[i].see_another();
            else
                letters_[i].see(found);
        }
}

void value_study::see_day(frame& of, const operand& value)
{
    const auto& how = std::get<gen::day>(how_->how);
    auto low = how.days.low;
    auto high = how.days.high;
    auto number = static_cast<std::int64_t>(value.number);
    if (how.age)
    {
        // From the birthday of the lower age on, until the day before that of the next one; a year has 365.2425 days.
        number = static_cast<std::int64_t>(of.moment) / study_day_length_us - number;
        low = (low * 3'652'425 + 9'999) / 10'000;
        high = (high + 1) * 3'652'425 / 10'000 - 1;
    }
    places_.note(static_cast<double>(number));
    see_number(static_cast<double>(low), static_cast<double>(high), {.number = number});
}

void value_study::see_apart(maker& make, frame& of, const operand& value)
{
    const auto& how = std::get<gen::apart>(how_->how);
    const auto from = make.worth(of, how.from, what_);
    const auto apart = value.number - from.number;
    places_.note(static_cast<double>(apart));
    see_number(static_cast<double>(how.by.low), static_cast<double>(how.by.high), {.number = apart});
}

/// The share of what is drawn below a value.
double value_study::below(double value) const
{
    if (const auto* normal = std::get_if<gen::normal>(&how_->how))
    {
        const auto mean = static_cast<double>(normal->mean) / micro_unit;
        const auto sd = static_cast<double>(normal->sd) / micro_unit;
        return sd <= 0 ? (value >= mean ? 1 : 0) : statistics::normal_below((value - mean) / sd);
    }
    if (value <= 0)
        return 0;
    if (const auto* wide = std::get_if<gen::lognormal>(&how_->how))
    {
        const auto spread = static_cast<double>(wide->spread) / micro_unit;
        const auto off = statistics::natural_log(value / (static_cast<double>(wide->median) / micro_unit));
        return spread <= 0 ? (off >= 0 ? 1 : 0) : statistics::normal_below(off / spread);
    }
    const auto& one = std::get<gen::exponential>(how_->how);
    return 1 - statistics::exponential(-value / (static_cast<double>(one.mean) / micro_unit));
}

std::string value_study::number(double value) const
{
    return how_->type.is == kind::duration || std::holds_alternative<gen::apart>(how_->how)
               ? (value < 0 ? "-" + shown_span(-value) : shown_span(value))
               : fmt::format("{:.6g}", value);
}

std::string value_study::wished() const
{
    const auto& kinds = how_->how;
    if (const auto* even = std::get_if<gen::even>(&kinds))
        return fmt::format("even, {} to {}", number(static_cast<double>(even->of.low) / ten_to(how_->type.scale)),
                           number(static_cast<double>(even->of.high) / ten_to(how_->type.scale)));
    if (const auto* normal = std::get_if<gen::normal>(&kinds))
        return fmt::format("normal, mean {:g}, sd {:g}{}", static_cast<double>(normal->mean) / micro_unit,
                           static_cast<double>(normal->sd) / micro_unit, shown_clamp(normal->clamp));
    if (const auto* wide = std::get_if<gen::lognormal>(&kinds))
        return fmt::format("lognormal, median {:g}, spread {:g}{}", static_cast<double>(wide->median) / micro_unit,
                           static_cast<double>(wide->spread) / micro_unit, shown_clamp(wide->clamp));
    if (const auto* one = std::get_if<gen::exponential>(&kinds))
        return fmt::format("exponential, mean {:g}{}", static_cast<double>(one->mean) / micro_unit,
                           shown_clamp(one->clamp));
    if (std::holds_alternative<gen::row_of>(kinds))
        return "a row that agrees, by its weight";
    if (const auto* days = std::get_if<gen::day>(&kinds))
        return days->age ? fmt::format("even, {} to {} years", days->days.low, days->days.high)
                         : fmt::format("even, {} days", days->days.high - days->days.low + 1);
    if (const auto* apart = std::get_if<gen::apart>(&kinds))
        return fmt::format("even, {} to {}", number(static_cast<double>(apart->by.low)),
                           number(static_cast<double>(apart->by.high)));
    return "";
}

void value_study::tell(std::vector<finding>& to) const
{
    if (!draws_)
        return;
    if (missing_.count() > 0)
        missing_.tell(what_ + " missing", to);
    else if (how_->missing > 0 && how_->missing < whole_share && !always_has_one(*how_))
        to.push_back(
            untested(what_ + " missing", percent(how_->missing / 1e6), "what it is computed of may be missing, too"));
    const auto before = to.size();
    if (!cannot_.empty())
        to.push_back(untested(what_, "", cannot_));
    else if (odds_.count() > 0)
        odds_.tell(what_, to);
    else if (shares_.size() > 0 && seen_ > 0)
    {
        auto all = shares_;
        // Of these the sample says nothing about what to expect.
        if (const auto weighted = plan_->weights.total();
            weighted > 0 && !std::holds_alternative<gen::choice>(how_->how))
            for (std::size_t row = 0; row < plan_->weights.size(); ++row)
            {
                const auto* listed = std::get_if<gen::listed>(&how_->how);
                const auto share = static_cast<double>(plan_->weights.weight(row, row + 1)) /
                                   static_cast<double>(weighted);
                std::size_t place = row;
                if (listed != nullptr)
                {
                    const auto& columns = judged_->file->lists[listed->list].columns;
                    place = words_.at(word_of(judged_->lists[listed->list].cells[row * columns.size() + listed->column],
                                              columns[listed->column].type));
                }
                all.expect(place, share * static_cast<double>(seen_));
            }
        to.push_back(found_of(what_, all.wished(), all.found(), "chi-square", all.test()));
    }
    else if (places_.count() > 0)
        to.push_back(found_of(
            what_, wished(),
            std::holds_alternative<gen::row_of>(how_->how)
                ? fmt::format("{} rows, {} that do not agree", places_.count(), places_.outside())
                : fmt::format("mean {}, sd {}, {} to {}; {}{}", number(places_.mean()), number(places_.deviation()),
                              number(places_.least()), number(places_.most()), places_.count(),
                              places_.outside() > 0 ? fmt::format(", {} outside", places_.outside()) : ""),
            "Kolmogorov", places_.test()));
    else if (!letters_.empty() && seen_ > 0)
    {
        std::vector<statistics::outcome> all;
        for (const auto& one : letters_)
            all.push_back(one.test());
        to.push_back(found_of(what_, fmt::format("{} pieces, each letter as often", letters_.size()),
                              fmt::format("{} texts", seen_), "chi-square", statistics::worst(all)));
    }
    if (to.size() == before && draws_itself(*how_))
        to.push_back(untested(what_, wished(), "not in the sample"));
    for (const auto& one : parts_)
        one.tell(to);
}

}  // namespace bazaar::scenario::declared
