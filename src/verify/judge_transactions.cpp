// Transactions: which units share one, which are torn over several, and what their ENDs count.

#include <algorithm>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "judge_work.hpp"

namespace bazaar::verify
{
namespace
{

constexpr std::size_t shared_max =
    10'000;  ///< Units that stay at hand since their transaction has another one's change.

}  // namespace

void judge::work::take(const transaction_end& end)
{
    const auto known = by_transaction_.find(end.transaction);
    auto* const u = known == by_transaction_.end() ? nullptr : by_number(known->second);
    if (u == nullptr)
        return;  // Of others, or of nothing that has arrived.
    transactions_ += u->ended ? 0U : 1U;
    u->ended = true;
    if (miscounts(*u, end).empty())
        return;
    // What is still to come may make it right.
    auto& odd = odd_ends_[known->second];
    if (odd.transaction == 0 || miscounts(*u, odd).empty())
        odd = end;
}

void judge::work::check_transaction(const change_event& e, unit_state& u, change_state& state)
{
    // A load writes many units in one transaction.
    if (e.transaction == 0 || u.decision.no < seam_)
        return;
    state.transaction = e.transaction;
    u.counted = u.counted || e.counted;
    if (u.transaction == e.transaction)
        return;
    u.torn = u.torn || u.transaction != 0;
    if (u.transaction == 0)
        u.transaction = e.transaction;
    const auto [other, fresh] = by_transaction_.emplace(e.transaction, u.decision.no);
    if (fresh || other->second == u.decision.no)
        return;
    auto* const there = by_number(other->second);
    if (there == nullptr || shared_.size() >= shared_max)
    {
        add(defect::torn, e, u.decision.no, {}, "a transaction of its own",
            fmt::format("transaction {} of unit {}", e.transaction, other->second));
        return;
    }
    // Which of them is a guest is known when all have come.
    there->shared = u.shared = true;
    shared_[e.transaction].insert({there->decision.no, u.decision.no});
}

std::map<std::uint64_t, std::size_t> judge::work::transactions_of(const unit_state& u)
{
    std::map<std::uint64_t, std::size_t> counts;
    for (const auto& state : std::span(u.each.get(), u.changes))
        if (state.transaction != 0)
            ++counts[state.transaction];
    return counts;
}

std::uint64_t judge::work::own_transaction(const unit_state& u)
{
    const auto counts = transactions_of(u);
    const auto most = std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; });
    const auto as_many = std::ranges::count_if(counts, [&](const auto& entry) { return entry.second == most->second; });
    return as_many == 1 ? most->first : 0;
}

void judge::work::tell_shared()
{
    for (const auto& [transaction, numbers] : shared_)
    {
        std::vector<std::pair<std::size_t, unit_state*>> own;
        for (const auto no : numbers)
            if (auto* const u = by_number(no); u != nullptr && own_transaction(*u) == transaction)
                own.emplace_back(transactions_of(*u).at(transaction), u);
        std::ranges::sort(own, std::greater{}, [](const auto& one) { return one.first; });
        if (own.size() < 2)
            continue;  // The others' are torn from their own.
        const bool clear = own[0].first > own[1].first;
        for (std::size_t i = clear ? 1 : 0; i < own.size(); ++i)
        {
            auto& u = *own[i].second;
            const auto& changes = built(u).changes;
            for (std::size_t k = 0; k < changes.size(); ++k)
                if (u.each[k].transaction == transaction)
                    add_planned(
                        defect::torn, u.decision.no, changes[k], {}, {}, "a transaction of its own",
                        fmt::format("transaction {} of unit {}", transaction, own[i == 0 ? 1 : 0].second->decision.no));
        }
    }
}

void judge::work::tell_torn(unit_state& u)
{
    const auto& changes = built(u).changes;
    const auto own = own_transaction(u);
    for (std::size_t i = 0; i < changes.size(); ++i)
        if (const auto transaction = u.each[i].transaction; transaction != 0 && transaction != own)
            add_planned(defect::torn, u.decision.no, changes[i], {}, {},
                        own != 0 ? fmt::format("transaction {}", own) : "one transaction for all of the unit",
                        fmt::format("transaction {}", transaction));
}

std::vector<std::uint64_t> judge::work::arrived(unit_state& u, std::uint64_t transaction)
{
    std::vector<std::uint64_t> counts(tables_.size());
    const auto& changes = built(u).changes;
    for (std::size_t i = 0; i < changes.size(); ++i)
        counts[changes[i].table] += u.each[i].seen && u.each[i].transaction == transaction ? 1U : 0U;
    return counts;
}

std::vector<std::pair<std::uint8_t, std::uint64_t>> judge::work::miscounts(unit_state& u, const transaction_end& end)
{
    std::vector<std::pair<std::uint8_t, std::uint64_t>> found;
    const auto counts = arrived(u, end.transaction);
    for (std::uint8_t i = 0; i < counts.size(); ++i)
        if (end.counts[i] > counts[i] || (end.counts[i] < counts[i] && how_.ends && !end.again))
            found.emplace_back(i, counts[i]);
    return found;
}

void judge::work::tell_end(unit_state& u)
{
    const auto tell = [&](std::uint8_t table, std::string expected, std::string found)
    {
        report_.add({defect::miscounted,
                     std::string(tables_[table].name),
                     fmt::format("transaction {}", u.transaction),
                     u.decision.no,
                     {},
                     std::move(expected),
                     std::move(found),
                     {}});
    };
    if (u.torn || u.shared)
        return;  // Told already; whose change an END counts is not known.
    if (how_.ends && u.counted && !u.ended)
        tell(built(u).changes.front().table, "its END", "none");
    const auto odd = odd_ends_.find(u.decision.no);
    if (odd == odd_ends_.end())
        return;
    for (const auto& [table, found] : miscounts(u, odd->second))
        if (!is_excused(table) && !left_out_[table])
            tell(table, fmt::format("{} changes by its END", odd->second.counts[table]), std::to_string(found));
    odd_ends_.erase(odd);
}

}  // namespace bazaar::verify
