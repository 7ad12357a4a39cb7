// The inside of the judge: all that its parts share. Each section names the file that defines it.

#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "bazaar/model/render.hpp"
#include "bazaar/run/load_plan.hpp"
#include "bazaar/verify/judge.hpp"
#include "bazaar/verify/row_print.hpp"
#include "judge_state.hpp"
#include "row_key.hpp"
#include "row_order.hpp"
#include "row_units.hpp"

namespace bazaar::verify
{

inline constexpr std::size_t built_count = 1024;  ///< Units whose rows are at hand.

class judge::work
{
public:
    work(const subject& of, report& to, const judge_options& how);

    void leave_out(std::uint8_t table) { left_out_[table] = true; }

    void take(const change_event& e);
    bool offer(const change_event& e);
    void take(const transaction_end& end);
    void excuse(std::uint8_t table, std::string reason);
    void excuse_operation(std::uint8_t table, model::op what, std::string reason);
    void excuse_filtered(std::uint8_t table, std::string reason);
    void excuse_column(std::uint8_t table, std::size_t column, std::string reason);
    void finish(bool partial);

    [[nodiscard]] std::optional<unit_no> highest() const { return highest_; }

    /// The highest unit of which an event was taken, or whose change a row of a snapshot has.
    std::optional<unit_no> highest_there();

    /// The row of the plan that an event is of. Its unit is `unknown_unit` where neither key nor plan, as far as it is known, says
    /// it.
    [[nodiscard]] std::optional<row_id> row_of_event(const change_event& e);

    [[nodiscard]] std::uint64_t events() const { return events_; }

    [[nodiscard]] std::uint64_t not_here_yet() const { return not_here_yet_; }

private:
    using kind = change_event::kind;

    // ---- Excuses: judge.cpp -----------------------------------------------------------------------------------------

    /// Why missing changes of this kind prove nothing; null where they do.
    std::pair<std::string, std::uint64_t>* excuse_of(std::uint8_t table, model::op what);

    /// Whether any changes of the table may be missing.
    [[nodiscard]] bool is_excused(std::uint8_t table) const;

    /// The event as if it did not have the columns that are excused.
    const change_event& without_excused(const change_event& e);

    // ---- The plan at hand: judge_plan.cpp ---------------------------------------------------------------------------

    struct place
    {
        unit_state* unit = nullptr;
        std::size_t change = 0;
    };

    void plan_one();

    void plan_below(unit_no end)
    {
        while (walk_.next_no() < std::min(end, subject_.known))
            plan_one();
    }

    /// So far is planned at most: one event that names a unit far ahead must not make all that follow it late.
    [[nodiscard]] unit_no limit() const { return std::max({reached_, highest_.value_or(0), highest_read_}) + reach_; }

    /// Plans all units up to this moment. False where that is too far ahead.
    bool reach(time moment);

    /// Forgets old units that are whole, and those of which nothing was seen.
    void compact();

    void mark_whole(unit_no no);
    [[nodiscard]] unit_state* by_number(unit_no no);

    /// What is told of a unit: of one that was loaded in bulk, the rows that are still there at the seam.
    void build(const model::decision& d, model::unit& out);

    const model::unit& built(unit_state& u);

    /// Number of the unit's change of this row; nothing when it has none.
    std::optional<std::size_t> change_of(unit_state& u, const row_id& row);

    /// The same as a place; none where the unit was refused or is not at hand.
    place place_in(unit_no no, const row_id& row);

    /// The change that made the version of a row which began at a moment from `from` to before `end`: the version of a
    /// changed row is the moment of its unit. A rounded moment may be that of several: then the one that has the values
    /// of the event, else one that was not seen yet.
    place by_version(const row_id& row, std::int64_t from, std::int64_t end, const change_event* e = nullptr);

    /// The change that found this version of a row. Of several with the same rounded moment, one that was not seen yet.
    place by_version_before(const row_id& row, std::int64_t version, std::int64_t end);

    /// The change that removes this row; nothing while none is planned.
    place by_erase(const row_id& row);

    void index_erases(unit_state& u);

    /// Moment of the first unit from which on all are at hand.
    [[nodiscard]] std::int64_t first_at_hand() const { return units_[partial_units_].decision.at.us; }

    /// Whether it is later than all units that are known.
    [[nodiscard]] bool is_after_the_known(std::int64_t end) const
    {
        return walk_.next_no() >= subject_.known && (units_.empty() || end > units_.back().decision.at.us);
    }

    /// Whether the plan has such a row; nothing where its unit is not at hand.
    std::optional<bool> is_planned(const row_id& row);

    std::uint64_t initial_count(std::uint8_t table);

    // ---- Findings: judge_compare.cpp --------------------------------------------------------------------------------

    [[nodiscard]] std::string key_text(const told& key, const model::table& t) const;
    void add(defect what, const change_event& e, unit_no unit, std::string column = {}, std::string expected = {},
             std::string found = {});
    [[nodiscard]] finding finding_of(defect what, const change_event& e, unit_no unit) const;

    /// Somebody else's change of a row. Of one that the plan does not have it is an unknown id.
    void foreign(const change_event& e, const row_id& row);

    /// Of a change that no event told.
    void add_planned(defect what, unit_no unit, const model::change& c, std::string column = {}, std::string from = {},
                     std::string expected = {}, std::string found = {});

    [[nodiscard]] std::string text_of(const told& value, const model::column& c) const;
    /// Whether the value of a column that refers to rows is the key of this one.
    [[nodiscard]] bool is_key_of(const row_id& row, const told& value, const model::column& c) const;
    [[nodiscard]] bool same(const model::value& planned, const told& value, const model::column& c) const;

    /// A finding for each column that says something else than the plan. Whether there was none.
    bool compare(defect what, const change_event& e, unit_no unit, std::span<const model::value> planned,
                 const told_row& row);

    [[nodiscard]] bool is_as_planned(const change_event& e, const model::change& c) const;

    /// Whether the event leaves the row as the change does, as far as it tells.
    [[nodiscard]] bool has_values(const change_event& e, const model::change& c) const;

    // ---- Events: judge_events.cpp -----------------------------------------------------------------------------------

    [[nodiscard]] static bool hides_version(const change_event& e, const model::table& t)
    {
        return t.version != model::no_column &&
               (e.after.size() <= t.version || e.after[t.version].what == told::state::absent);
    }

    /// The version that the event tells, 0 for that of a row that was never changed; nothing where the table has none or the
    /// event hides it.
    [[nodiscard]] static std::optional<std::int64_t> version_of(const change_event& e, const model::table& t)
    {
        if (t.version == model::no_column || e.after.size() <= t.version)
            return std::nullopt;
        const auto& version = e.after[t.version];
        if (version.what == told::state::null && t.columns[t.version].nullable)
            return 0;
        return version.what == told::state::value ? std::optional(version.v.integer()) : std::nullopt;
    }

    [[nodiscard]] static std::int64_t version_of(const model::table& t, std::span<const model::value> row)
    {
        return t.version == model::no_column ? 0 : row[t.version].integer();
    }

    /// Whether the version of its row is older than the newest unit that is known: a unit that is not has no such row.
    [[nodiscard]] bool is_older_than_the_known(const change_event& e, const model::table& t) const;

    /// Of an event whose key is no key of a row of the run.
    void judge_stranger(const change_event& e);

    [[nodiscard]] bool is_impossible(time version) const { return how_.latest && version > *how_.latest; }

    /// Of the event that is being judged.
    [[nodiscard]] std::uint32_t number_now() const noexcept { return static_cast<std::uint32_t>(events_); }

    /// Whether the run had ended when this was written: no unit follows those that are known.
    [[nodiscard]] bool of_ended_run(const change_event& e) const
    {
        return subject_.recorded.clean && subject_.known <= subject_.recorded.settled &&
               (!how_.ended_until || (e.lsn != 0 && e.lsn < *how_.ended_until));
    }

    void judge_event(const change_event& e);
    void judge_planned(const change_event& e, const model::table& t, const row_id& row);
    void take_truncate(const change_event& e, const model::table& t);

    /// What an event may be that contradicts itself: by the row that it has, and by where it comes from.
    const change_event& as_it_may_be(const change_event& e);

    // ---- Rows that no unit wrote: judge_kept.cpp --------------------------------------------------------------------

    std::map<std::int64_t, fixed_row>& fixed_rows(std::uint8_t table);
    void take_fixed(const change_event& e, std::int64_t key);
    void take_read(const change_event& e, const model::table& t, const row_id& row);

    /// A row that was written before unit 0.
    void take_first(const change_event& e, const model::table& t, const row_id& row);

    /// A row of a snapshot, or one that was written before unit 0.
    void note_first(const change_event& e);

    /// False where there are too many.
    bool keep_row(const change_event& e, const model::table& t, const row_id& row, kept_row::why why);

    void sort_kept();
    [[nodiscard]] std::span<kept_row> kept_of(row_key key);

    /// Judges the kept rows of this version. Whether one of them was a change of the stream.
    bool judge_kept(unit_no unit, const model::change& c, std::int64_t version);

    /// Whether a snapshot has the row as of this version or a later one.
    [[nodiscard]] bool in_snapshot(const model::change& c, std::int64_t version);

    void judge_first_rows(bool partial);

    /// A table's rows are all in the snapshot before the stream when the connector has said so, or where it says nothing when most of
    /// the first rows are. Then a row may be demanded of it where each table has rows.
    void find_whole_snapshots(std::span<const std::uint64_t> counts, std::span<const std::vector<row_id>> missing);

    // ---- Changes: judge_changes.cpp ---------------------------------------------------------------------------------

    /// The event under judgement is of a unit that is not known yet.
    void later() { put_back_ = true; }

    void take_change(const change_event& e, const model::table& t, const row_id& row);
    void take_insert(const change_event& e, const model::table& t, const row_id& row);
    void take_update(const change_event& e, const model::table& t, const row_id& row);
    void take_update_by_before(const change_event& e, const model::table& t, const row_id& row);
    void take_erase(const change_event& e, const model::table& t, const row_id& row);

    /// `forgotten`: its unit is not at hand any more.
    void settle(const change_event& e, const model::table& t, const row_id& row, const place& at, bool forgotten);

    void matched(const change_event& e, const model::table& t, const row_id& row, const place& at);
    void match(const change_event& e, const model::table& t, const row_id& row, const place& at);

    /// The change that made what this one found, as far as its unit is at hand.
    place change_before(const model::change& c, const model::table& t);

    /// With replica identity DEFAULT a delete makes up all columns but the key: moments then are those of 1970.
    [[nodiscard]] static bool tells_whole_row(const change_event& e, const model::table& t);

    /// A change that has been told before. Whether the connector may have sent it again.
    bool again(const change_event& e, unit_no unit, std::uint64_t stamp);

    // ---- Transactions: judge_transactions.cpp -----------------------------------------------------------------------

    void check_transaction(const change_event& e, unit_state& u, change_state& state);

    /// How many changes of a unit have come in each transaction.
    static std::map<std::uint64_t, std::size_t> transactions_of(const unit_state& u);

    /// The transaction of most of a unit's changes; 0 where none is.
    static std::uint64_t own_transaction(const unit_state& u);

    /// Units in one transaction: the one that has most changes in it is at home there, the others' are torn from theirs.
    void tell_shared();

    /// The events that say another transaction than most of their unit; all of them where none is said by most.
    void tell_torn(unit_state& u);

    /// By table, how many of the unit's changes have come in this transaction.
    std::vector<std::uint64_t> arrived(unit_state& u, std::uint64_t transaction);

    /// The tables of which an END counts otherwise than it may, each with how many changes have come. Behind a second BEGIN it may
    /// count fewer than that; where ENDs may be missing, a BEGIN may be.
    std::vector<std::pair<std::uint8_t, std::uint64_t>> miscounts(unit_state& u, const transaction_end& end);

    void tell_end(unit_state& u);

    // ---- Doubtful events and strays: judge_doubtful.cpp -------------------------------------------------------------

    /// An event far ahead of the plan: it waits until the others come there. Where they all do, the stream has a gap.
    void stray(const change_event& e);

    void reach_further();
    void retry_strays();

    /// An event of a version that no plan has, or that is not as planned: a foreign edit, unless its transaction turns out to be
    /// the unit's.
    void doubt(const change_event& e) { wait(e, false); }

    void wait(const change_event& e, bool late);

    /// Decides on those that came before an event of this unit had.
    void settle_doubtful(unit_no before);

    void settle_front();
    void settle_one(const kept_event& one);

    /// The change of the plan that a doubtful event tells, not as planned. None where it is a foreign edit.
    place unit_of_doubtful(const change_event& e, const model::table& t, const row_id& row);

    /// The insert of a row that nothing has told so far, though units as old as its have come.
    place unseen_insert(const row_id& row);

    // ---- The end: judge_end.cpp -------------------------------------------------------------------------------------

    /// A clean that proves nothing is none.
    void tell_nothing_demanded(bool partial);

    /// What is known of a unit when the stream has ended.
    struct unit_at_end
    {
        const unit_state* state;  ///< Null if it is not at hand.
        bool whole;
        bool asked;        ///< The stream had begun.
        bool may_be_gone;  ///< Its rows may have been removed before the snapshot was taken.
    };

    /// The changes of a unit that are not there and that nothing excuses. Rows of snapshots that show a change make it `some`, too.
    [[nodiscard]] std::vector<const model::change*> missing_of(const model::unit& unit, const unit_at_end& of,
                                                               bool& some);

    /// What of all that is missing proves nothing.
    void tell_missing(std::uint64_t before_stream, std::uint64_t open, unit_no begin, bool partial);

    /// All units once more, in order: what is missing, and what the kept rows say.
    void judge_units(bool partial);

    /// Whether a change that is nowhere told may be one of a row that was removed before the snapshot. If it turns out that it
    /// was not removed, or behind the snapshot, `tell_not_gone` tells it.
    bool may_have_gone(const model::change& c, unit_no no);

    void tell_not_gone();

    /// The first unit that has to be there as a whole, if any of it is not.
    [[nodiscard]] unit_no first_demanded() const;

    /// What somebody else has changed: rows of the plan, or rows with ids that it does not have.
    void answer(std::vector<std::pair<row_id, finding>>& questions, std::span<const model::change> changes);

    /// Kept rows whose version no unit has made, and questions that no unit has answered.
    void judge_unplanned();

    /// Rows whose last event is an old one. Behind the barrier the connector may be about to send what follows once more.
    void tell_gone_back();

    void tell_hidden();

    // ---- Data --------------------------------------------------------------------------------------------------------

    const subject& subject_;
    report& report_;
    const judge_options how_;
    std::span<const model::table> tables_;
    model::renderer print_;
    unit_walk walk_;
    row_units row_units_;
    unit_no seam_ = 0;  ///< Units below were loaded in bulk.
    run::survivors survivors_;
    std::size_t keep_ = how_.keep;
    std::vector<unit_state> units_;  ///< By number; the newest without a gap, before them those that are not whole.
    std::size_t partial_units_ = 0;  ///< At the front of them, with gaps between.
    std::vector<model::unit> built_;
    std::vector<bool> whole_;  ///< By unit, of those not at hand any more.
    std::unordered_map<std::uint64_t, unit_no> by_transaction_;
    std::map<std::uint64_t, std::set<unit_no>> shared_;  ///< By transaction, where it is of several units.
    row_order order_;
    std::unordered_set<row_key> read_;             ///< Rows of snapshots, where units remove rows.
    std::unordered_map<row_key, unit_no> erased_;  ///< By units at hand.
    std::unordered_map<row_key, std::vector<std::pair<row_id, unit_no>>> gone_;  ///< See `may_have_gone`.
    std::unordered_map<unit_no, transaction_end> odd_ends_;  ///< The first that counts otherwise than had arrived.
    std::deque<kept_event> doubtful_;
    std::list<kept_event> strays_;                                                    ///< Far ahead of the plan.
    std::unordered_map<unit_no, std::vector<std::pair<row_id, finding>>> questions_;  ///< Is the row planned at all?
    /// Reasons, each with how many changes it has excused.
    std::map<std::pair<std::uint8_t, model::op>, std::pair<std::string, std::uint64_t>> excuses_;
    std::map<std::pair<std::uint8_t, std::size_t>, std::string> excused_columns_;  ///< By table and column.
    change_event masked_, mended_;
    std::vector<kept_row> kept_;
    std::size_t sorted_ = 0;           ///< So many of them are in order.
    std::vector<std::uint16_t> pool_;  ///< Prints of the kept rows' columns.
    std::map<std::uint8_t, std::map<std::int64_t, fixed_row>> fixed_;
    std::vector<table_state> of_table_;
    std::vector<std::vector<bool>> hidden_;  ///< By table and column.
    std::vector<bool> left_out_;             ///< By table.
    std::uint64_t not_here_yet_ = 0;
    row_print scratch_;
    std::optional<unit_no> highest_;
    unit_no highest_read_ = 0;  ///< The highest one of which a snapshot has a row.
    unit_no lowest_ = no_unit;
    unit_no reach_ = 0;    ///< So many units are planned ahead of the highest one at most,
    unit_no reached_ = 0;  ///< or of this one.
    unit_no retried_ = 0;  ///< Limit when strays were judged the last time.
    std::size_t strays_in_row_ = 0;
    std::uint64_t stray_transaction_ = 0;
    std::int64_t last_moment_ = 0;  ///< Of the last unit that is known.
    bool seen_ = false;             ///< An event of the run was there.
    bool put_back_ = false;         ///< The event under judgement is of a unit that is not known yet.
    bool retrying_ = false;
    bool reported_op_ = false;  ///< That the event under judgement has a wrong operation.
    bool erases_rows_ = false;
    bool reads_ = false;               ///< Rows of a snapshot are in the stream,
    bool read_before_stream_ = false;  ///< of one that is not incremental,
    bool snapshot_over_ = false;       ///< and it was ended.
    std::uint64_t unstamped_ = 0, unmatched_ = 0, beyond_end_ = 0;
    std::uint64_t events_ = 0, others_ = 0, later_ = 0, late_ = 0, whole_units_ = 0, demanded_units_ = 0,
                  planned_units_ = 0, transactions_ = 0, dropped_rows_ = 0;
};

}  // namespace bazaar::verify
