#include <algorithm>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "app/verify.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/daemon/card.hpp"
#include "bazaar/daemon/report.hpp"
#include "bazaar/daemon/work_progress.hpp"
#include "bazaar/postgres/store.hpp"
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
expectation expected(const options& opts, postgres::session& tables, std::optional<postgres::session>& source,
                     unit_no announced)
{
    if (!opts.card.empty())
    {
        auto recorded = run_of_that_card(opts);
        const auto settled = recorded.settled;
        if (const auto own = postgres::load(tables, opts.schema, recorded.run, daemon::fields_of);
            own && !daemon::of_same_plan(*own, recorded))
            throw error(error_kind::config, fmt::format("--card {}: the run {} of schema {} at {} is another one",
                                                        opts.card, recorded.run, opts.schema, tables.where()));
        if (opts.up_to && *opts.up_to > settled)
            throw error(error_kind::usage, fmt::format("--up-to {}: the card ends at unit {}", *opts.up_to, settled));
        return {std::move(recorded), settled, 0, 0, settled, false};
    }
    if (source)
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
        if (!opts_.card.empty())
            static_cast<void>(daemon::make_stage(run_of_that_card(opts_), opts_.seed_dir));
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
        std::optional<postgres::session> source;
        unit_no announced = 0;
        const auto* of = opts_.card.empty() ? nullptr : &daemon::entry_named(run_of_that_card(opts_).scenario);
        if (opts_.source_url)
        {
            postgres::connection_flags flags;
            flags.url = opts_.source_url;
            source = reading_session(postgres::resolve(flags, opts_.run), opts_, stop);
            const auto there = recorded_run(*source, opts_);
            announced = there.settled;
            of = &daemon::entry_named(there.scenario);
        }
        auto tables = reading_session(postgres::resolve(opts_.database, opts_.run), opts_, stop, of);
        const snapshot one(tables);
        // The first query takes the snapshot; what steers the units in it is read behind that.
        static_cast<void>(tables.exec("SELECT 1"));
        const auto runs = postgres::list(source ? *source : tables, opts_.schema);
        const auto wanted = expected(opts_, tables, source, announced);
        if (is_being_loaded(wanted.recorded, out))
            return;
        const auto made = daemon::make_stage(wanted.recorded, opts_.seed_dir);

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
        verify::compare_tables(tables, with, out);
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
