#include "bazaar/run/runner.hpp"

#include <algorithm>
#include <future>
#include <utility>

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/base/random.hpp"

namespace bazaar::run
{
namespace
{

/// Bounds of the waiting between two attempts while the server answers "not now".
constexpr std::chrono::milliseconds backoff_base{5};
constexpr std::chrono::milliseconds backoff_max{1000};

/// A timer counts no time while the machine sleeps: the clock is asked this often at least.
constexpr microseconds sleep_max = std::chrono::seconds{1};

/// How often the loop looks whether an entry can be recorded.
constexpr microseconds record_poll = std::chrono::milliseconds{50};

/// When a unit that cannot be written is worth a line, and how often again.
constexpr std::chrono::seconds patience{5};
constexpr std::chrono::seconds reminder{60};

/// Full jitter: uniform below a bound that doubles. Not of the plan's streams: it shapes no row.
std::chrono::microseconds backoff(int attempt, std::uint64_t salt)
{
    const auto bound = std::min<std::chrono::microseconds>(backoff_max, backoff_base * (1 << std::min(attempt, 10)));
    const auto moment = std::chrono::steady_clock::now().time_since_epoch().count();
    random draw(mix(salt) ^ static_cast<std::uint64_t>(moment));
    return std::chrono::microseconds(draw.below(static_cast<std::uint64_t>(bound.count()) + 1));
}

}  // namespace

void tally::add_earlier(const tally& other)
{
    planned += other.planned;
    for (std::size_t i = 0; i < outcomes.size(); ++i)
        outcomes[i] += other.outcomes[i];
    skipped += other.skipped;
    shifts += other.shifts;
    shifted += other.shifted;
    sent.merge(other.sent);
    answered.merge(other.answered);
    lateness.merge(other.lateness);
    replayed += other.replayed;
    recognised += other.recognised;
    // Of the same scenario, or still empty.
    kinds.resize(std::max(kinds.size(), other.kinds.size()));
    for (std::size_t i = 0; i < other.kinds.size(); ++i)
    {
        kinds[i].committed += other.kinds[i].committed;
        kinds[i].already_there += other.kinds[i].already_there;
        kinds[i].refused += other.kinds[i].refused;
        kinds[i].response.merge(other.kinds[i].response);
        kinds[i].service.merge(other.kinds[i].service);
    }
    rows.resize(std::max(rows.size(), other.rows.size()));
    for (std::size_t i = 0; i < other.rows.size(); ++i)
        for (std::size_t op = 0; op < rows[i].size(); ++op)
            rows[i][op] += other.rows[i][op];
    foreign_edits.resize(std::max(foreign_edits.size(), other.foreign_edits.size()));
    for (std::size_t i = 0; i < other.foreign_edits.size(); ++i)
        foreign_edits[i] += other.foreign_edits[i];
    for (const auto& one : other.troubles)
        add_trouble(one.what, one.code, one.count);
}

void tally::add_trouble(outcome what, const std::array<char, 6>& code, std::uint64_t number)
{
    constexpr std::size_t most = 32;
    for (auto& one : troubles)
        if (one.what == what && one.code == code)
        {
            one.count += number;
            return;
        }
    if (troubles.size() < most)
        troubles.push_back({what, code, number});
    else
        troubles.back().count += number;
}

runner::runner(boost::asio::io_context& loop, const scenario::scenario& shop, replanner& plan, clock& time,
               options opts)
    : loop_(loop),
      shop_(shop),
      plan_(plan),
      clock_(time),
      options_(std::move(opts)),
      pacer_(options_.pace),
      timer_(loop),
      busy_(loop.get_executor()),
      dispatcher_({plan.plan().next_no(), options_.window, options_.replay_below, options_.sent_below,
                   std::move(options_.rejected)})
{
    tally_.settled = plan.plan().next_no();
    tally_.kinds.resize(shop.kinds().size());
    tally_.rows.resize(shop.tables().size());
    tally_.foreign_edits.resize(shop.tables().size());
    for (const auto& kind : shop.kinds())
    {
        sells_.push_back(shop.sells(static_cast<std::uint16_t>(deletes_.size())));
        deletes_.push_back(std::any_of(kind.parts.begin(), kind.parts.end(),
                                       [](const auto& part) { return part.what == model::op::erase; }));
    }
}

runner::~runner()
{
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    quit_.request_stop();
    ready_.notify_all();
    halted_.notify_all();
    for (auto& worker : workers_)
        worker.join();
}

void runner::start()
{
    expect(!options_.entries_with_units || options_.workers == 1, "entries go with the units of one worker");
    for (std::uint32_t i = 0; i < options_.workers; ++i)
        workers_.emplace_back([this] { work(); });
    post_pump();
}

void runner::set(model::control entry)
{
    const auto waiting = std::ranges::find(wanted_, entry.field, &model::control::field);
    if (waiting != wanted_.end())
    {
        waiting->value = entry.value;
        return;
    }
    wanted_.push_back(entry);
    ++shown_wanted_;
    post_pump();
}

std::vector<model::control> runner::coming() const
{
    auto all = wanted_;
    if (recording_)
        all.insert(all.begin(), *recording_);
    return all;
}

void runner::pause(time since)
{
    if (pause_ == run::pause::none)
        paused_at_ = since;
    pause_changes(pause_event::pause);
}

void runner::resume()
{
    if (pause_ == run::pause::none)
        return;
    pause_changes(pause_event::resume);
    post_pump();
}

void runner::pause_changes(pause_event what)
{
    advance(pause_, what);
    shown_paused_ = pause_ != run::pause::none;
}

void runner::drain()
{
    advance(stage_, stage_event::drain);
    timer_.cancel();
    finish_if_done();
}

tally runner::now() const
{
    const std::lock_guard lock(mutex_);
    tally copy = tally_;
    copy.settled = dispatcher_.settled();
    copy.span = dispatcher_.span();
    copy.skipped = dispatcher_.skipped();
    copy.sent_below = dispatcher_.sent_below();
    copy.suspects = dispatcher_.suspects();
    copy.live = live_;
    copy.paused = shown_paused_;
    copy.wanted = shown_wanted_;
    copy.doubtful = dispatcher_.doubtful();
    copy.replayed = dispatcher_.replayed();
    copy.recognised = dispatcher_.recognised();
    return copy;
}

microseconds runner::late() const
{
    const auto moment = clock_.now();
    const std::lock_guard lock(mutex_);
    const auto* oldest = dispatcher_.oldest();
    if (oldest == nullptr && pause_ != run::pause::none)
        return microseconds{0};
    return std::max(microseconds{0}, moment - (oldest != nullptr ? oldest->at : plan_.plan().next_at()));
}

std::vector<model::decision> runner::sales() const
{
    const std::lock_guard lock(mutex_);
    std::vector<model::decision> all;
    const auto kept = std::min<std::uint64_t>(sales_count_, sales_.size());
    for (auto at = sales_count_ - kept; at < sales_count_; ++at)
        all.push_back(sales_[at % sales_.size()]);
    return all;
}

std::exception_ptr runner::failure() const
{
    const std::lock_guard lock(mutex_);
    return failure_ ? failure_ : over_;
}

/// In the loop, if this is still there then.
void runner::later(std::function<void()> what)
{
    boost::asio::post(loop_,
                      [here = std::weak_ptr(here_), what = std::move(what)]
                      {
                          if (here.lock())
                              what();
                      });
}

/// In the loop; however often it is asked for, one is under way.
void runner::post_pump()
{
    if (std::exchange(pump_posted_, true))
        return;
    later(
        [this]
        {
            pump_posted_ = false;
            try
            {
                pump();
            }
            catch (const scenario::plan_over&)
            {
                {
                    const std::lock_guard lock(mutex_);
                    over_ = std::current_exception();
                }
                drain();
            }
            catch (...)
            {
                fail(std::current_exception());
            }
        });
}

void runner::pump_after(microseconds wait)
{
    timer_.expires_after(std::min(wait, sleep_max));
    timer_.async_wait(
        [this, here = std::weak_ptr(here_)](const boost::system::error_code& failed)
        {
            if (!failed && here.lock())
                post_pump();
        });
}

void runner::pump()
{
    auto& plan = plan_.plan();
    // A pause now and then keeps signals and status alive while a long history is planned.
    for (int i = 0; i < 256 && stage_ == stage::planning; ++i)
    {
        plan_.catch_up();
        if (plan.done() || (options_.ticks_max && plan.ticks() >= *options_.ticks_max))
        {
            advance(stage_, stage_event::drain);
            break;
        }
        bool may_steer = plan_.at_end();
        {
            const std::lock_guard lock(mutex_);
            if (!dispatcher_.has_room())
            {
                starved_ = true;
                return;
            }
            may_steer = may_steer && !dispatcher_.suspects();
        }
        if (may_steer && !wanted_.empty())
        {
            auto entry = wanted_.front();
            wanted_.erase(wanted_.begin());
            entry.at = std::min(pause_ != run::pause::none ? paused_at_ : clock_.now(), plan.next_at());
            steer(entry);
            return;
        }
        if (pause_ != run::pause::none && !end_pause(may_steer))
            return;
        const auto verdict = pacer_.judge(plan.next_at(), clock_.now());
        live_ = pacer_.live();
        if (verdict.wait.count() > 0)
            return pump_after(verdict.wait);
        if (verdict.shift && may_steer)
            return steer_shift(*verdict.shift, false);
        if (verdict.shift && await_suspects())
            return;
        plan_one();
    }
    if (recording())
        return;
    if (stage_ == stage::planning)
        post_pump();
    else
        finish_if_done();
}

/// False while the pause goes on.
bool runner::end_pause(bool may_steer)
{
    if (pause_ != run::pause::ending)
        return false;
    if (options_.pace.shifts && pacer_.live())
    {
        const auto lasted = clock_.now() - paused_at_;
        if (lasted.count() > 0 && may_steer)
        {
            steer_shift(lasted, true);
            return false;
        }
        if (lasted.count() > 0)
            return !await_suspects();
    }
    pause_changes(pause_event::leave);
    return true;
}

/// What may have been sent before goes out as it was planned; a shift comes behind it. Whether that is awaited.
bool runner::await_suspects()
{
    if (!plan_.at_end())
        return false;
    const std::lock_guard lock(mutex_);
    starved_ = dispatcher_.suspects() && !dispatcher_.suspects(plan_.plan().next_no());
    return starved_;
}

void runner::steer_shift(microseconds amount, bool of_pause)
{
    // Else the shift would be too short by the time that it takes to record it.
    if (options_.can_record && !options_.can_record())
        return pump_after(record_poll);
    model::control entry;
    entry.what = model::control::kind::shift;
    entry.value = amount.count();
    entry.at = plan_.plan().next_at();
    if (of_pause)
        pause_changes(pause_event::move);
    steer(entry);
}

void runner::plan_one()
{
    const auto decision = plan_.next();
    auto& plan = plan_.plan();
    if (options_.check && plan.next_no() % checkpoint_interval == 0)
        options_.check({plan.next_no(), plan_.steps(), plan.digest()});
    bool ready = false;
    {
        const std::lock_guard lock(mutex_);
        if (dispatcher_.empty())
            settled_at_ = std::chrono::steady_clock::now();
        dispatcher_.add(decision, options_.want_mark && deletes_[decision.kind]);
        ask_for_mark();
        ++tally_.planned;
        ready = dispatcher_.has_ready();
    }
    if (ready)
        ready_.notify_one();
}

/// Nothing is planned until the entry is durable.
void runner::steer(model::control entry)
{
    entry.unit = plan_.plan().next_no();
    advance(stage_, stage_event::record);
    if (entry.what == model::control::kind::set)
        recording_ = entry;
    if (options_.entries_with_units)
    {
        {
            const std::lock_guard lock(mutex_);
            riding_.push_back(entry);
        }
        ready_.notify_one();
        return steer_done(entry, nullptr);
    }
    options_.record(entry, [this, entry](std::exception_ptr failed)
                    { later([this, entry, failed] { steer_done(entry, failed); }); });
}

void runner::steer_done(const model::control& entry, std::exception_ptr failed)
{
    advance(stage_, stage_event::recorded);
    recording_.reset();
    if (stage_ == stage::finished)
        return;
    if (failed)
        return fail(failed);
    plan_.append(entry);
    if (entry.what == model::control::kind::set)
        --shown_wanted_;
    if (entry.what == model::control::kind::shift)
    {
        const microseconds amount{entry.value};
        const bool of_pause = pause_ == run::pause::moving || pause_ == run::pause::paused_anew;
        if (of_pause)
        {
            paused_at_ = paused_at_ + amount;  // So much of it is recorded.
            pause_changes(pause_event::moved);
        }
        {
            const std::lock_guard lock(mutex_);
            ++tally_.shifts;
            tally_.shifted += amount;
        }
        if (options_.warn)
            options_.warn(fmt::format("business time shifted by {:.3f} s from unit {} on: {}",
                                      std::chrono::duration<double>(amount).count(), entry.unit,
                                      of_pause ? "the run was paused" : "the run was further behind than --max-lag"));
    }
    if (options_.steered)
        options_.steered(entry);
    if (stage_ == stage::planning)
        post_pump();
    else
        finish_if_done();
}

void runner::work()
{
    try
    {
        const auto to = options_.make_sink(quit_.get_token());
        serve(*to);
    }
    catch (...)
    {
        // Nothing more is sent; the loop's thread ends the run.
        const auto why = std::current_exception();
        later([this, why] { fail(why); });
    }
}

void runner::serve(sink& to)
{
    hands mine;
    std::unique_lock lock(mutex_);
    while (true)
    {
        ready_.wait(lock, [this] { return stop_ || has_work(); });
        if (stop_)
            return;
        lock.unlock();
        const bool able = to.ready();
        lock.lock();
        if (!able || stop_)
            continue;
        take(mine, to.units_max());
        if (mine.tasks.empty() && mine.entries.empty())
        {
            wake();
            continue;
        }
        lock.unlock();
        make(mine);
        const auto sent = clock_.now();
        const auto answer = to.ship({mine.parcels, mine.entries, mine.entries_at});
        const auto answered = clock_.now();
        const bool refused = answer.what == outcome::rejected || answer.what == outcome::foreign;
        // Which of several it is, or whether it is an entry, only each by itself tells.
        const bool apart = refused && mine.tasks.size() == 1;
        if (apart && !refuse(mine.units.front(), answer))
            return;
        lock.lock();
        if (answer.what == outcome::not_done || answer.what == outcome::in_doubt || (refused && !apart))
        {
            try_later(mine, answer, lock);
            continue;
        }
        mine.attempt = 0;
        settle(mine, answer, sent, answered);
        if (apart && tally_.refused() > options_.rejected_max)
        {
            const auto& last = mine.tasks.back().unit;
            throw error(
                error_kind::rejects,
                fmt::format("{} units were refused for good, --max-rejected allows {}; the last: unit {} ({}): {} {}",
                            tally_.refused(), options_.rejected_max, last.no, shop_.kinds()[last.kind].name,
                            answer.code.data(), answer.detail));
        }
        wake();
    }
}

/// Locked.
void runner::take(hands& into, std::size_t most)
{
    const auto* oldest = dispatcher_.oldest();
    dispatcher_.take(oldest != nullptr && oldest->no < alone_below_ ? 1 : most, into.tasks);
    into.entries = riding_;
    into.entries_at = ridden_;
}

void runner::make(hands& of)
{
    of.units.resize(std::max(of.units.size(), of.tasks.size()));
    of.parcels.clear();
    for (std::size_t i = 0; i < of.tasks.size(); ++i)
    {
        shop_.build(of.tasks[i].unit, of.units[i]);
        of.parcels.push_back({&of.units[i], of.tasks[i].how});
        if (options_.echo)
        {
            const std::lock_guard one_at_a_time(echo_mutex_);
            options_.echo(of.units[i]);
        }
    }
}

/// Locked.
void runner::try_later(hands& back, const written& answer, std::unique_lock<std::mutex>& lock)
{
    ++tally_.outcomes[static_cast<std::size_t>(answer.what)];
    tally_.add_trouble(answer.what, answer.code, 1);
    const bool in_doubt = answer.what == outcome::in_doubt;
    if (!in_doubt && answer.what != outcome::not_done)
    {
        expect(!back.tasks.empty(), "a control entry alone is not refused");
        alone_below_ = back.tasks.back().unit.no + 1;
    }
    else if (!back.tasks.empty())
        keep_trying(back.tasks.front().unit, answer);
    for (const auto& one : back.tasks)
        dispatcher_.put_back(one, in_doubt ? outcome::in_doubt : outcome::not_done);
    if (in_doubt)
        ready_.notify_one();  // For one that has a session.
    else if (answer.what == outcome::not_done)
        halted_.wait_for(lock, backoff(back.attempt++, back.tasks.empty() ? 0 : back.tasks.front().unit.no),
                         [this] { return stop_; });
}

/// Locked.
void runner::settle(const hands& done, const written& answer, time sent, time answered)
{
    if (answer.what == outcome::committed || answer.what == outcome::already_there)
    {
        riding_.erase(riding_.begin(), riding_.begin() + static_cast<std::ptrdiff_t>(done.entries.size()));
        ridden_ += done.entries.size();
    }
    for (std::size_t i = 0; i < done.tasks.size(); ++i)
    {
        const auto& unit = done.tasks[i].unit;
        ++tally_.outcomes[static_cast<std::size_t>(answer.what)];
        if (answer.what != outcome::committed && answer.what != outcome::already_there)
            tally_.add_trouble(answer.what, answer.code, 1);
        troubles_.erase(unit.no);
        tally_.lag = std::max(microseconds{0}, sent - unit.at);
        tally_.sent.add(static_cast<std::uint64_t>(tally_.lag.count()));
        tally_.answered.add(static_cast<std::uint64_t>(std::max<std::int64_t>(0, (answered - sent).count())));
        if (answer.what == outcome::committed)
            tally_.last_commit = answered;
        count(done.units[i], answer.what, answered - unit.at, answered - sent);
        dispatcher_.settle(done.tasks[i], answer.what);
        settled_at_ = std::chrono::steady_clock::now();
    }
}

/// Locked.
void runner::count(const model::unit& unit, outcome what, microseconds response, microseconds service)
{
    const auto us = [](microseconds d) { return static_cast<std::uint64_t>(std::max<std::int64_t>(0, d.count())); };
    tally_.lateness.add(static_cast<std::uint64_t>(tally_.lag.count()));
    auto& kind = tally_.kinds[unit.decision.kind];
    kind.response.add(us(response));
    kind.service.add(us(service));
    if (what == outcome::already_there)
        ++kind.already_there;
    else if (what == outcome::foreign || what == outcome::rejected)
        ++kind.refused;
    if (what == outcome::foreign)
        ++tally_.foreign_edits[unit.changes.front().table];
    if (what != outcome::committed)
        return;
    ++kind.committed;
    if (sells_[unit.decision.kind])
        sales_[sales_count_++ % sales_.size()] = unit.decision;
    for (const auto& change : unit.changes)
        ++tally_.rows[change.table][static_cast<std::size_t>(change.what)];
}

/// Locked.
void runner::ask_for_mark()
{
    if (dispatcher_.wants_mark())
        options_.want_mark();
}

void runner::marked(unit_no mark)
{
    const std::lock_guard lock(mutex_);
    dispatcher_.marked(mark);
    ready_.notify_all();
}

/// Locked.
void runner::wake()
{
    ask_for_mark();
    if (dispatcher_.has_ready())
        ready_.notify_one();
    const bool roomy = dispatcher_.span() <= options_.window - std::max(1U, options_.window / 4);
    if (starved_ && roomy)
    {
        starved_ = false;
        later([this] { post_pump(); });
    }
    else if (dispatcher_.empty())
        later(
            [this]
            {
                if (stage_ != stage::planning && stage_ != stage::recording)
                    finish_if_done();
            });
}

/// Records that a unit will never be there: first, so that no unit behind it is sent before. False when the run ends
/// meanwhile.
bool runner::refuse(const model::unit& unit, const written& answer)
{
    model::control entry;
    entry.unit = unit.decision.no;
    entry.what = model::control::kind::reject;
    entry.value = reject_value(answer);
    entry.at = unit.decision.at;
    if (options_.entries_with_units)
    {
        const std::lock_guard lock(mutex_);
        riding_.push_back(entry);
    }
    else if (!record_now(entry))
        return false;
    if (options_.warn)
        options_.warn(fmt::format(
            "unit {} ({}) is given up, {}: {} {}", unit.decision.no, shop_.kinds()[unit.decision.kind].name,
            answer.what == outcome::foreign ? "somebody else changed its rows" : "the server refuses it for good",
            answer.code.data(), answer.detail));
    return true;
}

/// Returns when the entry is durable; false when the run ends first.
bool runner::record_now(const model::control& entry)
{
    // Shared: when the run ends first, the answer comes to nobody.
    const auto promise = std::make_shared<std::promise<void>>();
    auto done = promise->get_future();
    options_.record(entry,
                    [promise](std::exception_ptr failed)
                    {
                        if (failed)
                            promise->set_exception(failed);
                        else
                            promise->set_value();
                    });
    while (done.wait_for(std::chrono::milliseconds(50)) != std::future_status::ready)
        if (quit_.stop_requested())
            return false;
    done.get();
    return true;
}

/// Locked. Says now and then that a unit cannot be written, and gives up in time.
void runner::keep_trying(const model::decision& unit, const written& answer)
{
    const auto now = std::chrono::steady_clock::now();
    auto& t = troubles_.try_emplace(unit.no, trouble{now, now}).first->second;
    const auto lasted = std::chrono::duration<double>(now - t.since).count();
    if (options_.outage_max && now - t.since > *options_.outage_max)
        throw error(error_kind::temporary,
                    fmt::format("unit {} could not be written for {:.0f} s (--max-outage): {} {}", unit.no, lasted,
                                answer.code.data(), answer.detail));
    const bool first = t.told == t.since;
    if (now - t.told < (first ? patience : reminder))
        return;
    t.told = now;
    if (options_.warn)
        options_.warn(fmt::format("unit {} ({}) has been waiting for {:.0f} s: {} {}", unit.no,
                                  shop_.kinds()[unit.kind].name, lasted, answer.code.data(), answer.detail));
}

void runner::watch()
{
    const auto now = std::chrono::steady_clock::now();
    std::string line;
    bool enough = false;
    {
        const std::lock_guard lock(mutex_);
        const auto idle = now - settled_at_;
        if (stage_ == stage::finished || failure_ || dispatcher_.empty() || idle < patience)
            return;
        enough = options_.outage_max && idle > *options_.outage_max;
        if (!enough && (now - told_idle_ < reminder || idle < reminder))
            return;
        told_idle_ = now;
        line = fmt::format("no unit was settled for {:.0f} s, {} wait, beginning with unit {}",
                           std::chrono::duration<double>(idle).count(), dispatcher_.span(), dispatcher_.settled());
    }
    if (enough)
        fail(std::make_exception_ptr(error(error_kind::temporary, line + " (--max-outage)")));
    else if (options_.warn)
        options_.warn(line);
}

void runner::fail(std::exception_ptr why)
{
    {
        const std::lock_guard lock(mutex_);
        if (failure_ == nullptr)
            failure_ = why;
        stop_ = true;
    }
    quit_.request_stop();
    ready_.notify_all();
    halted_.notify_all();
    advance(stage_, stage_event::drain);
    timer_.cancel();
    finish_if_done();
}

void runner::finish_if_done()
{
    if (stage_ == stage::finished)
        return;
    {
        const std::lock_guard lock(mutex_);
        if (!failure_ && (recording() || !dispatcher_.empty() || !riding_.empty()))
            return;
        stop_ = true;
    }
    advance(stage_, stage_event::finish);
    quit_.request_stop();
    ready_.notify_all();
    halted_.notify_all();
    for (auto& worker : workers_)
        worker.join();
    workers_.clear();
    busy_.reset();
    options_.done();
}

}  // namespace bazaar::run
