#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "bazaar/daemon/keeper.hpp"
#include "bazaar/daemon/observing.hpp"
#include "bazaar/daemon/opening.hpp"
#include "bazaar/daemon/report.hpp"
#include "bazaar/daemon/service.hpp"
#include "bazaar/daemon/settings.hpp"
#include "bazaar/model/control.hpp"
#include "bazaar/postgres/gateway.hpp"
#include "bazaar/postgres/ledger.hpp"
#include "bazaar/process/logging.hpp"
#include "bazaar/process/notify.hpp"
#include "bazaar/run/reference_clock.hpp"
#include "bazaar/run/runner.hpp"
#include "daemon/chores.hpp"
#include "daemon/kafka_writing.hpp"
#include "daemon/shown_sales.hpp"
#include "daemon/unit_echo.hpp"

namespace bazaar::daemon
{

/// All kinds of control entries.
inline constexpr std::array control_kinds{model::control::kind::set, model::control::kind::shift,
                                          model::control::kind::load, model::control::kind::ddl,
                                          model::control::kind::reject};

[[nodiscard]] inline double since_1970(std::chrono::system_clock::time_point at)
{
    return std::chrono::duration<double>(at.time_since_epoch()).count();
}

[[nodiscard]] inline double seconds(microseconds d)
{
    return std::chrono::duration<double>(d).count();
}

/// A run from its opening to its end, around one event loop: signals, timers, and every time that history was lost another
/// opening.
class service
{
public:
    service(const settings& opts, const postgres::place& at, const std::function<settings()>& reread,
            const std::optional<topic_states>& topics, const find_kafka& kafka);
    ~service();

    service(const service&) = delete;
    service& operator=(const service&) = delete;

    /// Runs to the end. Throws what ended the run before its time.
    int go();

    /// By a signal, or by whoever controls it.
    [[nodiscard]] bool stopped() const noexcept { return stopping_; }

private:
    /// A table or column that is missing is named: the server says only what it stumbled over.
    [[noreturn]] void end_with(const std::exception_ptr& why);

    [[nodiscard]] std::vector<std::string> differences() const;

    [[nodiscard]] postgres::gateway::options gateway_options();

    // ---- Opening, in a thread of its own: signals are heard meanwhile.

    void begin_opening();

    void open();

    /// `ledger` is the keeper's.
    [[nodiscard]] keeper::options keeper_options(postgres::ledger& ledger);

    void opened(std::exception_ptr failed);

    // ---- Running

    [[nodiscard]] run::runner::options runner_options();

    [[nodiscard]] std::unique_ptr<run::sink> make_sink(std::stop_token stop) const;

    /// The planner's state, if it is to be kept.
    [[nodiscard]] std::optional<run::saved_plan> plan_to_save();

    void steered(const model::control& entry);

    /// The last unit is settled, or the runner has failed.
    void done();

    /// Commits were lost: what the rows say counts.
    bool reopens(const std::exception_ptr& why);

    void fail(std::exception_ptr why);

    void leave();

    [[nodiscard]] run::tally tally() const;

    /// Any thread.
    [[nodiscard]] run::progress progress(bool clean) const;

    void end_run();

    // ---- Observation and live control

    /// What is shown to others. While the run is being opened, its parts belong to the opener.
    [[nodiscard]] observe::snapshot look();

    /// What is known of it when it is open.
    void add_run(observe::snapshot& all);

    /// Entries that this process has written.
    [[nodiscard]] std::uint64_t entries_of(model::control::kind what) const;

    [[nodiscard]] observe::obeyed obey(const observe::order& given);

    [[nodiscard]] observe::obeyed pause();

    [[nodiscard]] observe::obeyed resume();

    /// The values that will hold when all that was asked for is recorded.
    [[nodiscard]] scenario::settings coming() const;

    /// What a reload reaches, value by value; it holds until flags and files are read again.
    [[nodiscard]] observe::obeyed set(const observe::order& given);

    // ---- Signals and timers

    void await_signal();

    void stop(int number);

    /// Reads flags, environment and configuration file again: rates, probabilities and the log level take effect.
    void reload();

    void every_second();

    /// The loop turns: that is what the service manager wants to know.
    void watch();

    const settings& opts_;
    settings latest_ = opts_;                   ///< As they were read last.
    const scenario::entry* of_ = opts_.chosen;  ///< What the run is of, as far as is known.
    const std::function<settings()>& reread_;
    const std::optional<topic_states> topics_;
    const find_kafka& kafka_;
    const std::string session_name_;
    const postgres::database_place database_;
    std::stop_source stop_;  ///< Ends the waiting for the server.
    std::stop_source cut_;   ///< Ends calls that are under way, too.
    observe::chronicle chronicle_;
    std::shared_ptr<postgres::gateway> gateway_;
    run::reference_clock clock_;

    boost::asio::io_context loop_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> busy_;
    boost::asio::signal_set signals_;
    boost::asio::steady_timer tick_, watchdog_, drain_;
    bool stopping_ = false;
    std::optional<std::chrono::steady_clock::time_point> ends_by_;
    process::log_level level_ = opts_.level;
    process::status_line status_;
    process::notifier service_;
    std::exception_ptr failure_;

    std::thread opener_;
    int opening_ = 0;                    ///< Number of the present one.
    std::exception_ptr early_failure_;   ///< Of the keeper, while the run was still being opened.
    std::atomic<bool> given_up_{false};  ///< There is one.
    std::unique_ptr<opened_run> open_;
    std::optional<kafka_writing> to_kafka_;  ///< Where its units go to Kafka.
    std::optional<reporter> report_;
    run::tally earlier_;            ///< Of runners before the present one.
    unit_no sent_below_ = no_unit;  ///< As the last of them knew.
    chores chores_{opts_};
    unit_echo echo_;
    shown_sales sales_;
    bool was_live_ = false;  ///< One of them had caught up with the clock.
    bool paused_ = false;    ///< As it was asked for last.
    std::optional<time> paused_since_;
    rate_meter meter_;
    double loop_delay_ = 0;
    std::uint64_t reloads_ = 0, reload_failures_ = 0;
    std::optional<double> last_reload_;
    std::array<std::uint64_t, control_kinds.size()> earlier_entries_{};  ///< Of keepers before the present one.
    std::unique_ptr<run::runner> runner_;
    std::atomic<run::runner*> active_{nullptr};
    std::unique_ptr<keeper> keeper_;
    observing doors_{loop_,
                     {[this] { return look(); }, [this](const observe::order& given) { return obey(given); }, {}, {}}};
};

}  // namespace bazaar::daemon
