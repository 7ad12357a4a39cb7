#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/scenario/declared/check.hpp"
#include "bazaar/scenario/declared/problems.hpp"
#include "bazaar/scenario/declared/spec.hpp"
#include "bazaar/scenario/declared/tree.hpp"
#include "bazaar/scenario/scenario.hpp"
#include "fields.hpp"
#include "sql_types.hpp"

namespace bazaar::scenario::declared
{

[[nodiscard]] value_type setting_type(const setting& one) noexcept;

/// The names of what has names.
template <typename T>
std::vector<std::string_view> names_of(const std::vector<T>& all)
{
    std::vector<std::string_view> names;
    for (const auto& one : all)
        names.push_back(one.name);
    return names;
}

/// How far a column or var is.
enum class progress : std::uint8_t
{
    open,
    under_way,
    done,
    wrong,  ///< Told of.
};

/// A column or var, and where it stands.
struct work_on_value
{
    const entry* at = nullptr;
    progress is = progress::open;
    bool nullable = false;
};

/// The names that may stand in the expressions of one place.
struct name_space
{
    std::vector<known_name> known;  ///< Those that were used have their type and slot.
    std::vector<source> sources;    ///< By known name; the type is found out when it is used.
    std::vector<item_no> slots;     ///< By known name.
    std::map<std::string, std::size_t, std::less<>> places;
    name_scope used;

    item_no table = no_item;  ///< Whose columns are own ones,
    item_no unit = no_item;   ///< or the unit that it is of.
    item_no line = no_item;   ///< Table of the row that fell short.
    std::vector<work_on_value>* vars = nullptr;
    std::vector<var>* made_vars = nullptr;
    const std::vector<link>* links = nullptr;
    std::string path;

    void add(std::string name, source what);
};

/// A step that makes rows of a table.
struct insertion
{
    enum class form : std::uint8_t
    {
        own,  ///< Its arrivals, or seed.
        unit,
        shortage,
        life,
    };

    form by = form::own;
    item_no unit = no_item;  ///< Of unit and shortage.
    item_no from = no_item;  ///< Table of the row that is the cause; none where there is none.
    item_no line = no_item;  ///< Table of the row that fell short.
};

struct work_on_table
{
    const entry* at = nullptr;
    fields body;
    std::vector<work_on_value> columns;
    std::vector<work_on_value> vars;
    std::vector<insertion> made_by;
    name_space names;
    std::set<item_no> never_changes;  ///< Columns that keys, links or `where` use.
    std::set<item_no> changes;
    mark changed_at{};  ///< Where the first change stands; line 0: nothing changes.
    std::string changed_by;
};

struct work_on_unit
{
    const entry* at = nullptr;
    fields body;
    std::vector<work_on_value> vars;
    name_space names;
};

/// Makes the spec of a tree whose shapes were checked. What a shape has told of is passed over in silence.
class checker
{
public:
    checker(const node& tree, const seed_files& files, problems& to, problems& warnings)
        : root_(tree, "file", {}), files_(files), to_(to), warnings_(warnings)
    {
    }

    [[nodiscard]] spec run();

private:
    void tell(mark at, std::string_view path, std::string_view what) { to_.add(at, path, what); }

    /// "no table \"custmers\"; near: customers", at the key.
    void no_such(const entry& one, std::string_view path, std::string_view what,
                 const std::vector<std::string_view>& known);
    [[nodiscard]] item_no find(const entry* one, std::string_view path, std::string_view what,
                               const std::vector<std::string_view>& known);
    [[nodiscard]] item_no table_of(const entry* one, std::string_view path);
    [[nodiscard]] item_no column_of(item_no table, const entry* one, std::string_view path);
    [[nodiscard]] item_no column_named(item_no table, std::string_view name) const;
    [[nodiscard]] item_no link_named(const std::vector<link>& links, std::string_view name) const;

    // check_time.cpp
    void settings();
    void one_setting(const entry& one);
    void clock();
    void opening_times(const fields& clock);
    void curves(const fields& clock);
    void windows(const fields& clock);
    [[nodiscard]] std::optional<setting_expression> of_settings(const node& value, std::string_view path, kind wanted,
                                                                bool whole);
    [[nodiscard]] bool is_open(item_no stage) const;
    [[nodiscard]] arrival one_arrival(const fields& here);
    [[nodiscard]] std::vector<arrival> arrivals(const fields& parent);
    void stages_of(const fields& here, arrival& into);

    // check_words.cpp
    void words();
    void one_file(const entry& one);
    void one_list(const entry& one);
    void typed_columns(word_list& list);

    // check_names.cpp
    void declare();
    void declare_table(item_no t);
    void declare_unit(item_no u);
    void declare_links(fields& body, std::vector<link>& links);
    void declare_rows();
    void scopes();
    void scope_of_table(item_no t);
    void scope_of_unit(item_no u);
    void add_settings(name_space& to);
    void add_row(name_space& to, const std::string& prefix, item_no table, source::form form, item_no one,
                 item_no unit);
    void add_vars(name_space& to, const std::string& prefix, const std::vector<work_on_value>& vars, source::form plain,
                  source::form cell, item_no unit);
    [[nodiscard]] item_no list_of_var(const work_on_value& var) const;
    [[nodiscard]] item_no list_named(std::string_view name) const;

    // check_types.cpp
    [[nodiscard]] std::optional<value_type> type_of(const source& what, name_space& in);
    [[nodiscard]] bool is_nullable(const source& what, name_space& in);
    [[nodiscard]] std::optional<value_type> column_type(item_no table, item_no column);
    [[nodiscard]] std::optional<value_type> var_type(name_space& in, item_no which);
    [[nodiscard]] bool begin(work_on_value& one, std::string_view path, std::string_view name);
    void end(work_on_value& one, bool right);
    [[nodiscard]] std::optional<expression> compiled(const node& value, std::size_t start, name_space& in,
                                                     bool is_template = false);
    [[nodiscard]] std::optional<expression> compiled_text(std::string_view text, const node& value, std::size_t start,
                                                          name_space& in, bool is_template);
    [[nodiscard]] std::optional<expression> of_kind(const entry& one, name_space& in, kind wanted,
                                                    std::string_view path);
    [[nodiscard]] bool use_names(std::string_view text, bool is_template, name_space& in);
    [[nodiscard]] std::optional<item_no> plain_name(std::string_view text, const name_space& in) const;

    // check_values.cpp
    struct value_place
    {
        name_space& in;
        std::string path;
        mark at;
        bool is_column = false;
        bool is_var = false;
        bool text_wanted = false;
    };
    [[nodiscard]] std::optional<generator> value(const node& here, const value_place& at);
    [[nodiscard]] std::optional<generator> generated(const fields& here, const value_place& at);
    [[nodiscard]] std::optional<generator> constant(const node& here, const value_place& at);
    [[nodiscard]] std::optional<generator> computed(const node& here, const value_place& at);
    [[nodiscard]] std::optional<generator> of_numbers(const fields& here, std::string_view head);
    [[nodiscard]] std::optional<generator> choice(const entry& one, const value_place& at);
    [[nodiscard]] std::optional<generator> choice_of_list(const entry& one, const value_place& at);
    [[nodiscard]] std::optional<generator> row_of(const fields& here, const value_place& at);
    [[nodiscard]] std::optional<generator> time_of(const entry& one, const value_place& at);
    [[nodiscard]] std::optional<generator> date_of_value(const entry& one);
    [[nodiscard]] std::optional<generator> nested(const fields& here, std::string_view head, const value_place& at);
    [[nodiscard]] std::optional<generator> by_stage(const entry& one, const value_place& at);
    [[nodiscard]] std::optional<generator> other(const fields& here, std::string_view head, const value_place& at);
    void conditions(const fields& here, const value_place& at, generator& made);
    [[nodiscard]] bool is_nullable(const generator& made, name_space& in);
    [[nodiscard]] std::optional<range> clamp_of(const fields& here);
    [[nodiscard]] std::vector<assignment> assignments(const fields& parent, item_no table, name_space& in);

    // check_columns.cpp
    void make_column(item_no t, item_no c);
    [[nodiscard]] bool key_type(item_no t, item_no c, const std::optional<sql_column_type>& wanted);
    void sql_type(item_no t, item_no c, const fields& here);
    void default_type(column& made) const;
    void outlets(const fields& here, column& made);
    void keys();
    [[nodiscard]] item_no key_column(item_no t) const;
    void one_key(item_no t);
    void listed_key(item_no t, item_no list_column, mark at);
    void sequence_key(item_no t, gen::sequence& counted, mark at, const std::string& path);
    [[nodiscard]] bool may_go_to(item_no t, std::string_view place) const;
    void destinations();
    void one_destination(item_no t);
    void topic(item_no t);
    void sql_of(item_no t);
    [[nodiscard]] std::vector<item_no> columns_in(const node& list, item_no t, std::string_view path);

    // check_links.cpp
    void links();
    void pick_of(const fields& here, link& made, item_no to, name_space& in);
    void same_of(const fields& here, link& made, name_space& in);
    void cause_of(item_no t, const link& one, const entry& at);

    // check_changes.cpp
    void changes();
    void one_change(item_no t, const entry& one, change& made);
    void touched(item_no t, item_no column, mark at, const std::string& by);
    void lives();
    void one_life(item_no t);
    void one_step(item_no t, const fields& here, life_step& step);

    // check_units.cpp
    void units();
    void one_unit(item_no u);
    void one_row(item_no u, const fields& here, row_step& made);
    void row_count(const fields& here, item_no u, row_step& made);
    void movements(const fields& here, item_no u, row_step& made, bool put);
    void follow_of(item_no u);

    // check_rules.cpp
    void heads();
    void tables();
    void seed_of(item_no t);
    [[nodiscard]] std::int64_t value_of(const setting_expression& what, bool highest) const;
    [[nodiscard]] bool only_seeds(item_no t) const;
    void versions();
    void fixed_columns(item_no t);
    void sources_by_unit(item_no t);
    void unused();
    void limits();
    [[nodiscard]] std::uint64_t last_rate(item_no t) const;
    void backlog();

    fields root_;
    const seed_files& files_;
    problems& to_;
    problems& warnings_;
    spec made_;
    std::vector<work_on_table> tables_;
    std::vector<work_on_unit> units_;
    std::vector<std::pair<work_on_value*, std::string>> under_way_;
    std::set<std::string, std::less<>> used_;
};

}  // namespace bazaar::scenario::declared
