#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "app/known_run.hpp"
#include "bazaar/app/commands.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/model/render.hpp"
#include "bazaar/process/logging.hpp"
#include "bazaar/process/output.hpp"
#include "bazaar/run/survivors.hpp"
#include "bazaar/verify/subject.hpp"

namespace bazaar::app
{
namespace
{

/// Text on its way to stdout, in pieces.
class output
{
public:
    std::string text;

    /// Between two lines.
    void give_way()
    {
        if (text.size() > 65'536)
            flush();
    }

    void flush()
    {
        process::print_out(text);
        text.clear();
    }
};

class answering
{
public:
    answering(const options& opts, const known_run& s)
        : opts_(opts),
          shop_(*s.made.shop),
          tables_(shop_.tables()),
          of_{shop_, s.recorded, model::key_codec(s.recorded.tag, s.recorded.seed, shop_.tables()), 0, 0},
          print_(tables_, shop_.kinds(), of_.ids),
          csv_(opts.plan_format == plan_format::csv)
    {
        if (opts.table.empty())
            return;
        for (std::uint8_t i = 0; i < tables_.size(); ++i)
            if (tables_[i].name == opts.table && tables_[i].kept_by != model::role::heartbeat)
                table_ = i;
        if (!table_)
            throw error(error_kind::usage, fmt::format("--table {}: must be one of: {}", opts.table, names()));
    }

    void changes()
    {
        if (csv_)
            print_.change_csv_header(*table_, out_.text);
        walk(opts_.units_first,
             [this](const model::unit& unit)
             {
                 for (const auto& change : unit.changes)
                     if (wanted(change.table))
                         csv_ ? print_.change_csv(unit.decision, change, out_.text)
                              : print_.change_json(unit.decision, change, out_.text);
             });
        out_.flush();
    }

    /// Plans twice: which rows a later unit changes is known at the end only.
    void rows()
    {
        if (csv_)
            print_.row_csv_header(*table_, out_.text);
        run::survivors left(shop_);
        verify::unit_walk walk_of_all(of_);
        model::decision decision;
        while (walk_of_all.next_no() <= opts_.units_last)
            if (walk_of_all.next(decision))
                left.add(decision);
        for (std::uint8_t i = 0; i < tables_.size(); ++i)
            if (wanted(i))
                left.first_rows(shop_, i, of_.recorded.start,
                                [&](std::span<const model::value> values) { row(i, std::nullopt, values); });
        walk(0,
             [&](model::unit& unit)
             {
                 left.keep(unit, tables_);
                 for (const auto& change : unit.changes)
                     if (wanted(change.table))
                         row(change.table, unit.decision.no, change.after);
             });
        out_.flush();
    }

private:
    void row(std::uint8_t table, std::optional<unit_no> by, std::span<const model::value> values)
    {
        csv_ ? print_.row_csv(table, by, values, out_.text) : print_.row_json(table, by, values, out_.text);
        out_.give_way();
    }

    /// Units from `first` to the last one that is asked for, built, without the refused ones.
    template <typename Take>
    void walk(unit_no first, Take take)
    {
        verify::unit_walk walk(of_);
        model::decision decision;
        model::unit unit;
        while (walk.next_no() <= opts_.units_last)
            if (const auto no = walk.next_no(); walk.next(decision) && no >= first)
            {
                shop_.build(decision, unit);
                take(unit);
                out_.give_way();
            }
    }

    [[nodiscard]] bool wanted(std::uint8_t table) const
    {
        return (!table_ || *table_ == table) && tables_[table].kept_by != model::role::heartbeat;
    }

    [[nodiscard]] std::string names() const
    {
        std::string text;
        for (const auto& t : tables_)
            if (t.kept_by != model::role::heartbeat)
                text += fmt::format("{}{}", text.empty() ? "" : ", ", t.name);
        return text;
    }

    const options& opts_;
    const scenario::scenario& shop_;
    std::span<const model::table> tables_;
    const verify::subject of_;
    model::renderer print_;
    bool csv_;
    std::optional<std::uint8_t> table_;
    output out_;
};

}  // namespace

int answers(const options& opts)
{
    const auto s = run_to_plan(opts);
    if (s.recorded.settled > 0 && opts.units_last >= s.recorded.settled)
        log(log_level::warning, "answers",
            fmt::format("unit {} was not settled when the run was read: entries of its log that come later "
                        "may change it and those behind it",
                        s.recorded.settled));
    answering to(opts, s);
    within_units(opts, [&] { opts.answers_as == answers_as::changes ? to.changes() : to.rows(); });
    return 0;
}

}  // namespace bazaar::app
