#include "bazaar/process/outlet.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

namespace bazaar::process
{
namespace
{

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t write_max = 1 << 16;
constexpr std::chrono::seconds window{1};

/// No signal is for the thread that hangs.
class signals_blocked
{
public:
    signals_blocked()
    {
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~signals_blocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    signals_blocked(const signals_blocked&) = delete;
    signals_blocked& operator=(const signals_blocked&) = delete;

private:
    sigset_t before_{};
};

int write_some(int descriptor, std::string_view& text) noexcept
{
    const auto written = ::write(descriptor, text.data(), std::min(text.size(), write_max));
    if (written > 0)
    {
        text.remove_prefix(static_cast<std::size_t>(written));
        return 0;
    }
    if (written == 0)
        return EIO;
    if (errno == EINTR)
        return 0;
    if (errno != EAGAIN)
        return errno;
    // Somebody else has set O_NONBLOCK.
    pollfd one{descriptor, POLLOUT, 0};
    return ::poll(&one, 1, -1) < 0 && errno != EINTR ? errno : 0;
}

}  // namespace

int write_all(int descriptor, std::string_view text) noexcept
{
    while (!text.empty())
        if (const int failed = write_some(descriptor, text); failed != 0)
            return failed;
    return 0;
}

struct outlet::state
{
    state(int to, std::size_t most, owner* whose) : limit(most), of(whose)
    {
        // The number may be closed, or become another file, while the thread hangs.
        const int own = ::fcntl(to, F_DUPFD_CLOEXEC, 3);
        descriptor = own < 0 ? to : own;
        owned = own >= 0;
    }
    ~state()
    {
        if (owned)
            ::close(descriptor);
    }
    state(const state&) = delete;
    state& operator=(const state&) = delete;

    /// Locked.
    [[nodiscard]] bool room(std::size_t bytes) const { return waiting == 0 || waiting + bytes <= limit; }

    /// Locked. What is left of the patience of this second.
    [[nodiscard]] clock::duration left()
    {
        const auto now = clock::now();
        if (now - window_began > window)
        {
            window_began = now;
            waited = {};
        }
        return patience - std::min<clock::duration>(waited, patience);
    }

    template <typename Condition>
    bool wait(std::unique_lock<std::mutex>& lock, Condition is_so)
    {
        if (is_so())
            return true;
        const auto limit_now = left();
        const auto began = clock::now();
        const bool good = done.wait_for(lock, limit_now, is_so);
        waited += clock::now() - began;
        return good;
    }

    void work()
    {
        std::unique_lock lock(mutex);
        for (;;)
        {
            if (queue.empty() && of != nullptr && !ended)
                unlocked(lock, [this, now_well = well] { of->caught_up(now_well); });
            more.wait(lock, [&] { return ended || !queue.empty(); });
            if (ended)
                return;
            const auto now = std::move(queue.front());
            queue.pop_front();
            lock.unlock();
            const int problem = write(now.bytes);
            lock.lock();
            waiting -= now.bytes.size();
            ++written;
            well = problem == 0;
            if (problem != 0)
            {
                error = problem;
                if (of != nullptr && !ended)
                    unlocked(lock, [&] { of->failed(now, problem); });
            }
            if (queue.empty())
                stalled = false;
            done.notify_all();
        }
    }

    int write(std::string_view text)
    {
        while (!text.empty())
        {
            if (const int failed = write_some(descriptor, text); failed != 0)
                return failed;
            ++moved;
        }
        return 0;
    }

    /// The owner has locks of its own, and so is never called locked.
    template <typename Call>
    void unlocked(std::unique_lock<std::mutex>& lock, Call call)
    {
        calling = true;
        lock.unlock();
        call();
        lock.lock();
        calling = false;
        done.notify_all();
    }

    const std::size_t limit;
    owner* const of;
    int descriptor = -1;
    bool owned = false;

    std::mutex mutex;
    std::condition_variable more;  ///< For the thread that writes.
    std::condition_variable done;  ///< For those who wait for it.
    std::deque<piece> queue;
    std::size_t waiting = 0;  ///< Bytes, with those that are being written.
    std::uint64_t put = 0, written = 0;
    std::atomic<std::uint64_t> moved{0};
    int error = 0;
    bool well = true;
    bool begun = false, ended = false, calling = false;
    bool stalled = false;
    clock::time_point window_began{};
    clock::duration waited{};
};

outlet::outlet(int descriptor, std::size_t limit, owner* of) : state_(std::make_shared<state>(descriptor, limit, of)) {}

outlet::~outlet()
{
    std::unique_lock lock(state_->mutex);
    state_->ended = true;
    state_->more.notify_all();
    state_->done.wait(lock, [&] { return !state_->calling; });
}

std::optional<std::uint64_t> outlet::offer(piece what)
{
    auto& its = *state_;
    const std::lock_guard lock(its.mutex);
    if (!its.room(what.bytes.size()))
        return std::nullopt;
    if (!std::exchange(its.begun, true))
    {
        const signals_blocked none;
        try
        {
            std::thread([kept = state_] { kept->work(); }).detach();
        }
        catch (const std::system_error&)
        {
            // No thread to be had: better a write that may hang than none.
            its.begun = false;
            ++its.put;
            ++its.written;
            if (const int problem = write_all(its.descriptor, what.bytes); problem != 0)
            {
                its.error = problem;
                if (its.of != nullptr)
                    its.of->failed(what, problem);
            }
            return its.put;
        }
    }
    its.waiting += what.bytes.size();
    its.queue.push_back(std::move(what));
    its.more.notify_one();
    return ++its.put;
}

void outlet::await_room(std::size_t bytes)
{
    auto& its = *state_;
    std::unique_lock lock(its.mutex);
    static_cast<void>(its.wait(lock, [&] { return its.room(bytes); }));
}

void outlet::settle(std::uint64_t number)
{
    auto& its = *state_;
    std::unique_lock lock(its.mutex);
    if (!its.stalled && !its.wait(lock, [&] { return its.written >= number; }))
        its.stalled = true;
}

bool outlet::flush(milliseconds step, milliseconds total)
{
    auto& its = *state_;
    std::unique_lock lock(its.mutex);
    const auto end = clock::now() + total;
    const auto through = [&] { return its.written == its.put && !its.calling; };
    while (!through())
    {
        const auto before = its.moved.load();
        const auto left = std::chrono::duration_cast<milliseconds>(end - clock::now());
        if (its.done.wait_for(lock, std::clamp(left, milliseconds(0), step), through))
            break;
        if (clock::now() >= end || its.moved == before)
            return false;
    }
    return true;
}

bool outlet::empty() const
{
    const std::lock_guard lock(state_->mutex);
    return state_->written == state_->put;
}

int outlet::failure() const
{
    const std::lock_guard lock(state_->mutex);
    return state_->error;
}

}  // namespace bazaar::process
