#include <chrono>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/cdc_names.hpp"
#include "app/connector.hpp"
#include "app/kafka_link.hpp"
#include "app/verify_changes.hpp"
#include "app/verify_records.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/daemon/kafka_target.hpp"
#include "bazaar/daemon/report.hpp"
#include "bazaar/kafka/admin.hpp"
#include "bazaar/process/logging.hpp"
#include "bazaar/process/stop_by_signal.hpp"
#include "bazaar/scenario/does.hpp"
#include "bazaar/verify/not_there.hpp"
#include "bazaar/verify/topic_source.hpp"

namespace bazaar::app
{
namespace
{

using clock = std::chrono::steady_clock;

constexpr auto stop_poll_interval = std::chrono::milliseconds(100);

/// Between two comparisons of --follow.
constexpr auto topics_interval = std::chrono::minutes(1);

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
        pause(stop_poll_interval, stop);
    }
    return fmt::format("the connector has not confirmed all within {:.0f} s: {}",
                       std::chrono::duration<double>(opts.barrier_timeout).count(), why);
}

/// The topics that are read.
struct named_topics
{
    std::map<std::uint8_t, std::set<std::string>> tables;
    std::set<std::string> metadata;  ///< Of transactions.

    [[nodiscard]] std::set<std::string> all() const
    {
        std::set<std::string> names;
        for (const auto& [number, topics] : tables)
            names.insert(topics.begin(), topics.end());
        return names;
    }
};

std::string filled(std::string pattern, const std::map<std::string_view, std::string_view>& with)
{
    for (const auto& [name, value] : with)
        for (auto at = pattern.find(name); at != pattern.npos; at = pattern.find(name, at + value.size()))
            pattern.replace(at, name.size(), value);
    return capture::topic_characters(pattern);
}

named_topics topics_of(const options& opts, const capture::told_connector& told,
                       const capture::connector_limits& limits, const std::set<std::uint8_t>& chosen,
                       std::span<const model::table> tables)
{
    named_topics made;
    for (const auto i : chosen)
        if (!opts.topic_pattern.empty())
            made.tables[i] = {
                filled(opts.topic_pattern,
                       {{"{prefix}", opts.topic_prefix}, {"{schema}", opts.schema}, {"{table}", tables[i].name}})};
        else if (!told.config.empty())
            made.tables[i] = limits.topics.at(i);
        else
            made.tables[i] = {capture::topic_name(opts.topic_prefix, opts.schema, tables[i].name)};
    // A pattern says where that of transactions is if it begins as Debezium's own.
    constexpr std::string_view own = "{prefix}.{schema}.{table}";
    if (const auto at = opts.topic_pattern.find(own); at != opts.topic_pattern.npos)
        made.metadata = {filled(std::string(opts.topic_pattern).replace(at, own.size(), "{prefix}.transaction"),
                                {{"{prefix}", opts.topic_prefix}})};
    else if (opts.topic_pattern.empty() && !told.config.empty())
        made.metadata = limits.transactions;
    else if (opts.topic_pattern.empty())
        made.metadata = {opts.topic_prefix + ".transaction"};
    std::vector<std::string> wrong;
    for (const auto& [number, by] : limits.tables)
        if (made.tables.contains(number) && made.tables.at(number).empty())
            wrong.push_back(
                fmt::format("table {}: the configuration does not say the name of its topic: {}; name it with "
                            "--topic-pattern, or leave it out with --table",
                            tables[number].name, by));
    if (!wrong.empty())
        throw error(error_kind::usage, std::move(wrong));
    return made;
}

/// A topic that is compacted, or whose beginning is gone, is no proof of a loss.
void excuse_incomplete(const options& opts, const verify::topic_source& from, const named_topics& topics,
                       verify::judge& judge)
{
    std::set<std::string> names;
    for (const auto& [name, what] : from.incomplete())
        names.insert(name);
    if (names.empty())
        return;
    auto at = kafka_admin(opts);
    const auto there = at.describe(names);
    const auto excuse = [&](const std::string& name, const std::string& why)
    {
        for (const auto& [number, own] : topics.tables)
            if (own.contains(name))
                judge.excuse(number, why);
    };
    for (const auto& [name, what] : from.incomplete())
    {
        const auto found = there.find(name);
        const auto policy = found == there.end() ? std::string() : found->second.settings.at("cleanup.policy");
        if (what.begins_at > 0)
            excuse(name, fmt::format("topic {} begins at offset {}: older messages are gone", name, what.begins_at));
        else if (policy.find("compact") != policy.npos)
            excuse(name, fmt::format("topic {} is compacted, {} gaps", name, what.gaps));
    }
}

/// Names the topics that are not there, or have no message. A stream that has neither a snapshot nor the first rows of
/// another fixed table says nothing about a table whose rows nobody writes.
void tell_empty(const verify::topic_source& from, const named_topics& topics, const capture::connector_limits& limits,
                const seen_changes& seen, const scenario::scenario& shop, verify::report& out)
{
    bool first_rows = seen.count(verify::change_event::kind::read) > 0;
    for (std::uint8_t i = 0; i < shop.tables().size(); ++i)
        first_rows = first_rows || (shop.tables()[i].kept_by == model::role::fixed &&
                                    seen.count(i, verify::change_event::kind::create) > 0);
    for (const auto& [number, names] : topics.tables)
    {
        if (limits.tables.contains(number) || limits.filtered.contains(number) || limits.unreadable.contains(number) ||
            limits.silent.contains(number) || seen.count(number) > 0)
            continue;
        const auto& t = shop.tables()[number];
        const bool written = t.kept_by == model::role::planned || scenario::does(shop, model::op::update, number);
        for (const auto& name : names)
        {
            const auto size = from.sizes().find(name);
            const auto line = fmt::format("topic {} is {}: nothing of table {} is proven", name,
                                          size == from.sizes().end() ? "not there"
                                          : size->second == 0        ? "empty"
                                                                     : "without a change of it",
                                          t.name);
            first_rows || written ? out.not_proven(line) : out.hint(line + ", as in a stream without a snapshot");
        }
    }
}

/// What a comparison is of: how far the run is, what is left out, and why something is open in any case.
struct subject_of_topics
{
    cut to;
    std::string open;  ///< Empty if the connector has come to the cut.
    daemon::stage made;
    std::set<std::uint8_t> chosen;  ///< Tables.
    capture::connector_limits limits;
    bool direct = false;  ///< The run writes its topics itself.
};

subject_of_topics read_subject(const options& opts, const capture::told_connector& told, const std::stop_token& stop)
{
    subject_of_topics all;
    const auto prepare = [&](postgres::session* on)
    {
        all.made = daemon::make_stage(all.to.recorded, opts.seed_dir);
        const auto tables = all.made.shop->tables();
        all.chosen = chosen_tables(opts, tables);
        all.direct = daemon::writes_to_kafka(*all.made.shop);
        if (all.direct)
            return;
        all.limits = limits_of(opts, told, on, tables);
        all.limits.keep_only(all.chosen);
    };
    if (!opts.card.empty())
    {
        all.to.recorded = run_of_that_card(opts);
        all.to.demanded = all.to.known = all.to.recorded.settled;
        prepare(nullptr);
    }
    else
    {
        const auto there = open_for_long(place_of_run(opts), opts, stop);
        all.to = cut_now(there, opts);
        prepare(&there.session());
        if (opts.follow && all.to.demanded == 0 && !all.to.recorded.clean)
            throw verify::not_there({fmt::format("run {} has only begun: no unit is demanded yet", opts.run)});
        // No slot tells how far a copy is.
        if (opts.topic_pattern.empty() && !all.direct)
            all.open = await_barrier(there.session(), opts, all.to.lsn, stop);
    }
    if (opts.up_to)
        all.to.demanded = demanded_below(*opts.up_to, all.to, opts);
    return all;
}

/// Errors: `not_there` when none of the topics is.
std::unique_ptr<verify::topic_source> open_topics(const options& opts, const capture::told_connector& told,
                                                  const named_topics& topics, std::span<const model::table> tables)
{
    auto form = told.how;
    for (const auto& [number, names] : topics.tables)
        for (const auto& name : names)
            form.topics.emplace(name, tables[number].name);
    auto from = std::make_unique<verify::topic_source>(
        kafka_settings(opts), topics.all(), topics.metadata, tables, opts.schema, opts.exactly_once,
        std::chrono::duration_cast<std::chrono::milliseconds>(opts.kafka_timeout), form);
    if (from->partitions() == 0)
        throw verify::not_there({fmt::format("none of the topics {} is there at {}: are --topic-prefix and --db-schema "
                                             "right?",
                                             !opts.topic_pattern.empty() || !told.config.empty()
                                                 ? fmt::format("{}", fmt::join(topics.all(), ", "))
                                                 : fmt::format("{}.{}.*", opts.topic_prefix, opts.schema),
                                             opts.bootstrap_servers)});
    return from;
}

/// The last unit that a copy demands is the last that has come to it; of tables without inserts nothing tells how far they are.
void demand_what_has_come(const seen_changes& seen, const subject_of_topics& all, verify::subject& of,
                          verify::judge& judge)
{
    const auto come_to = seen.come_to();
    of.demanded = std::min(of.demanded, come_to ? settled_below(*come_to + 1, all.to.recorded) : 0);
    for (const auto i : all.chosen)
        if (all.made.shop->tables()[i].kept_by == model::role::fixed)
            judge.excuse(i, "the copy may be late; --up-to UNIT demands what is below");
}

void compare(const options& opts, const capture::told_connector& told, const std::stop_token& stop, verify::report& out)
{
    const auto all = read_subject(opts, told, stop);
    const auto& to = all.to;
    if (all.direct)
        return compare_records(opts, to, *all.made.shop, all.chosen, stop, out);
    const bool copy = !opts.topic_pattern.empty();
    const auto tables = all.made.shop->tables();
    const auto topics = topics_of(opts, told, all.limits, all.chosen, tables);
    const auto opened = open_topics(opts, told, topics, tables);
    auto& from = *opened;
    verify::subject of{*all.made.shop, to.recorded, model::key_codec(to.recorded.tag, to.recorded.seed, tables),
                       to.demanded, to.known};
    auto how = judge_options_of(opts);
    if (all.open.empty() && to.lsn > 0 && !copy && !opts.up_to)
        how.barrier = to.lsn;
    if (to.lsn > 0)
        how.ended_until = to.lsn;
    how.cut = copy || opts.up_to.has_value();
    // Ends may be later than the changes in a copy.
    how.ends = from.tells_each_end() && !copy && !(opts.up_to && to.lsn == 0);
    verify::judge judge(of, out, how);
    compare_only(all.chosen, tables, judge, out);
    all.limits.impose(judge);
    from.on_end([&judge](const verify::transaction_end& end) { judge.take(end); });
    seen_changes seen(tables);
    daemon::work_progress progress(opts);
    const bool whole = take_all(from, judge, seen, progress, stop, "messages");
    progress.clear();
    if (!all.open.empty())
    {
        out.not_proven(all.open);
        const unit_no end = judge.highest() ? *judge.highest() + 1 : 0;
        of.demanded = std::min(of.demanded, settled_below(end, to.recorded));
    }
    const auto mark = of.demanded;
    if (copy && !opts.up_to)
        demand_what_has_come(seen, all, of, judge);
    excuse_incomplete(opts, from, topics, judge);
    excuse_silent(all.limits, seen, judge);
    judge.finish(!whole);
    if (copy && !opts.up_to && of.demanded < mark && judge.not_here_yet() > 0)
        out.not_proven(fmt::format("{} units are not here yet, or in part: the copy has come to unit {}{}",
                                   daemon::grouped(judge.not_here_yet()), seen.come_to().value_or(0),
                                   of.demanded > 0 ? fmt::format("; --up-to {} demands what is below", of.demanded)
                                                   : std::string()));
    else if (how.cut)
        out.figure("not here yet", judge.not_here_yet());
    all.limits.tell(tables, out);
    tell_empty(from, topics, all.limits, seen, *all.made.shop, out);
    tell_causes(*all.made.shop, all.chosen, seen, !told.config.empty(), out);
    is_being_loaded(to.recorded, out);
    tell_unused(from.unused(), judge.events(), out);
    out.figure("partitions", from.partitions());
}

}  // namespace

int verify_topics(const options& given)
{
    auto opts = given;
    const auto told = told_connector_of(opts);
    const auto config = opts.given.find("connector-config");
    begin_report_file(opts, {opts.card, config == opts.given.end() ? std::string() : config->second.text});
    const process::stop_by_signal signals;
    const auto stop = signals.token();
    return tell_again(opts, stop, topics_interval, [&](verify::report& out) { compare(opts, told, stop, out); });
}

}  // namespace bazaar::app
