#include "daemon/chores.hpp"

#include <utility>

#include <fmt/format.h>

#include "bazaar/postgres/diagnosis.hpp"
#include "bazaar/postgres/heartbeat.hpp"
#include "bazaar/process/logging.hpp"

namespace bazaar::daemon
{
namespace
{

/// How often slots are looked at.
constexpr microseconds slots_interval = std::chrono::seconds(10);

}  // namespace

std::vector<keeper::chore> chores::of(postgres::ledger& to, const scenario::scenario& shop, std::function<bool()> live)
{
    auto beat = [this, &to, &shop, live = std::move(live)]
    {
        if (!live())
            return true;
        to.with([&](postgres::session& on) { postgres::touch(on, opts_.schema, shop); });
        beaten_ = std::chrono::system_clock::now();
        return true;
    };
    return {{opts_.heartbeat_interval, std::move(beat)},
            {watch_.on() ? slots_interval : microseconds{0}, [this, &to] { return look_at_slots(to); }}};
}

std::optional<std::chrono::system_clock::time_point> chores::beaten() const
{
    const auto at = beaten_.load();
    return at.time_since_epoch().count() == 0 ? std::nullopt : std::optional(at);
}

std::vector<observe::slot> chores::slots() const
{
    const std::lock_guard lock(mutex_);
    return slots_;
}

bool chores::look_at_slots(postgres::ledger& with)
{
    try
    {
        const auto seen = with.with([](postgres::session& on) { return postgres::read_slots(on); });
        {
            const std::lock_guard lock(mutex_);
            slots_.clear();
            for (const auto& one : seen)
                slots_.push_back({one.name, one.active, one.retained});
        }
        for (const auto& line : watch_.see(seen))
            log(line.good ? process::log_level::info : process::log_level::warning, "slot", line.text);
        return true;
    }
    catch (const postgres::query_error& problem)
    {
        if (problem.cause().link_lost)
            throw;
        // The shop goes on without.
        log(process::log_level::warning, "slot", fmt::format("what slots retain is not watched: {}", problem.what()));
        return false;
    }
}

}  // namespace bazaar::daemon
