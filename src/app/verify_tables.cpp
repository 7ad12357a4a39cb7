#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "app/verify.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/daemon/card.hpp"
#include "bazaar/daemon/report.hpp"
#include "bazaar/daemon/work_progress.hpp"
#include "bazaar/postgres/record_reader.hpp"
#include "bazaar/process/stop_by_signal.hpp"
#include "bazaar/verify/tables.hpp"

namespace bazaar::app
{
namespace
{

/// Between two comparisons of --follow.
constexpr auto default_interval = std::chrono::seconds(5);

/// The run that tables are compared with, and what is known of how far they must be.
struct expectation
{
    run::record recorded;
    unit_no demanded = 0, announced = 0, sent_below = 0;
    std::optional<unit_no> known{};  ///< Nothing is known of units from here on,
    bool ended = false;              ///< but that none was ever sent.
};

/// Where a run ends that was stopped cleanly: it has sent no unit from its mark on.
std::optional<unit_no> end_of(const run::record& recorded)
{
    return recorded.clean ? std::optional(recorded.settled) : std::nullopt;
}

/// Reads the run such that no row of `tables`, whose snapshot is taken, is of a unit that its log does not steer: an entry is
/// durable before the first unit that it steers is sent.
///
/// `card` is that of --card; `source` that of --source-url, whose mark was `announced` before.
expectation expected(const options& opts, run::record_reader& tables, std::optional<run::record> card,
                     run::record_reader* source, unit_no announced)
{
    if (card)
    {
        auto& recorded = *card;
        const auto settled = recorded.settled;
        if (const auto own = tables.load(recorded.run); own && !daemon::of_same_plan(*own, recorded))
            throw error(error_kind::config, fmt::format("--card {}: the run {} of schema {} at {} is another one",
                                                        opts.card, recorded.run, opts.schema, tables.where()));
        if (opts.up_to && *opts.up_to > settled)
            throw error(error_kind::usage, fmt::format("--up-to {}: the card ends at unit {}", *opts.up_to, settled));
        return {std::move(recorded), settled, 0, 0, settled, false};
    }
    if (source != nullptr)
    {
        auto recorded = recorded_run(*source, opts);
        const auto settled = recorded.settled;
        const auto end = end_of(recorded);
        return {std::move(recorded), 0, announced, settled, end, end.has_value()};
    }
    auto recorded = recorded_run(tables, opts);
    const auto settled = recorded.settled;
    const auto end = end_of(recorded);
    return {std::move(recorded), settled, 0, settled, end, end.has_value()};
}

class tables_verb
{
public:
    explicit tables_verb(const options& opts) : opts_(opts), progress_(opts) {}

    int go()
    {
        begin_report_file(opts_, {opts_.card});
        return tell_again(opts_, signals_.token(), default_interval,
                          [this](verify::report& out)
                          {
                              const struct clearing
                              {
                                  daemon::work_progress& line;
                                  ~clearing() { line.clear(); }
                              } at_the_end{progress_};
                              compare(out);
                          });
    }

private:
    void compare(verify::report& out)
    {
        const auto stop = signals_.token();
        const scenario::entry* of = nullptr;
        std::optional<run::record> card;
        daemon::stage made;
        if (!opts_.card.empty())
        {
            // What is wrong with it is told before anything connects.
            card = run_of_that_card(opts_);
            made = daemon::make_stage(*card, opts_.seed_dir);
            of = &daemon::entry_of(*card);
        }
        std::optional<open_place> source;
        unit_no announced = 0;
        if (opts_.source_url)
        {
            source = open_for_long(place_of_source(opts_), opts_, stop);
            const auto there = recorded_run(source->records(), opts_);
            announced = there.settled;
            of = &daemon::entry_of(there);
        }
        const auto tables = open_for_long(place_of_run(opts_), opts_, stop, of);
        const postgres::snapshot one(tables.session());
        // The first query takes the snapshot; what steers the units in it is read behind that.
        static_cast<void>(tables.session().exec("SELECT 1"));
        auto* const elsewhere = source ? &source->records() : nullptr;
        const auto runs = (source ? *source : tables).records().list();
        const auto wanted = expected(opts_, tables.records(), std::move(card), elsewhere, announced);
        if (is_being_loaded(wanted.recorded, out))
            return;
        if (!made.shop)
            made = daemon::make_stage(wanted.recorded, opts_.seed_dir);

        verify::tables_request with{.shop = *made.shop, .recorded = wanted.recorded};
        with.demanded = opts_.up_to.value_or(wanted.demanded);
        with.demand_by_rows = !opts_.up_to && opts_.card.empty();
        with.in_order = !opts_.up_to;
        if (opts_.up_to == unit_no{0})
            out.not_proven("no unit is demanded: --up-to 0");
        with.announced = opts_.up_to ? 0 : wanted.announced;
        with.sent_below = wanted.sent_below;
        with.known = wanted.known;
        with.ended = wanted.ended;
        with.own_rows = opts_.card.empty() && !source;
        if (opts_.up_to && opts_.card.empty() && *opts_.up_to > wanted.sent_below)
            throw error(error_kind::usage,
                        fmt::format("--up-to {}: the run has come to unit {}", *opts_.up_to, wanted.sent_below));
        for (const auto& other : runs)
            if (other.run != wanted.recorded.run)
                with.others.emplace_back(other.tag, other.seed);
        with.others_known = opts_.card.empty();
        with.threads = std::max(1U, std::thread::hardware_concurrency() - 1);
        with.stop = stop;
        with.progress = [this](const verify::tables_progress& at) { show(at); };
        const auto begun = std::chrono::steady_clock::now();
        verify::compare_tables(tables.session(), with, out);
        const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                                begun);
        out.figure("milliseconds", static_cast<std::uint64_t>(took.count()));
    }

    void show(const verify::tables_progress& at)
    {
        if (!progress_.due())
            return;
        auto text = fmt::format("{}: units {} of {}, rows {}", at.step, daemon::grouped(at.units),
                                daemon::grouped(at.units_all), daemon::grouped(at.rows));
        if (at.rows_about > 0)
            text += fmt::format(" of about {}", daemon::grouped(at.rows_about));
        const auto share = [](double done, double all) { return all > 0 ? std::min(1.0, done / all) : 1.0; };
        const auto done = std::min(share(static_cast<double>(at.units), static_cast<double>(at.units_all)),
                                   share(static_cast<double>(at.rows), static_cast<double>(at.rows_about)));
        progress_.show(text, done, 1, at.rows, "rows");
    }

    const options& opts_;
    process::stop_by_signal signals_;
    daemon::work_progress progress_;
};

}  // namespace

int verify_tables(const options& opts)
{
    return tables_verb(opts).go();
}

}  // namespace bazaar::app
