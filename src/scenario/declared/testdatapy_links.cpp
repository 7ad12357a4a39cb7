#include <algorithm>

#include <fmt/format.h>

#include "bazaar/base/exact.hpp"
#include "shapes.hpp"
#include "testdatapy_keys.hpp"
#include "testdatapy_parts.hpp"

// Relationships: links, and the fields that they fill.

namespace bazaar::scenario::declared::theirs
{
namespace
{

/// What is left of 100: "12.5" of "87.5".
std::string rest_of_hundred(const std::string& text)
{
    const auto read = number_of(text);
    if (!read)
        return "0";
    exact::integer hundred = 100;
    for (int i = 0; i < read->scale; ++i)
        hundred *= 10;
    const auto rest = static_cast<std::int64_t>(hundred - read->value);
    if (read->scale == 0)
        return fmt::format("{}", rest);
    std::int64_t unit = 1;
    for (int i = 0; i < read->scale; ++i)
        unit *= 10;
    return fmt::format("{}.{:0{}}", rest / unit, rest % unit, read->scale);
}

std::optional<exact_number> number_at(const entity& of, std::string_view key, std::string_view initial)
{
    return number_of(text_in(of.body(), key, initial));
}

/// Whether so many rows of `of` can each have one of `to` for itself: they come no faster, and no longer.
bool enough_for_each(const entity& of, const entity& to)
{
    const auto own = number_at(of, "rate_per_second", "10");
    const auto other = number_at(to, "rate_per_second", "10");
    const auto own_most = number_at(of, "max_messages", "");
    const auto other_most = number_at(to, "max_messages", "");
    if (!own || !other || compare(*own, *other) > 0)
        return false;
    return !other_most || (own_most && compare(*own_most, *other_most) <= 0);
}

}  // namespace

std::string translator::free_name(entity& of, std::string wanted)
{
    while (!of.taken.insert(wanted).second)
        wanted += '_';
    return wanted;
}

void translator::relationship(entity& of, const entry& one)
{
    const auto path = fmt::format("{}.relationships.{}", of.name, one.key);
    const auto* const type = one.value.find("type");
    if (type != nullptr || one.value.find("item_schema") != nullptr)
        return array(of, one, path);
    if (!check_block(one.value, "relationship", path, to_))
        return;
    const auto* const where = one.value.find("references");
    std::string column;
    const auto* const to = where == nullptr || where->value.is != shape::scalar
                               ? nullptr
                               : column_of(where->value.text, column, where->value.at, path + ".references");
    if (to == nullptr)
        return;
    auto wanted = one.key.size() > 3 && one.key.ends_with("_id") ? one.key.substr(0, one.key.size() - 3)
                                                                 : one.key + "_row";
    const auto name = free_name(of, std::move(wanted));
    of.links.emplace(one.key, name);
    auto link = map_at(one.at);
    put(link, "to", where->at, to->name);
    pick(of, one, *to, link, path);
    if (const auto* const share = one.value.find("percentage"))
    {
        put(link, "missing", share->at, rest_of_hundred(share->value.text) + "%");
        note(share->at, path,
             fmt::format("{}% of the rows, each drawn by itself; the others have no value", share->value.text));
    }
    put(of.made_links, name, one.at, std::move(link));
    put(of.made_columns, one.key, one.at, fmt::format("= {}.{}", name, column));
    note(one.at, path, "stays a field of the record");
    if (one.value.find("mapped_field") != nullptr)
        mapped(of, one, *to, path);
}

/// How the row is picked.
void translator::pick(entity& of, const entry& one, const entity& to, node& link, const std::string& path)
{
    const auto& here = one.value;
    const auto way = text_in(here, "distribution", "uniform");
    const auto* const said = here.find("distribution");
    const auto needs = [&](const char* key, const char* what, bool goes)
    {
        if (const auto* const there = here.find(key); there != nullptr && !goes)
            tell(there->at, path, fmt::format("\"{}\" does nothing here; it goes with \"{}\"", key, what));
    };
    needs("alpha", "distribution: zipf", way == "zipf");
    needs("weight_field", "distribution: weighted", way == "weighted");
    if (truth_in(here, "recency_bias", false) && !to.is_master)
    {
        if (said != nullptr && way != "uniform")
            tell(said->at, path, "\"distribution\" and \"recency_bias\" exclude each other; take one of them");
        return recent(of, one, to, link, path);
    }
    if (const auto* const bias = here.find("recency_bias");
        bias != nullptr && to.is_master && truth_in(here, "recency_bias", false))
        note(bias->at, path, fmt::format("all rows of {} are as old; the bias changes nothing", to.name));
    if (const auto* const most = here.find("max_delay_minutes"))
    {
        if (to.is_master)
            tell(most->at, path,
                 fmt::format("rows of {} are there from the beginning; a limit would end the flow", to.name));
        else if (way != "uniform")
            tell(most->at, path, "\"max_delay_minutes\" does nothing here; it goes with \"recency_bias: true\"");
        else
            return recent(of, one, to, link, path);
    }
    if (way == "zipf")
    {
        put(link, "pick", said->at, "zipf");
        const auto* const alpha = here.find("alpha");
        put(link, "alpha", alpha == nullptr ? said->at : alpha->at,
            alpha == nullptr ? scalar(said->at, "1.5") : alpha->value);
        note(said->at, path, "Zipf's law runs over the rank of creation: the oldest row is picked most often");
    }
    else if (way == "weighted")
        weighted(one, to, link, path);
}

void translator::recent(const entity& of, const entry& one, const entity& to, node& link, const std::string& path)
{
    const auto& here = one.value;
    const auto* const bias = here.find("recency_bias");
    const auto* const most = here.find("max_delay_minutes");
    const bool is_biased = truth_in(here, "recency_bias", false);
    const auto at = is_biased ? bias->at : most->at;
    put(link, "pick", at, "recent");
    if (!is_biased)
        put(link, "bias", at, "0");
    if (most != nullptr)
    {
        put(link, "within", most->at, most->value.text + "m");
        note(most->at, path, fmt::format("is kept: without a row of {} that is as young, nothing is written", to.name));
    }
    if (!is_biased)
        return;
    if (enough_for_each(of, to))
    {
        put(link, "once", at, "true");
        note(at, path, fmt::format("no row of {} is referred to twice", to.name));
    }
    else
        note(at, path, fmt::format("rows of {} are referred to more than once, as fewer of them come", to.name));
}

void translator::weighted(const entry& one, const entity& to, node& link, const std::string& path)
{
    const auto* const said = one.value.find("distribution");
    const auto* const by = one.value.find("weight_field");
    put(link, "pick", said->at, "weighted");
    if (by == nullptr)
        return tell(said->at, path, "\"weight_field\" is missing; it is needed with \"distribution: weighted\"");
    if (!to.has(by->value.text))
        return tell(by->value.at, path + ".weight_field",
                    fmt::format("{} has no field \"{}\"; {}", to.name, by->value.text,
                                near(by->value.text, {to.names.begin(), to.names.end()})));
    if (!to.is_master)
        return tell(by->value.at, path + ".weight_field",
                    fmt::format("{} grows; weights are those of master_data", to.name));
    put(link, "by", by->at, by->value);
}

/// A list of records in the record.
void translator::array(entity& of, const entry& one, const std::string& path)
{
    if (!check_block(one.value, "array", path, to_))
        return;
    const auto low = integer_of(text_in(one.value, "min_items", "1"));
    const auto high = integer_of(text_in(one.value, "max_items", "5"));
    if (low && high && *low > *high)
        tell(one.at, path, fmt::format("from {} to {} items: the first must not be greater", *low, *high));
    const auto* const items = one.value.find("item_schema");
    auto object = map_at(one.at);
    for (const auto& part : items == nullptr ? std::vector<entry>{} : items->value.entries)
    {
        const auto own = fmt::format("{}.item_schema.{}", path, part.key);
        if (part.value.find("references") != nullptr)
            tell(part.at, own, "an item refers to no other row; make items an entity, with a relationship to this one");
        else
            put(object, part.key, part.at, field(of, part, place::part, own));
    }
    auto list = map_at(one.at);
    auto each = map_at(one.at);
    put(each, "object", one.at, std::move(object));
    put(list, "of", one.at, std::move(each));
    put(list, "times", one.at, fmt::format("{}..{}", low.value_or(1), high.value_or(5)));
    auto made = map_at(one.at);
    put(made, "list", one.at, std::move(list));
    put(of.made_columns, one.key, one.at, std::move(made));
}

/// A word that belongs to a field of the row that is referred to.
void translator::mapped(entity& of, const entry& one, const entity& to, const std::string& path)
{
    const auto& here = *one.value.find("mapped_field");
    const auto own = path + ".mapped_field";
    if (here.value.is != shape::map)
        return;
    check_block(here.value, "mapped_field", own, to_);
    const auto source = text_in(here.value, "source_field");
    const auto target = text_in(here.value, "target_field");
    const auto mapping = text_in(here.value, "mapping");
    if (source.empty() || target.empty() || mapping.empty())
        return;
    if (!to.has(source))
        tell(here.value.find("source_field")->value.at, own + ".source_field",
             fmt::format("{} has no field \"{}\"; {}", to.name, source,
                         near(source, {to.names.begin(), to.names.end()})));
    const auto* const all = tree_.find("mappings");
    const auto* const words = all == nullptr ? nullptr : all->value.find(mapping);
    if (words == nullptr || words->value.is != shape::map || words->value.entries.empty())
    {
        const auto known = all == nullptr ? std::vector<std::string_view>{} : keys_in(all->value);
        return tell(
            here.value.find("mapping")->value.at, own + ".mapping",
            fmt::format("no mapping \"{}\"; {}", mapping,
                        known.empty() ? "\"mappings\" at the top of the file holds them" : near(mapping, known)));
    }
    if (made_lists_.find(mapping) == nullptr)
    {
        auto list = scalar(words->at, {});
        list.is = shape::list;
        for (const auto& word : words->value.entries)
        {
            auto row = map_at(word.at);
            auto from = scalar(word.at, word.key);
            put(row, "source", word.at, std::move(from));
            put(row, "target", word.at, word.value);
            list.items.push_back(std::move(row));
        }
        put(made_lists_, mapping, words->at, std::move(list));
    }
    const auto var = free_name(of, target + "_found");
    auto found = map_of(here.at, "row_of", mapping);
    auto where = map_of(here.at, "source", fmt::format("= {}.{}", of.links.find(one.key)->second, source));
    put(found, "where", here.at, std::move(where));
    put(of.made_vars, var, here.at, std::move(found));
    put(of.made_columns, target, here.at, map_of(here.at, "is", fmt::format("= {}.target", var)));
    note(here.at, path, fmt::format("{} is looked up by {} of the row that {} refers to", target, source, one.key));
}

}  // namespace bazaar::scenario::declared::theirs
