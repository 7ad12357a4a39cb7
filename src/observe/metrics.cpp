#include "bazaar/observe/metrics.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>

#include <fmt/format.h>
#include <prometheus/text_serializer.h>

#include "bazaar/base/error.hpp"
#include "bazaar/observe/process_figures.hpp"

namespace bazaar::observe
{
namespace
{

constexpr auto counter = metric_type::counter;
constexpr auto gauge = metric_type::gauge;
constexpr auto histogram = metric_type::histogram;

constexpr std::array table{
    // Workload.
    metric{"bazaard_ticks_total", counter, "", "Ticks planned, since the run began."},
    metric{"bazaard_units_total", counter, "kind, outcome",
           "Units that this process has settled; the outcome is committed, already_there or refused."},
    metric{"bazaard_rows_written_total", counter, "table, op", "Row changes that this process has committed."},
    metric{"bazaard_planned_rows", gauge, "table", "Rows of a table by the plan."},
    metric{"bazaard_users", gauge, "", "Users by the plan."},
    metric{"bazaard_planned_states", gauge, "group, state", "What the plan counts by state, such as orders."},
    metric{"bazaard_target_ticks_per_second", gauge, "", "The rate that is asked for."},
    metric{"bazaard_actual_ticks_per_second", gauge, "", "The rate of the last ten seconds."},
    metric{"bazaard_lag_seconds", gauge, "", "How late the oldest unit is that is not settled, or the next one."},
    metric{"bazaard_unit_lag_seconds", histogram, "", "From the planned time of a unit to its sending."},
    metric{"bazaard_unit_response_seconds", histogram, "kind",
           "From the planned time of a unit to the answer: free of coordinated omission."},
    metric{"bazaard_unit_service_seconds", histogram, "kind",
           "From the sending of a unit to the answer: its statement and its commit are one round trip."},
    metric{"bazaard_shifts_total", counter, "", "Shifts of business time that this process has recorded."},
    metric{"bazaard_shift_seconds_total", counter, "", "By how much they have moved it."},
    metric{"bazaard_paused", gauge, "", "1 while nothing is planned because somebody has paused the run."},
    metric{"bazaard_window_span_units", gauge, "", "Units from the oldest that is not settled to the newest."},
    metric{"bazaard_window_limit_units", gauge, "", "W: the most that this may be."},
    metric{"bazaard_settled_unit", gauge, "", "All units below are settled."},
    metric{"bazaard_control_entries_total", counter, "kind", "Entries of the control log that were written."},
    metric{"bazaard_foreign_edits_total", counter, "table", "Units that found rows changed by somebody else."},
    metric{"bazaard_lease_held", gauge, "", "1 while the lease of the run is this process's."},
    metric{"bazaard_last_commit_timestamp_seconds", gauge, "", "When the newest unit was committed."},
    // Database.
    metric{"bazaard_db_up", gauge, "", "1 while PostgreSQL answers."},
    metric{"bazaard_db_sessions", gauge, "state", "Sessions: open, and connecting."},
    metric{"bazaard_db_reconnects_total", counter, "result", "Attempts to connect: ok, failed."},
    metric{"bazaard_db_connect_seconds", histogram, "",
           "How long it took to make a session, the look at what the server is included."},
    metric{"bazaard_db_sessions_lost_total", counter, "", "Sessions that broke."},
    metric{"bazaard_db_errors_total", counter, "kind, sqlstate",
           "Attempts that did not write their unit; the kind is not_done, in_doubt, foreign_edit or rejected, the "
           "sqlstate "
           "is none where the link broke."},
    metric{"bazaard_db_retries_total", counter, "reason", "Units that were put back to be sent again."},
    metric{"bazaard_db_in_doubt_total", counter, "", "Attempts whose answer did not come."},
    metric{"bazaard_db_in_doubt", gauge, "", "Units whose fate is not known at this moment."},
    metric{"bazaard_db_in_doubt_resolved_total", counter, "how",
           "Units in doubt that were found there (already_there) or were written anew (replayed)."},
    // Change data capture.
    metric{"bazaard_slot_retained_bytes", gauge, "slot", "Log that the server keeps for a replication slot."},
    metric{"bazaard_slot_active", gauge, "slot", "1 while somebody reads from it."},
    metric{"bazaard_kafka_topics", gauge, "state",
           "Topics as --create-topic left them at the start: made, there, differing."},
    metric{"bazaard_heartbeat_last_write_timestamp_seconds", gauge, "", "When the heartbeat row was written."},
    // Process.
    metric{"bazaard_event_loop_delay_seconds", gauge, "", "How late the timer of the last second came."},
    metric{"bazaard_config_reloads_total", counter, "result", "Reloads of flags and files: ok, failed."},
    metric{"bazaard_config_last_reload_success_timestamp_seconds", gauge, "", "When the last one succeeded."},
    metric{"bazaard_log_dropped_total", counter, "",
           "Log lines that could not be written, or not whole, or that nobody read in time."},
    metric{
        "bazaard_http_refused_total", counter, "reason",
        "What clients did not get: token (it was wrong), orders (too many a second), place (the connection was closed "
        "for a newer one)."},
    metric{"bazaard_build_info", gauge, "version, compiler", "Always 1."},
    metric{"bazaard_seed_info", gauge, "seed", "Always 1."},
    metric{"process_cpu_seconds_total", counter, "", "Processor time, user and system."},
    metric{"process_start_time_seconds", gauge, "", "When the process started."},
    metric{"process_resident_memory_bytes", gauge, "", "Memory in use."},
    metric{"process_virtual_memory_bytes", gauge, "", "Address space in use."},
    metric{"process_threads", gauge, "", "Threads."},
    metric{"process_open_fds", gauge, "", "Open descriptors."},
    metric{"process_max_fds", gauge, "", "The most that there may be."},
};

prometheus::MetricType type_of(metric_type what)
{
    switch (what)
    {
    case metric_type::counter:
        return prometheus::MetricType::Counter;
    case metric_type::gauge:
        return prometheus::MetricType::Gauge;
    case metric_type::histogram:
        return prometheus::MetricType::Histogram;
    }
    return prometheus::MetricType::Untyped;
}

std::string_view word_of(metric_type what)
{
    switch (what)
    {
    case metric_type::counter:
        return "counter";
    case metric_type::gauge:
        return "gauge";
    case metric_type::histogram:
        return "histogram";
    }
    return "";
}

/// Without blanks.
std::string label_of(run::outcome what)
{
    std::string text(run::name(what));
    std::replace(text.begin(), text.end(), ' ', '_');
    return text;
}

/// The families of one scrape; each is as the table has it.
class scrape
{
public:
    scrape()
    {
        for (const auto& one : table)
            families_.push_back({std::string(one.name), std::string(one.help), type_of(one.type), {}});
    }

    template <typename Number>
    void add(std::string_view name, Number value, std::initializer_list<std::string_view> labels = {})
    {
        auto& made = sample(name, labels);
        made.counter.value = static_cast<double>(value);
        made.gauge.value = made.counter.value;
    }

    void add(std::string_view name, const run::buckets& of, std::initializer_list<std::string_view> labels = {})
    {
        auto& made = sample(name, labels).histogram;
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < run::buckets::bounds.size(); ++i)
        {
            seen += of.at(i);
            made.bucket.push_back({seen, static_cast<double>(run::buckets::bounds[i]) / 1e6});
        }
        made.sample_count = seen + of.at(run::buckets::bounds.size());
        made.bucket.push_back({made.sample_count, std::numeric_limits<double>::infinity()});
        made.sample_sum = static_cast<double>(of.sum()) / 1e6;
    }

    [[nodiscard]] std::string text()
    {
        std::erase_if(families_, [](const auto& one) { return one.metric.empty(); });
        return static_cast<const prometheus::Serializer&>(prometheus::TextSerializer()).Serialize(families_);
    }

private:
    prometheus::ClientMetric& sample(std::string_view name, std::initializer_list<std::string_view> labels)
    {
        const auto place = std::ranges::find(table, name, &metric::name) - table.begin();
        expect(place < static_cast<std::ptrdiff_t>(table.size()), "a metric is in the table");
        auto& made = families_[static_cast<std::size_t>(place)].metric.emplace_back();
        auto names = table[static_cast<std::size_t>(place)].labels;
        for (const auto label : labels)
        {
            const auto end = std::min(names.find(','), names.size());
            made.label.push_back({std::string(names.substr(0, end)), std::string(label)});
            names.remove_prefix(std::min(names.size(), end + 2));
        }
        expect(names.empty(), "a metric has the labels of the table");
        return made;
    }

    std::vector<prometheus::MetricFamily> families_;
};

void add_workload(scrape& to, const snapshot& of)
{
    const auto& done = of.done;
    if (of.now != state::opening)
    {
        to.add("bazaard_ticks_total", of.ticks);
        to.add("bazaard_target_ticks_per_second", of.target);
        to.add("bazaard_actual_ticks_per_second", of.actual);
        to.add("bazaard_lag_seconds", std::chrono::duration<double>(of.lag).count());
        to.add("bazaard_window_limit_units", of.window);
        to.add("bazaard_settled_unit", done.settled);
    }
    for (std::size_t i = 0; i < std::min(of.kinds.size(), done.kinds.size()); ++i)
    {
        const auto& kind = done.kinds[i];
        to.add("bazaard_units_total", kind.committed, {of.kinds[i], "committed"});
        to.add("bazaard_units_total", kind.already_there, {of.kinds[i], "already_there"});
        to.add("bazaard_units_total", kind.refused, {of.kinds[i], "refused"});
        to.add("bazaard_unit_response_seconds", kind.response, {of.kinds[i]});
        to.add("bazaard_unit_service_seconds", kind.service, {of.kinds[i]});
    }
    for (std::size_t i = 0; i < std::min(of.tables.size(), done.rows.size()); ++i)
        for (const auto op : {model::op::insert, model::op::update, model::op::erase})
            to.add("bazaard_rows_written_total", done.rows[i][static_cast<std::size_t>(op)],
                   {of.tables[i], model::name(op)});
    for (std::size_t i = 0; i < std::min(of.tables.size(), done.foreign_edits.size()); ++i)
        to.add("bazaard_foreign_edits_total", done.foreign_edits[i], {of.tables[i]});
    for (const auto& one : of.figures)
    {
        if (one.group != "rows")
            to.add("bazaard_planned_states", one.value, {one.group, one.name});
        else
            to.add("bazaard_planned_rows", one.value, {one.name});
        if (one.group == "rows" && one.name == of.shown.people)
            to.add("bazaard_users", one.value);
    }
    to.add("bazaard_unit_lag_seconds", done.lateness);
    to.add("bazaard_shifts_total", done.shifts);
    to.add("bazaard_shift_seconds_total", std::chrono::duration<double>(done.shifted).count());
    to.add("bazaard_paused", of.now == state::paused ? 1 : 0);
    to.add("bazaard_window_span_units", done.span);
    for (const auto& [kind, number] : of.control_entries)
        to.add("bazaard_control_entries_total", number, {kind});
    to.add("bazaard_lease_held", of.lease_held ? 1 : 0);
    if (done.last_commit)
        to.add("bazaard_last_commit_timestamp_seconds", static_cast<double>(done.last_commit->us) / 1e6);
}

void add_database(scrape& to, const snapshot& of)
{
    using run::outcome;
    const auto& done = of.done;
    to.add("bazaard_db_up", of.database_up ? 1 : 0);
    to.add("bazaard_db_sessions", of.sessions, {"open"});
    to.add("bazaard_db_sessions", of.connecting ? 1 : 0, {"connecting"});
    to.add("bazaard_db_reconnects_total", of.connects, {"ok"});
    to.add("bazaard_db_reconnects_total", of.connect_failures, {"failed"});
    to.add("bazaard_db_connect_seconds", of.connect_times);
    to.add("bazaard_db_sessions_lost_total", of.sessions_lost);
    for (const auto& one : done.troubles)
        to.add("bazaard_db_errors_total", one.count,
               {label_of(one.what), one.code[0] == '\0' ? std::string_view("none") : one.code.data()});
    to.add("bazaard_db_retries_total", done.of(outcome::not_done), {label_of(outcome::not_done)});
    to.add("bazaard_db_retries_total", done.of(outcome::in_doubt), {label_of(outcome::in_doubt)});
    to.add("bazaard_db_in_doubt_total", done.of(outcome::in_doubt));
    to.add("bazaard_db_in_doubt", done.doubtful);
    to.add("bazaard_db_in_doubt_resolved_total", done.recognised, {"already_there"});
    to.add("bazaard_db_in_doubt_resolved_total", done.replayed, {"replayed"});
    for (const auto& one : of.slots)
    {
        to.add("bazaard_slot_retained_bytes", one.retained, {one.name});
        to.add("bazaard_slot_active", one.active ? 1 : 0, {one.name});
    }
    for (const auto& [state, number] : of.topics)
        to.add("bazaard_kafka_topics", number, {state});
    if (of.last_heartbeat)
        to.add("bazaard_heartbeat_last_write_timestamp_seconds", *of.last_heartbeat);
}

void add_process(scrape& to, const snapshot& of)
{
    to.add("bazaard_event_loop_delay_seconds", of.loop_delay);
    to.add("bazaard_config_reloads_total", of.reloads, {"ok"});
    to.add("bazaard_config_reloads_total", of.reload_failures, {"failed"});
    if (of.last_reload)
        to.add("bazaard_config_last_reload_success_timestamp_seconds", *of.last_reload);
    to.add("bazaard_log_dropped_total", of.log_lines_lost);
    for (const auto& [reason, number] : of.http_refused)
        to.add("bazaard_http_refused_total", number, {reason});
    to.add("bazaard_build_info", 1, {of.version, of.compiler});
    if (of.seed)
        to.add("bazaard_seed_info", 1, {std::to_string(*of.seed)});
    if (const auto own = read_process())
    {
        to.add("process_cpu_seconds_total", own->cpu_seconds);
        to.add("process_start_time_seconds", own->started);
        to.add("process_resident_memory_bytes", own->resident_bytes);
        to.add("process_virtual_memory_bytes", own->virtual_bytes);
        to.add("process_threads", own->threads);
        to.add("process_open_fds", own->descriptors);
        to.add("process_max_fds", own->descriptors_max);
    }
}

}  // namespace

std::span<const metric> all_metrics() noexcept
{
    return table;
}

std::string metrics_text(const snapshot& of)
{
    scrape made;
    add_workload(made, of);
    add_database(made, of);
    add_process(made, of);
    return made.text();
}

std::string metrics_markdown()
{
    std::string text =
        "# Metrics\n\n"
        "What GET /metrics of `--http-listen` and of the control socket serves, in Prometheus' text form. A test "
        "compares this table\n"
        "with the program. Counters begin at 0 with each process, but for the ticks; a family that has no "
        "figure yet has no line.\n\n"
        "| name | type | labels | meaning |\n| --- | --- | --- | --- |\n";
    for (const auto& one : table)
        fmt::format_to(std::back_inserter(text), "| `{}` | {} | {} | {} |\n", one.name, word_of(one.type), one.labels,
                       one.help);
    return text;
}

}  // namespace bazaar::observe
