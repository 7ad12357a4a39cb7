#include "app/keeper.hpp"

#include <optional>

#include "bazaar/app/logging.hpp"
#include "bazaar/postgres/heartbeat.hpp"

namespace bazaar::app
{

keeper::keeper(postgres::connection_parameters to, const scenario::scenario& shop, options opts)
    : to_(std::move(to)), shop_(shop), options_(std::move(opts)), thread_([this] { work(); })
{
}

keeper::~keeper()
{
    stop();
}

void keeper::stop()
{
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable())
        thread_.join();
}

void keeper::work()
{
    using clock = std::chrono::steady_clock;
    std::optional<postgres::session> link;
    unit_no marked = ~unit_no{0};
    bool failing = false;
    const bool beats = options_.heartbeat_interval.count() > 0;
    auto mark_at = clock::now();
    auto beat_at = clock::now();
    std::unique_lock lock(mutex_);
    while (!stop_)
    {
        lock.unlock();
        try
        {
            if (!link || !link->alive())
                link.emplace(to_);
            const auto now = clock::now();
            if (now >= mark_at)
            {
                mark_at = now + options_.mark_interval;
                const auto progress = options_.progress();
                if (progress.settled != marked)
                    postgres::mark(*link, options_.schema, options_.run, progress);
                marked = progress.settled;
            }
            if (beats && now >= beat_at)
            {
                beat_at = now + options_.heartbeat_interval;
                if (options_.progress().live)
                    postgres::touch(*link, options_.schema, shop_);
            }
            if (failing)
                log(log_level::info, "keeper", "mark and heartbeat work again");
            failing = false;
        }
        catch (const std::exception& problem)
        {
            if (!failing)
                log(log_level::warning, "keeper", problem.what());
            failing = true;
            link.reset();
            mark_at = beat_at = clock::now() + std::chrono::seconds(1);
        }
        lock.lock();
        changed_.wait_until(lock, beats ? std::min(mark_at, beat_at) : mark_at, [this] { return stop_; });
    }
}

}  // namespace bazaar::app
