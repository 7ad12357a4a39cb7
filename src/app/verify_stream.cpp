#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "app/cdc_names.hpp"
#include "app/verify_changes.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/daemon/report.hpp"
#include "bazaar/postgres/change_log.hpp"
#include "bazaar/process/stop_by_signal.hpp"
#include "bazaar/verify/logged.hpp"

namespace bazaar::app
{
namespace
{

using clock = std::chrono::steady_clock;

constexpr auto round_time = std::chrono::seconds(1);
constexpr std::size_t round_bytes = std::size_t{32} << 20;

/// What the server would say late or never, and what the publication sends. Errors: `config`.
postgres::connection_parameters checked(const options& opts, postgres::publication_content& publication,
                                        const std::stop_token& stop)
{
    auto at = place_of_run(opts);
    const auto there = open_for_long(at, opts, stop);
    auto& on = there.session();
    std::vector<std::string> wrong;
    if (const auto level = on.exec("SHOW wal_level").get(0, 0); level != "logical")
        wrong.push_back(
            fmt::format("wal_level of {} is {}: a change stream needs logical; ALTER SYSTEM SET wal_level = "
                        "'logical', then restart the server",
                        on.where(), level));
    const auto name = publication_of(opts);
    publication = postgres::read_publication(on, name, opts.schema);
    if (!publication.there)
        wrong.push_back(fmt::format("there is no publication {} in {}: run \"bazaard cdc setup\", or name it with "
                                    "--publication-name",
                                    name, on.where()));
    if (!wrong.empty())
        throw error(error_kind::config, std::move(wrong));
    return at.database;
}

/// Reads the change stream in rounds: what a round has read is judged when a new cut says how the plan goes on.
class stream_verb
{
public:
    explicit stream_verb(const options& opts)
        : opts_(opts),
          stop_(signals_.token()),
          tap_(checked(opts, publication_, stop_), publication_of(opts), stop_),
          sql_(open_for_long(place_of_run(opts), opts, stop_)),
          now_(cut_now(sql_, opts)),
          made_(daemon::make_stage(now_.recorded, opts.seed_dir)),
          chosen_(chosen_tables(opts, made_.shop->tables())),
          limits_(capture::limits_of(publication_, publication_of(opts), made_.shop->tables())),
          subject_{*made_.shop, now_.recorded,
                   model::key_codec(now_.recorded.tag, now_.recorded.seed, made_.shop->tables()), 0, now_.known},
          out_(opts.examples),
          progress_(opts)
    {
        how_ = judge_options_of(opts);
        if (!how_.from)
        {
            // Units up to here may have committed before the slot was made, unless their time came later.
            how_.from = std::max(now_.known, planned_below(sql_.session(), now_.recorded, *made_.shop)) +
                        now_.recorded.window;
            how_.from_time = time{sql_.session()
                                      .exec("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint", {})
                                      .number(0, 0)};
        }
        how_.barrier = ~std::uint64_t{0};
        how_.exactly_once = true;  // The server tells a change once.
    }

    int go()
    {
        verify::judge judge(subject_, out_, how_);
        limits_.keep_only(chosen_);
        compare_only(chosen_, made_.shop->tables(), judge, out_);
        limits_.impose(judge);
        const auto begun = clock::now();
        const auto end = begun + opts_.duration;
        while (clock::now() < end && !stop_.stop_requested())
        {
            const auto round = std::min(end, clock::now() + round_time);
            while (clock::now() < round && tap_.kept() < round_bytes && tap_.fetch(round))
                ;
            if (stop_.stop_requested())
                break;
            look();
            offer(judge);
            if (progress_.due())
                progress_.show(fmt::format("unit {}", daemon::grouped(judge.highest().value_or(0))),
                               std::chrono::duration<double>(clock::now() - begun).count(),
                               std::chrono::duration<double>(opts_.duration).count(), judge.events(), "events");
        }
        if (!stop_.stop_requested())
            read_to_the_cut(judge);
        progress_.clear();
        judge.finish(stop_.stop_requested());
        limits_.tell(made_.shop->tables(), out_);
        is_being_loaded(now_.recorded, out_);
        if (judge.events() == 0)
            out_.not_proven(fmt::format("nothing was written in {:.0f} s: does the run go on?",
                                        std::chrono::duration<double>(opts_.duration).count()));
        return tell(opts_, out_);
    }

private:
    /// How the plan goes on, as far as the database knows now.
    void look()
    {
        now_ = cut_now(sql_, opts_, made_.shop.get());
        subject_.known = now_.known;
        subject_.demanded = now_.demanded;
    }

    /// Stops at the first event of a unit that is not known yet: those behind it come in the log's order.
    void offer(verify::judge& judge)
    {
        while (const auto* change = tap_.front())
        {
            if (verify::event_of(*change, made_.shop->tables(), opts_.schema, event_) && !judge.offer(event_))
                break;
            tap_.pop();
        }
    }

    /// No more will be known. What is known may lie behind what is not: units are not in order in the log.
    void take(verify::judge& judge)
    {
        for (; const auto* change = tap_.front(); tap_.pop())
            if (verify::event_of(*change, made_.shop->tables(), opts_.schema, event_))
                judge.take(event_);
    }

    void read_to_the_cut(verify::judge& judge)
    {
        look();
        const auto end = clock::now() + opts_.barrier_timeout;
        while (tap_.passed() < now_.lsn && clock::now() < end && !stop_.stop_requested())
        {
            static_cast<void>(tap_.fetch(end));
            if (tap_.kept() >= round_bytes)
                take(judge);
        }
        take(judge);
        if (tap_.passed() >= now_.lsn || stop_.stop_requested())
            return;
        out_.not_proven(fmt::format("the change stream is {} bytes behind the cut after {:.0f} s",
                                    now_.lsn - tap_.passed(),
                                    std::chrono::duration<double>(opts_.barrier_timeout).count()));
        subject_.demanded = 0;
    }

    const options& opts_;
    process::stop_by_signal signals_;
    std::stop_token stop_;
    postgres::publication_content publication_;
    postgres::change_log tap_;  // Before the first cut: what the cut has not, the stream has.
    open_place sql_;
    cut now_;
    daemon::stage made_;
    std::set<std::uint8_t> chosen_;
    capture::connector_limits limits_;
    verify::subject subject_;
    verify::judge_options how_;
    verify::report out_;
    daemon::work_progress progress_;
    verify::change_event event_;
};

}  // namespace

int verify_stream(const options& opts)
{
    check_report_file(opts, {});
    return stream_verb(opts).go();
}

}  // namespace bazaar::app
