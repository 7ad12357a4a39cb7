#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "bazaar/scenario/declared/declared.hpp"
#include "study.hpp"

namespace bazaar::scenario::declared
{

/// A file as a plan is made of it, with its settings as they are at first.
struct made_file
{
    made_file(std::shared_ptr<const spec> file, std::uint64_t seed)
        : fields(*file), all(file, {.run = "main", .seed = seed, .configuration = settings(fields.all()), .files = {}})
    {
    }

    setting_fields fields;
    compiled all;
};

/// What belongs to the rows of a table, to a change or to a unit.
struct scope_study
{
    std::deque<value_study> vars;
    std::deque<value_study> values;  ///< Columns, what a change sets, or how often a unit's steps are taken.
    std::deque<link_study> links;
};

/// What follows a table or unit.
struct following
{
    item_no action = 0;
    const follow* how = nullptr;
    delay_study delays;
};

/// Draws a sample and shows it to the studies.
class sampler
{
public:
    explicit sampler(const conformance_request& of);

    conformance run();

private:
    using draft = file_planner::draft;

    void prepare();
    void prepare_table(item_no which);
    void prepare_unit(item_no which);
    void prepare_unit_sets();
    void prepare_arrivals();
    void see_seeds();
    void see(file_planner& plan, const draft& what, bool left_out);
    void see_lines(file_planner& plan, const draft& what, const action& of);
    void see_unit(file_planner& plan, const draft& what, const action& of);
    void see_unit_sets(file_planner& plan, const draft& what, const action& of);
    void see_change(file_planner& plan, const draft& what, const action& of);
    void see_life(file_planner& plan, const draft& what, const action& of, bool left_out);
    void see_followers(file_planner& plan, const draft& what, const action& of, bool left_out);
    void inserted(item_no table, std::uint64_t row, std::int64_t at);
    [[nodiscard]] std::optional<std::int64_t> age(item_no table, std::uint64_t row, std::int64_t at) const;
    void low(const draft& what);
    void see_values(frame& of, scope_study& to, const std::vector<gen_plan>& vars);
    void see_columns(frame& of, item_no table);
    void tell(std::vector<finding>& to) const;
    [[nodiscard]] static bool is_first(const draft& what, std::size_t line);

    made_file judged_;
    made_file drawn_;
    made_file windows_;
    clockwork clock_;
    std::vector<operand> values_;
    model::arena texts_;
    maker make_;
    time start_;
    std::uint64_t units_;

    std::vector<scope_study> tables_;
    std::vector<scope_study> unit_scopes_;
    std::vector<std::deque<value_study>> unit_sets_;  ///< By unit, in the order of tables and setters.
    std::vector<std::deque<scope_study>> changes_;    ///< By table.
    std::vector<std::deque<value_study>> setters_;    ///< By table, of the steps of its life.
    std::deque<arrival_study> arrivals_;              ///< In the order of the plan's flows.
    std::vector<std::optional<life_study>> lives_;
    std::deque<following> followers_;
    std::vector<std::vector<std::int64_t>> births_;  ///< By table and row.
    std::uint64_t seen_ = 0;
    std::int64_t last_ = 0;
};

}  // namespace bazaar::scenario::declared
