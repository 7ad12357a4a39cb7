// The end: what is missing, what the kept rows say, and what stays unproven.

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "bazaar/verify/row_name.hpp"
#include "judge_work.hpp"

namespace bazaar::verify
{

void judge::work::finish(bool partial)
{
    while (!strays_.empty() && reached_ < subject_.known)
        reach_further();
    later_ += strays_.size();
    if (!partial)
        plan_below(subject_.demanded);
    settle_doubtful(no_unit);
    for (auto& u : units_)
    {
        if (u.torn)
            tell_torn(u);
        if (!partial && u.decision.no < subject_.demanded)
            tell_end(u);
    }
    tell_shared();
    if (!partial)
        tell_gone_back();
    sort_kept();
    judge_first_rows(partial);
    judge_units(partial);
    judge_unplanned();
    tell_hidden();
    report_.figure("events", events_);
    report_.figure("whole units", whole_units_);
    report_.figure("demanded", demanded_units_);
    tell_nothing_demanded(partial);
    if (transactions_ > 0)
        report_.figure("transactions counted", transactions_);
    if (!kept_.empty())
        report_.figure("snapshot and first rows", kept_.size());
    if (later_ > 0)
        report_.figure("events behind the cut", later_);
    if (others_ > 0)
        report_.figure("events of others", others_);
    if (late_ > 0)
        report_.not_proven(fmt::format("{} events came so late that only their rows were judged, not their order "
                                       "and transactions: give each topic as a file of its own",
                                       late_));
    if (unstamped_ > 0)
        report_.not_proven(fmt::format("{} events came again without the time at which the connector made them: "
                                       "sent again and doubled are the same then; ts_ns in "
                                       "transforms.*.add.fields tells them apart",
                                       unstamped_));
    if (beyond_end_ > 0)
        report_.not_proven(fmt::format("{} events are of units from {} on, where the run has ended: where it was "
                                       "started again since, a newer card knows them",
                                       beyond_end_, subject_.known));
    if (dropped_rows_ > 0)
        report_.not_proven(fmt::format("{} rows of snapshots were too many to keep", dropped_rows_));
}

std::optional<unit_no> judge::work::highest_there()
{
    // All have come: what waits for others of its transaction is decided on.
    settle_doubtful(no_unit);
    sort_kept();
    std::unordered_set<std::int64_t> moments;
    std::int64_t resolution = 1;
    for (const auto& k : kept_)
        resolution = std::max<std::int64_t>(resolution, k.resolution);
    for (const auto& k : kept_)
        if (k.from == kept_row::why::snapshot && k.version != 0)
            moments.insert(k.version / resolution);
    auto found = highest_;
    if (reads_ && highest_read_ > found.value_or(0))
        found = highest_read_;
    unit_walk again(subject_);
    model::decision d;
    model::unit room;
    while (!moments.empty() && again.next_no() < subject_.known)
    {
        if (!again.next(d) || d.no <= found.value_or(0) || !moments.contains(d.at.us / resolution))
            continue;
        build(d, room);
        const auto is_there = [&](const model::change& c)
        {
            return c.what != model::op::erase &&
                   std::ranges::any_of(kept_of(key_of(row_named(c.table, c.key(tables_[c.table])))),
                                       [&](const kept_row& k) {
                                           return k.from == kept_row::why::snapshot && k.version != 0 &&
                                                  k.has(version_of(tables_[c.table], c.after));
                                       });
        };
        if (std::ranges::any_of(room.changes, is_there))
            found = d.no;
    }
    return found;
}

void judge::work::tell_nothing_demanded(bool partial)
{
    const auto& run = subject_.recorded;
    const bool without_units = run.clean && planned_units_ == 0 && run.settled <= subject_.demanded && events_ > 0;
    if (demanded_units_ > 0 || partial || without_units)
        return;
    if (subject_.demanded == 0)
        report_.not_proven(fmt::format("nothing is demanded yet: a unit is when the run's mark has passed it, or a "
                                       "unit {} later is there",
                                       run.window));
    else if (how_.from && *how_.from >= subject_.demanded)
        report_.not_proven(fmt::format("nothing is demanded: --from {} leaves out all of the {} units", *how_.from,
                                       subject_.demanded));
    else
        report_.not_proven(lowest_ == no_unit ? std::string("nothing is demanded: no event is of a unit of the run")
                                              : fmt::format("nothing is demanded: the first unit in the stream is {}, "
                                                            "and its first {} may be older than it",
                                                            lowest_, run.window));
}

std::vector<const model::change*> judge::work::missing_of(const model::unit& unit, const unit_at_end& of, bool& some)
{
    std::vector<const model::change*> missing;
    const auto no = unit.decision.no;
    for (std::size_t i = 0; i < unit.changes.size(); ++i)
    {
        const auto& c = unit.changes[i];
        const auto& t = tables_[c.table];
        if (left_out_[c.table])
            continue;
        const auto version = version_of(t, c.after.empty() ? c.before : c.after);
        const bool late = !kept_.empty() && judge_kept(no, c, version);
        some = some || late;
        late_ += late && !of.whole && no >= seam_ ? 1U : 0U;
        if (of.whole && late)
            add_planned(how_.exactly_once ? defect::doubled : defect::repeated, no, c);
        const bool seen = of.whole || late || (of.state != nullptr && of.state->each && of.state->each[i].seen);
        // A row of the snapshot is deleted behind it.
        if (seen || (!kept_.empty() && c.what != model::op::erase && in_snapshot(c, version)))
            continue;
        const bool demandable = of.asked || (of_table_[c.table].demanded && !how_.from);
        if (demandable && of.may_be_gone && may_have_gone(c, no))
            continue;
        if (auto* const excuse = excuse_of(c.table, c.what); excuse != nullptr)
            ++excuse->second;
        else
            missing.push_back(&c);
    }
    return missing;
}

void judge::work::tell_missing(std::uint64_t before_stream, std::uint64_t open, unit_no begin, bool partial)
{
    std::map<std::pair<std::uint8_t, std::string>, std::uint64_t> excused;
    for (const auto& [what, excuse] : excuses_)
        excused[{what.first, excuse.first}] += excuse.second;
    for (const auto& [what, count] : excused)
        if (count > 0)
            report_.not_proven(
                fmt::format("table {}: {} changes are not there: {}", tables_[what.first].name, count, what.second));
    if (before_stream > 0 && !how_.from)
        report_.not_proven(
            begin < subject_.demanded
                ? fmt::format("{} units before the stream begins; --from {} leaves them out", before_stream, begin)
                : fmt::format("{} units before the stream begins", before_stream));
    if (open > 0 && !partial && !how_.cut)
        report_.not_proven(fmt::format("{} units at the end of the stream of which only a part is in it", open));
    if (partial)
        report_.set_partial();
}

void judge::work::judge_units(bool partial)
{
    unit_walk again(subject_);
    model::unit room;
    unit_state fresh;
    std::size_t at = 0;
    std::uint64_t before_stream = 0, open = 0;
    const auto begin = first_demanded();
    bool all_whole = true;
    for (std::size_t i = 0; i < tables_.size(); ++i)
        all_whole = all_whole && (of_table_[i].whole || left_out_[i] || tables_[i].kept_by != model::role::planned);
    // What these removed may have been gone when the snapshot was taken.
    const auto may_be_gone = !reads_ || !erases_rows_ || partial ? 0
                             : lowest_ == no_unit                ? no_unit
                                                                 : lowest_ + subject_.recorded.window;
    // Rows of a snapshot may be of any unit.
    const auto end = !kept_.empty() && !partial
                         ? subject_.known
                         : std::min(subject_.known, std::max(walk_.next_no(), partial ? 0 : subject_.demanded));
    while (again.next_no() < end)
    {
        const bool refused = !again.next(fresh.decision);
        const auto no = fresh.decision.no;
        last_moment_ = fresh.decision.at.us;
        while (at < units_.size() && units_[at].decision.no < no)
            ++at;
        const auto* const state = at < units_.size() && units_[at].decision.no == no ? &units_[at] : nullptr;
        const bool whole = state != nullptr ? state->whole() : no < whole_.size() && whole_[no];
        whole_units_ += whole && !refused ? 1U : 0U;
        const bool asked = no >= begin || (how_.from_time && fresh.decision.at > *how_.from_time);
        const bool in_snapshots = all_whole && !how_.from;
        planned_units_ += refused ? 0U : 1U;
        demanded_units_ += !refused && !partial && (asked || in_snapshots) && no < subject_.demanded ? 1U : 0U;
        const auto question = questions_.find(no);
        if (question != questions_.end() && refused)
            answer(question->second, {});
        if (refused || (whole && kept_.empty() && question == questions_.end()))
            continue;
        build(fresh.decision, room);
        if (question != questions_.end())
            answer(question->second, room.changes);
        bool some = state != nullptr && state->seen > state->left_out;
        const auto missing = missing_of(room, {state, whole, asked, no < may_be_gone}, some);
        if (missing.empty())
        {
            whole_units_ += whole ? 0U : 1U;
            continue;
        }
        const bool committed = how_.barrier && state != nullptr && state->lsn != 0 && state->lsn < *how_.barrier;
        const bool demanded = !partial && (no < subject_.demanded || (some && committed));
        not_here_yet_ += no >= subject_.demanded ? 1U : 0U;
        if (!demanded)
            open += some ? 1U : 0U;
        else if (some || asked)
            for (const auto* c : missing)
                add_planned(defect::lost, no, *c);
        else
        {
            bool before = false;
            for (const auto* c : missing)
                if (of_table_[c->table].demanded && !how_.from)
                    add_planned(defect::lost, no, *c);
                else
                    before = true;
            before_stream += before ? 1U : 0U;
        }
    }
    not_here_yet_ += subject_.known - end;
    tell_not_gone();
    tell_missing(before_stream, open, begin, partial);
}

bool judge::work::may_have_gone(const model::change& c, unit_no no)
{
    const auto row = row_named(c.table, c.key(tables_[c.table]));
    if (c.what == model::op::erase)
        return gone_.erase(key_of(row)) > 0;
    if (no >= subject_.demanded || excuse_of(c.table, c.what) != nullptr || !of_table_[c.table].erases)
        return false;
    const auto known = gone_.find(key_of(row));
    if (known == gone_.end() && (c.what != model::op::insert || in_snapshot(c, 0)))
        return false;
    gone_[key_of(row)].emplace_back(row, no);
    return true;
}

void judge::work::tell_not_gone()
{
    std::vector<std::pair<unit_no, row_id>> lost;
    for (const auto& [key, changes] : gone_)
        for (const auto& [row, no] : changes)
            lost.emplace_back(no, row);
    std::ranges::sort(lost, {},
                      [](const auto& one) { return std::tuple(one.first, one.second.table, one.second.row); });
    for (const auto& [no, row] : lost)
        report_.add({defect::lost,
                     std::string(tables_[row.table].name),
                     verify::key_text(tables_[row.table], row, subject_.ids),
                     no,
                     {},
                     {},
                     {},
                     {}});
}

unit_no judge::work::first_demanded() const
{
    if (how_.from)
        return *how_.from;
    for (std::size_t i = 0; i < tables_.size(); ++i)
        if (of_table_[i].created && tables_[i].kept_by == model::role::planned)
            return 0;
    // Units commit in any order within the window: of its first ones some may be older than the stream.
    return lowest_ == no_unit ? subject_.demanded : lowest_ == 0 ? 0 : lowest_ + subject_.recorded.window;
}

void judge::work::answer(std::vector<std::pair<row_id, finding>>& questions, std::span<const model::change> changes)
{
    for (auto& [row, what] : questions)
    {
        const auto is_it = [&, &id = row](const model::change& c)
        { return c.table == id.table && row_named(c.table, c.key(tables_[c.table])) == id; };
        if (std::ranges::none_of(changes, is_it))
            what.what = defect::unknown;
        report_.add(std::move(what));
    }
    questions.clear();
}

void judge::work::judge_unplanned()
{
    for (auto& [no, questions] : questions_)
        for (auto& [row, what] : questions)
            report_.add(std::move(what));
    for (const auto& k : kept_)
    {
        if (k.judged)
            continue;
        const auto table = table_of(k.key);
        const auto& t = tables_[table];
        if (k.unversioned)
        {
            ++unmatched_;
            continue;
        }
        // Of units that are not known yet; the first of them may have the moment of the last one that is.
        if (k.version + k.resolution > last_moment_ && !k.ended && !is_impossible({k.version}))
        {
            ++later_;
            continue;
        }
        report_.add({k.planned && t.version != model::no_column ? defect::foreign_edit : defect::unknown,
                     std::string(t.name),
                     verify::key_text(t, {table, row_of(k.key), k.unit}, subject_.ids),
                     no_unit,
                     {},
                     {},
                     {},
                     k.from == kept_row::why::snapshot ? "snapshot" : ""});
    }
    if (unmatched_ > 0)
        report_.not_proven(fmt::format("{} events do not have the version of their row: which change they are is "
                                       "not known",
                                       unmatched_));
}

void judge::work::tell_gone_back()
{
    for (const auto& back : order_.gone())
        if (back.sure || !how_.barrier || back.lsn < *how_.barrier)
            report_.add(back.what);
}

void judge::work::tell_hidden()
{
    std::map<std::pair<std::uint8_t, std::string>, std::string> excused;
    for (const auto& [where, reason] : excused_columns_)
    {
        auto& names = excused[{where.first, reason}];
        names += (names.empty() ? "" : ", ") + std::string(tables_[where.first].columns[where.second].name);
    }
    for (const auto& [what, names] : excused)
        report_.not_proven(fmt::format("table {}, column{} {}: not compared: {}", tables_[what.first].name,
                                       names.find(',') == names.npos ? "" : "s", names, what.second));
    for (std::size_t number = 0; number < tables_.size(); ++number)
    {
        std::string names;
        for (std::size_t i = 0; i < hidden_[number].size(); ++i)
            if (hidden_[number][i] && !excused_columns_.contains({number, i}))
                names += (names.empty() ? "" : ", ") + std::string(tables_[number].columns[i].name);
        if (!names.empty())
            report_.not_proven(fmt::format("table {}: not in all events, or rounded: {}", tables_[number].name, names));
    }
}

}  // namespace bazaar::verify
