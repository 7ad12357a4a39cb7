// The judge: what its callers see, and what they excuse.

#include "bazaar/verify/judge.hpp"

#include <algorithm>
#include <utility>

#include "bazaar/run/load_plan.hpp"
#include "bazaar/scenario/does.hpp"
#include "judge_work.hpp"

namespace bazaar::verify
{
namespace
{

constexpr std::size_t chunks_at_hand = 5;  ///< Of a bulk load.

}  // namespace

judge::work::work(const subject& of, report& to, const judge_options& how)
    : subject_(of),
      report_(to),
      how_(how),
      tables_(of.shop.tables()),
      print_(tables_, of.shop.kinds(), of.ids),
      walk_(of),
      row_units_(of),
      built_(built_count),
      of_table_(tables_.size()),
      hidden_(tables_.size()),
      left_out_(tables_.size())
{
    for (std::size_t i = 0; i < tables_.size(); ++i)
        hidden_[i].assign(tables_[i].columns.size(), false);
    for (std::size_t i = 0; i < tables_.size(); ++i)
    {
        of_table_[i].erases = scenario::does(of.shop, model::op::erase, i);
        erases_rows_ = erases_rows_ || of_table_[i].erases;
    }
    if (const auto load = run::load_state::of(of.recorded.log))
    {
        seam_ = load->seam;
        // Chunks are written side by side.
        keep_ = std::max<std::size_t>(keep_, chunks_at_hand * load->chunk_units);
        survivors_ = run::history::of(of.shop, of.recorded, {std::nullopt, std::nullopt, seam_}, {}).rows;
    }
    reach_ = std::max<unit_no>(keep_ / 2, 2 * std::uint64_t{of.recorded.window} + 1);
    reached_ = how.from.value_or(0);
}

void judge::work::excuse(std::uint8_t table, std::string reason)
{
    for (const auto what : {model::op::insert, model::op::update, model::op::erase})
        excuse_operation(table, what, reason);
}

void judge::work::excuse_operation(std::uint8_t table, model::op what, std::string reason)
{
    excuses_[{table, what}] = {std::move(reason), 0};
}

void judge::work::excuse_filtered(std::uint8_t table, std::string reason)
{
    excuse(table, std::move(reason));
    of_table_[table].filtered = true;
}

void judge::work::excuse_column(std::uint8_t table, std::size_t column, std::string reason)
{
    excused_columns_[{table, column}] = std::move(reason);
}

std::pair<std::string, std::uint64_t>* judge::work::excuse_of(std::uint8_t table, model::op what)
{
    const auto found = excuses_.find({table, what});
    return found == excuses_.end() ? nullptr : &found->second;
}

bool judge::work::is_excused(std::uint8_t table) const
{
    return std::ranges::any_of(excuses_, [&](const auto& one) { return one.first.first == table; });
}

const change_event& judge::work::without_excused(const change_event& e)
{
    masked_ = e;
    for (const auto& [where, reason] : excused_columns_)
        for (auto* row : {&masked_.before, &masked_.after})
            if (where.first == e.table && where.second < row->size())
                (*row)[where.second] = told();
    return masked_;
}

judge::judge(const subject& of, report& to, const judge_options& how) : work_(std::make_unique<work>(of, to, how)) {}
judge::~judge() = default;

void judge::take(const change_event& e)
{
    work_->take(e);
}

bool judge::offer(const change_event& e)
{
    return work_->offer(e);
}

void judge::take(const transaction_end& end)
{
    work_->take(end);
}

void judge::excuse(std::uint8_t table, std::string reason)
{
    work_->excuse(table, std::move(reason));
}

void judge::excuse_operation(std::uint8_t table, model::op what, std::string reason)
{
    work_->excuse_operation(table, what, std::move(reason));
}

void judge::excuse_filtered(std::uint8_t table, std::string reason)
{
    work_->excuse_filtered(table, std::move(reason));
}

void judge::excuse_column(std::uint8_t table, std::size_t column, std::string reason)
{
    work_->excuse_column(table, column, std::move(reason));
}

void judge::finish(bool partial)
{
    work_->finish(partial);
}

void judge::leave_out(std::uint8_t table)
{
    work_->leave_out(table);
}

std::optional<row_id> judge::row_of_event(const change_event& e)
{
    return work_->row_of_event(e);
}

std::uint64_t judge::not_here_yet() const
{
    return work_->not_here_yet();
}

std::uint64_t judge::events() const
{
    return work_->events();
}

std::optional<unit_no> judge::highest_there()
{
    return work_->highest_there();
}

std::optional<unit_no> judge::highest() const
{
    return work_->highest();
}

}  // namespace bazaar::verify
