#include "bazaar/capture/connector_limits.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "bazaar/capture/connector_topics.hpp"
#include "capture/java_regex.hpp"

namespace bazaar::capture
{
namespace
{

using settings = std::map<std::string, std::string>;
using model::op;

/// As Debezium writes the operations of events.
constexpr std::array operation_letters{std::pair{"c", op::insert}, std::pair{"u", op::update},
                                       std::pair{"d", op::erase}};

/// What a list of expressions says of a name.
struct answer
{
    bool yes = false;
    std::string unread{};  ///< An expression that is not understood and might have said yes.
};

answer matches(const std::string& list, const std::string& name)
{
    answer found;
    for (const auto& expression : expressions_of(list))
    {
        const auto regex = java_regex::read(expression, true);
        const auto is = regex ? regex->is(name) : std::nullopt;
        if (is.value_or(false))
            return {true, {}};
        if (!is)
            found.unread = expression;
    }
    return found;
}

std::string not_read(std::string_view setting, std::string_view expression)
{
    return fmt::format("{}: regular expression {} is not understood", setting, expression);
}

class reading
{
public:
    reading(const settings& config, const verify::encodings& how, std::span<const model::table> tables,
            const std::string& schema)
        : config_(config), how_(how), tables_(tables), schema_(schema)
    {
    }

    connector_limits go()
    {
        captured_tables();
        columns();
        operations();
        snapshot();
        converters();
        if (value("publication.autocreate.mode") == "no_tables")
            for (const auto i : compared())
                made_.silent.emplace(i, "publication.autocreate.mode no_tables");
        add_topics(config_, how_, tables_, schema_, made_);
        return std::move(made_);
    }

private:
    [[nodiscard]] std::string value(const std::string& name) const
    {
        const auto found = config_.find(name);
        return found == config_.end() ? std::string() : found->second;
    }

    [[nodiscard]] std::vector<std::uint8_t> compared() const
    {
        std::vector<std::uint8_t> numbers;
        for (std::uint8_t i = 0; i < tables_.size(); ++i)
            if (tables_[i].kept_by != model::role::heartbeat)
                numbers.push_back(i);
        return numbers;
    }

    [[nodiscard]] std::string name_of(std::uint8_t table) const
    {
        return fmt::format("{}.{}", schema_, tables_[table].name);
    }

    /// The list of a pair that leaves this out; empty: it is taken.
    [[nodiscard]] std::string left_out(const std::string& what, const std::string& name) const
    {
        const auto include = what + ".include.list", exclude = what + ".exclude.list";
        const bool includes = !expressions_of(value(include)).empty();
        const auto& setting = includes ? include : exclude;
        const auto said = matches(value(setting), name);
        if (said.yes != includes && said.unread.empty())
            return setting;
        return said.unread.empty() ? std::string() : not_read(setting, said.unread);
    }

    void captured_tables()
    {
        const auto of_schema = left_out("schema", schema_);
        for (const auto i : compared())
        {
            const auto by = of_schema.empty() ? left_out("table", name_of(i)) : of_schema;
            if (!by.empty())
                made_.table(i, by);
        }
    }

    /// A column that is sent otherwise, or not at all.
    void column(std::uint8_t table, std::size_t at, const std::string& by)
    {
        if (at == tables_[table].key)
            made_.unreadable.emplace(table, fmt::format("{} of its key {}", by, tables_[table].columns[at].name));
        else
            made_.column(table, at, by);
    }

    template <typename Function>
    void each_column(const Function& take)
    {
        for (const auto i : compared())
            for (std::size_t c = 0; c < tables_[i].columns.size(); ++c)
                take(i, c, fmt::format("{}.{}", name_of(i), tables_[i].columns[c].name));
    }

    void columns()
    {
        each_column(
            [&](std::uint8_t table, std::size_t at, const std::string& name)
            {
                if (const auto by = left_out("column", name); !by.empty())
                    column(table, at, by);
            });
        for (const auto& [setting, list] : config_)
        {
            const bool truncates = setting.starts_with("column.truncate.to.") && setting.ends_with(".chars");
            const bool masks = setting.starts_with("column.mask.with.") && setting.ends_with(".chars");
            const bool hashes = setting.starts_with("column.mask.hash.");
            if (!truncates && !masks && !hashes)
                continue;
            // What follows is as good as a password.
            const auto shown = setting.substr(
                0, setting.find(".with.salt.") == setting.npos ? setting.size() : setting.find(".with.salt.") + 10);
            each_column(
                [&](std::uint8_t table, std::size_t at, const std::string& name)
                {
                    // Debezium does it to texts alone.
                    if (tables_[table].columns[at].kind != model::type::text)
                        return;
                    const auto said = matches(list, name);
                    if (said.yes)
                        column(table, at, shown);
                    else if (!said.unread.empty())
                        column(table, at, not_read(shown, said.unread));
                });
        }
    }

    void operations()
    {
        for (const auto& word : words_of(value("skipped.operations")))
            for (const auto& [letter, what] : operation_letters)
                for (const auto i : compared())
                    if (word == letter)
                        made_.operation(i, what, fmt::format("skipped.operations {}", word));
    }

    void snapshot()
    {
        const auto mode = value("snapshot.mode");
        if (mode == "never" || mode == "no_data" || mode == "schema_only")
            made_.before = "snapshot.mode " + mode;
        for (const auto i : compared())
        {
            if (mode == "initial_only")
                made_.table(i, "snapshot.mode initial_only");
            const auto list = value("snapshot.include.collection.list");
            if (const auto said = matches(list, name_of(i)); !expressions_of(list).empty() && !said.yes)
                made_.table(i, said.unread.empty() ? "snapshot.include.collection.list"
                                                   : not_read("snapshot.include.collection.list", said.unread));
            if (matches(value("snapshot.select.statement.overrides"), name_of(i)).yes)
                made_.table(i, "snapshot.select.statement.overrides");
        }
    }

    /// Programs of somebody's own may write anything into a value.
    void converters()
    {
        for (const auto& one : words_of(value("converters")))
        {
            const auto list = value(one + ".selector");
            each_column(
                [&](std::uint8_t table, std::size_t at, const std::string& name)
                {
                    if (at == tables_[table].key)
                        return;
                    const auto said = matches(list, name);
                    if (list.empty() || said.yes || !said.unread.empty())
                        made_.column(table, at, fmt::format("converters {}", one));
                });
        }
        for (const auto& one : words_of(value("post.processors")))
        {
            const bool reselects = value(one + ".type").ends_with(".ReselectColumnsPostProcessor");
            each_column(
                [&](std::uint8_t table, std::size_t at, const std::string&)
                {
                    // What is NULL is read again, later.
                    const auto& c = tables_[table].columns[at];
                    if (at != tables_[table].key && (!reselects || c.nullable))
                        made_.column(table, at, fmt::format("post.processors {}", one));
                });
        }
    }

    const settings& config_;
    const verify::encodings& how_;
    std::span<const model::table> tables_;
    const std::string& schema_;
    connector_limits made_;
};

}  // namespace

void connector_limits::keep_only(const std::set<std::uint8_t>& compared)
{
    for (auto* const by_table : {&tables, &filtered, &unreadable, &silent})
        std::erase_if(*by_table, [&](const auto& one) { return !compared.contains(one.first); });
    std::erase_if(columns, [&](const auto& one) { return !compared.contains(one.first.first); });
    std::erase_if(operations, [&](const auto& one) { return !compared.contains(one.first.first); });
}

void connector_limits::merge(const connector_limits& other)
{
    tables.insert(other.tables.begin(), other.tables.end());
    columns.insert(other.columns.begin(), other.columns.end());
    operations.insert(other.operations.begin(), other.operations.end());
    filtered.insert(other.filtered.begin(), other.filtered.end());
    unreadable.insert(other.unreadable.begin(), other.unreadable.end());
    silent.insert(other.silent.begin(), other.silent.end());
    if (before.empty())
        before = other.before;
}

void connector_limits::impose(verify::judge& on) const
{
    for (const auto& [what, by] : operations)
        on.excuse_operation(what.first, what.second, "by " + by);
    for (const auto& [number, by] : filtered)
        on.excuse_filtered(number, "by " + by);
    for (const auto& [number, by] : tables)
        if (!filtered.contains(number))
            on.excuse(number, "by " + by);
    for (const auto& [number, by] : unreadable)
        on.leave_out(number);
    for (const auto& [what, by] : columns)
        on.excuse_column(what.first, what.second, "by " + by);
}

void connector_limits::tell(std::span<const model::table> all, verify::report& to) const
{
    auto named = unreadable;
    named.insert(filtered.begin(), filtered.end());
    named.insert(tables.begin(), tables.end());
    for (const auto& [number, by] : named)
    {
        const auto begin = fmt::format("table {}: ", all[number].name);
        const bool said = std::ranges::any_of(to.unproven(), [&](const std::string& line)
                                              { return line.starts_with(begin) && line.ends_with("by " + by); });
        if (!said)
            to.not_proven(fmt::format("{}by {}", begin, by));
    }
    const bool begun = std::ranges::any_of(to.unproven(), [](const std::string& line)
                                           { return line.find("before the stream begins") != line.npos; });
    if (begun && !before.empty())
        to.not_proven("what was there before the connector: by " + before);
}

connector_limits limits_of(const settings& config, const verify::encodings& how, std::span<const model::table> tables,
                           const std::string& schema)
{
    return reading(config, how, tables, schema).go();
}

connector_limits limits_of(const postgres::publication_content& publication, const std::string& name,
                           std::span<const model::table> tables)
{
    connector_limits made;
    if (!publication.there)
        return made;
    for (std::uint8_t i = 0; i < tables.size(); ++i)
    {
        const auto& t = tables[i];
        if (t.kept_by == model::role::heartbeat)
            continue;
        const auto found = publication.tables.find(t.name);
        if (found == publication.tables.end())
        {
            made.table(i, fmt::format("publication {}, which does not have it", name));
            continue;
        }
        if (found->second.filtered)
            made.filtered.emplace(i, fmt::format("the row filter of publication {}", name));
        for (std::size_t c = 0; c < t.columns.size(); ++c)
            if (found->second.columns.contains(t.columns[c].name))
                continue;
            else if (c == t.key)
                made.unreadable.emplace(i, fmt::format("the column list of publication {}", name));
            else
                made.column(i, c, fmt::format("the column list of publication {}", name));
        for (const auto& [what, sent] :
             {std::pair{op::insert, publication.inserts}, std::pair{op::update, publication.updates},
              std::pair{op::erase, publication.deletes}})
            if (!sent)
                made.operation(i, what,
                               fmt::format("publication {}, which does not publish {}s", name,
                                           what == op::erase ? "delete" : model::name(what)));
    }
    return made;
}

}  // namespace bazaar::capture
