#include <chrono>

#include "app/chosen.hpp"
#include "app/kafka_link.hpp"
#include "app/place.hpp"
#include "bazaar/app/commands.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/daemon/chosen.hpp"
#include "bazaar/daemon/load.hpp"
#include "bazaar/daemon/service.hpp"
#include "bazaar/process/output.hpp"
#include "bazaar/process/stop_by_signal.hpp"

namespace bazaar::app
{
namespace
{

/// Topics are made before the run is opened. What it is a run of is asked where it may be another scenario than the default one.
const scenario::entry& captured_scenario(const options& opts)
{
    if (opts.is_given("scenario") || !opts.card.empty())
        return *opts.chosen;
    try
    {
        return daemon::scenario_in(open_place(place_of_run(opts)).records(), opts);
    }
    catch (const error& problem)
    {
        if (problem.kind() != error_kind::unavailable)
            throw;
        return *opts.chosen;
    }
}

}  // namespace

int run(const options& given, const std::function<options()>& reread)
{
    process::never_wait_for_stdout();
    const options opts = given.card.empty() ? given : for_card(given);
    if (opts.history && opts.history_as == history_as::rows)
    {
        const process::stop_by_signal signals;
        if (daemon::load_history(opts, place_of_run(opts), signals.token()) == daemon::load_end::stopped)
            return 0;
    }
    std::optional<topic_states> topics;
    if (opts.create_topics)
        topics = ensure_topics(opts, captured_scenario(opts));
    const auto end = daemon::keep_alive(
        opts, place_of_run(opts), [&]() -> daemon::settings { return reread(); }, topics,
        [&] { return kafka_target_of(opts); });
    process::finish_output(end.stopped ? std::chrono::seconds(1) : std::chrono::seconds(10));
    return end.code;
}

}  // namespace bazaar::app
