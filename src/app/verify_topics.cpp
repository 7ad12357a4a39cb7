#include <chrono>

#include <fmt/format.h>

#include "app/cdc_names.hpp"
#include "app/kafka_link.hpp"
#include "app/stop_by_signal.hpp"
#include "app/told_connector.hpp"
#include "app/verify_changes.hpp"
#include "bazaar/app/logging.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/kafka/admin.hpp"
#include "bazaar/verify/not_there.hpp"
#include "bazaar/verify/topic_source.hpp"

namespace bazaar::app
{
namespace
{

using clock = std::chrono::steady_clock;

constexpr auto poll_interval = std::chrono::milliseconds(100);

/// Between two comparisons of --follow.
constexpr auto default_interval = std::chrono::minutes(1);

/// Waits until the connector has confirmed all that lies before the cut. Empty, or why it has not.
std::string await_barrier(postgres::session& on, const options& opts, std::uint64_t lsn, const std::stop_token& stop)
{
    const auto slot = slot_of(opts);
    const auto end = clock::now() + opts.barrier_timeout;
    std::string why;
    while (!stop.stop_requested())
    {
        const auto rows = on.exec("SELECT active, (coalesce(confirmed_flush_lsn, '0/0') - '0/0'::pg_lsn)::bigint FROM "
                                  "pg_catalog.pg_replication_slots WHERE slot_name = $1",
                                  {slot});
        if (rows.rows() > 0 && static_cast<std::uint64_t>(rows.number(0, 1)) >= lsn)
            return {};
        why = rows.rows() == 0        ? fmt::format("there is no slot {}; is --slot-name right?", slot)
              : rows.get(0, 0) != "t" ? fmt::format("slot {} is not active: the connector does not run", slot)
                                      : fmt::format("slot {} is {} bytes behind the cut", slot,
                                                    lsn - static_cast<std::uint64_t>(rows.number(0, 1)));
        if (clock::now() >= end)
            break;
        pause(poll_interval, stop);
    }
    return fmt::format("the connector has not confirmed all within {:.0f} s: {}",
                       std::chrono::duration<double>(opts.barrier_timeout).count(), why);
}

/// A topic that is compacted, or whose beginning is gone, is no proof of a loss.
void excuse_incomplete(const options& opts, const verify::topic_source& from,
                       const std::map<std::string, std::uint8_t>& topics, verify::judge& judge)
{
    std::set<std::string> names;
    for (const auto& [name, what] : from.incomplete())
        names.insert(name);
    if (names.empty())
        return;
    auto at = kafka_admin(opts);
    const auto there = at.describe(names);
    for (const auto& [name, what] : from.incomplete())
    {
        const auto found = there.find(name);
        const auto policy = found == there.end() ? std::string() : found->second.settings.at("cleanup.policy");
        if (what.begins_at > 0)
            judge.excuse(topics.at(name),
                         fmt::format("topic {} begins at offset {}: older messages are gone", name, what.begins_at));
        else if (policy.find("compact") != policy.npos)
            judge.excuse(topics.at(name), fmt::format("topic {} is compacted, {} gaps", name, what.gaps));
    }
}

void compare(const options& opts, const verify::encodings& form, const std::stop_token& stop, verify::report& out)
{
    cut to;
    std::string open;
    if (!opts.card.empty())
    {
        to.recorded = run_of_that_card(opts);
        to.demanded = to.known = to.recorded.settled;
    }
    else
    {
        auto on = reading_session(postgres::resolve(opts.database, opts.run), stop);
        to = cut_now(on, opts);
        if (opts.follow && to.demanded == 0 && !to.recorded.clean)
            throw verify::not_there({fmt::format("run {} has only begun: no unit is demanded yet", opts.run)});
        open = await_barrier(on, opts, to.lsn, stop);
    }
    const auto made = make_stage(to.recorded, opts.seed_dir);
    std::map<std::string, std::uint8_t> topics;
    for (std::uint8_t i = 0; i < made.shop->tables().size(); ++i)
        if (const auto& t = made.shop->tables()[i]; t.kept_by != model::role::heartbeat)
            topics.emplace(postgres::topic_name(opts.topic_prefix, opts.schema, t.name), i);
    verify::topic_source from(kafka_settings(opts), topics, opts.topic_prefix + ".transaction", made.shop->tables(),
                              opts.schema, opts.exactly_once,
                              std::chrono::duration_cast<std::chrono::milliseconds>(opts.kafka_timeout), form);
    if (from.partitions() == 0)
        throw verify::not_there(
            {fmt::format("none of the topics {}.{}.* is there at {}: are --topic-prefix and --db-schema right?",
                         opts.topic_prefix, opts.schema, opts.bootstrap_servers)});
    verify::subject of{*made.shop, to.recorded, id_codec(to.recorded.tag, to.recorded.seed), to.demanded, to.known};
    auto how = judge_options_of(opts);
    if (open.empty() && to.lsn > 0)
        how.barrier = to.lsn;
    if (to.lsn > 0)
        how.ended_until = to.lsn;
    how.ends = from.tells_each_end();
    verify::judge judge(of, out, how);
    from.on_end([&judge](const verify::transaction_end& end) { judge.take(end); });
    work_progress progress(opts);
    const bool whole = take_all(from, judge, progress, stop, "messages");
    progress.clear();
    if (!open.empty())
    {
        out.not_proven(open);
        const unit_no seen = judge.highest() ? *judge.highest() + 1 : 0;
        of.demanded = std::min(of.demanded, settled_below(seen, to.recorded));
    }
    excuse_incomplete(opts, from, topics, judge);
    judge.finish(!whole);
    is_being_loaded(to.recorded, out);
    tell_unused(from.unused(), judge.events(), out);
    out.figure("partitions", from.partitions());
}

}  // namespace

int verify_topics(const options& given)
{
    auto opts = given;
    const auto form = encodings_of(opts);
    begin_report_file(opts);
    const stop_by_signal signals;
    const auto stop = signals.token();
    return tell_again(opts, stop, default_interval, [&](verify::report& out) { compare(opts, form, stop, out); });
}

}  // namespace bazaar::app
