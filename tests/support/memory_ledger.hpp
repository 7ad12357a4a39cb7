#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "bazaar/base/error.hpp"
#include "bazaar/run/ledger.hpp"

namespace bazaar::test
{

/// What a ledger of the tests does wrong, to see that a test notices.
enum class ledger_mistake
{
    none,
    durable_too_late,   ///< An entry is there only after the next call.
    mark_runs_ahead,    ///< The mark is one unit further than what it was given.
    lease_lost_unseen,  ///< Goes on writing although the lease is another's.
    server_unseen,      ///< Goes on writing although the server is another one.
};

/// The record of a run in memory, as durable as a server's, with faults at will.
///
/// Threads: any; what the tests look at is copied.
class memory_ledger final : public run::ledger
{
public:
    /// What is durable.
    struct state
    {
        std::optional<run::record> recorded;
        std::int64_t epoch = 0;
        run::progress progress;
        bool held = false;
        std::vector<std::byte> plan;  ///< Whole.

        /// As it is read.
        [[nodiscard]] std::optional<run::record> record() const
        {
            auto found = recorded;
            if (found)
            {
                found->settled = progress.settled;
                found->clean = progress.clean;
                found->live = progress.live;
            }
            return found;
        }
    };

    /// What outlives the ledger: the "server".
    struct server : state
    {
        std::mutex mutex;
        std::vector<std::string> calls;  ///< In their order.
        std::atomic<int> refuse{0};      ///< So many calls answer "not now".
        std::atomic<bool> away{false};   ///< Nobody can connect.
        std::atomic<int> life{1};        ///< In another one, commits may be missing.
        std::function<void()> wrote;     ///< After each change, locked. May be empty.
    };

    memory_ledger(server& at, ledger_mistake wrong = ledger_mistake::none) : at_(at), wrong_(wrong) {}

    [[nodiscard]] bool ready(const std::stop_token& stop) override
    {
        while (at_.away && !stop.stop_requested())
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        connected_ = !stop.stop_requested();
        return connected_;
    }
    [[nodiscard]] bool ready_at_once() override
    {
        connected_ = !at_.away;
        return connected_;
    }
    [[nodiscard]] bool connected() const override { return connected_; }
    [[nodiscard]] std::chrono::milliseconds rest(std::chrono::milliseconds wait) override { return wait; }
    void close() override { connected_ = false; }
    void probe() override
    {
        call("probe", [] {});
    }
    [[nodiscard]] peer other_end() const override { return {"memory", 1, {}}; }
    void forget() override {}
    void trust() override { life_ = at_.life; }
    [[nodiscard]] time now() override { return time{1}; }
    bool prepare(const scenario::scenario& /*shop*/) override { return false; }
    [[nodiscard]] std::vector<std::string> leftovers(const scenario::scenario& /*shop*/, std::uint32_t /*tag*/) override
    {
        return {};
    }

    [[nodiscard]] std::string where() const override { return "memory"; }
    [[nodiscard]] std::optional<run::scenario_record> recorded_scenario(std::string_view /*run*/) override
    {
        const std::lock_guard lock(at_.mutex);
        return at_.recorded ? std::optional(run::scenario_record{at_.recorded->run, at_.recorded->scenario})
                            : std::nullopt;
    }
    [[nodiscard]] std::optional<run::record> load(std::string_view run) override
    {
        const std::lock_guard lock(at_.mutex);
        return at_.recorded && at_.recorded->run == run ? at_.record() : std::nullopt;
    }
    [[nodiscard]] std::vector<run::record> list() override
    {
        const std::lock_guard lock(at_.mutex);
        std::vector<run::record> all;
        if (auto one = at_.record())
            all.push_back(std::move(*one));
        return all;
    }
    [[nodiscard]] std::optional<unit_no> highest_unit(const run::record&, const scenario::scenario&) override
    {
        return std::nullopt;
    }
    void at_one_moment(const std::function<void()>& read) override { read(); }

    void begin(const run::record& of, const scenario::scenario& /*shop*/, const run::holder& /*by*/,
               const run::first_rows& /*wanted*/) override
    {
        change("begin",
               [&]
               {
                   at_.recorded = of;
                   at_.epoch = epoch_ = 1;
                   at_.held = true;
               });
    }
    [[nodiscard]] std::optional<run::taken_lease> take(const run::lease_options& /*how*/) override
    {
        run::taken_lease taken;
        change("take",
               [&]
               {
                   taken = {++at_.epoch, at_.progress.clean};
                   epoch_ = at_.epoch;
                   at_.progress.clean = false;
                   at_.held = true;
               });
        return taken;
    }
    bool append(std::uint64_t sequence, const model::control& entry) override
    {
        bool fresh = false;
        call("append " + std::to_string(sequence),
             [&]
             {
                 owned();
                 auto& log = at_.recorded->log;
                 if (sequence > log.size())
                     broken("an entry comes at its place");
                 if (sequence < log.size())
                 {
                     const auto& there = log[sequence];
                     if (there.unit != entry.unit || there.what != entry.what || there.value != entry.value)
                         throw error(error_kind::temporary, "the lease is another's: its entry is there");
                     return;
                 }
                 fresh = true;
                 if (wrong_ == ledger_mistake::durable_too_late)
                     late_ = entry;
                 else
                     write(entry);
             });
        return fresh;
    }
    void append(const run::checkpoint& point) override
    {
        change("checkpoint",
               [&]
               {
                   owned();
                   at_.recorded->checkpoints.push_back(point);
               });
    }
    time mark(const run::progress& now) override
    {
        change("mark", [&] { set(now); });
        return time{1};
    }
    void release(const run::progress& now) override
    {
        change("release",
               [&]
               {
                   set(now);
                   at_.held = false;
               });
    }

    [[nodiscard]] std::optional<std::vector<std::byte>> kept_plan() override
    {
        const std::lock_guard lock(at_.mutex);
        return at_.plan.empty() ? std::nullopt : std::optional(at_.plan);
    }
    void keep(run::saved_plan what, std::optional<std::chrono::milliseconds> /*limit*/) override
    {
        plan_ = std::move(what);
        pieces_ = 2;
    }
    bool keep_piece() override
    {
        change("piece",
               [&]
               {
                   owned();
                   if (--pieces_ == 0)
                       at_.plan = plan_.bytes;
               });
        return pieces_ > 0;
    }

    [[nodiscard]] run::last_inserts::ends last_rows(const run::record&, const scenario::scenario&) override
    {
        return {};
    }

private:
    /// Whatever asks for something.
    template <typename Work>
    void call(std::string name, Work work)
    {
        const std::lock_guard lock(at_.mutex);
        if (const auto late = std::exchange(late_, std::nullopt); late && epoch_ == at_.epoch && life_ == at_.life)
            write(*late);
        if (at_.away || at_.refuse > 0)
        {
            if (at_.refuse > 0)
                --at_.refuse;
            connected_ = false;
            at_.calls.push_back("refused " + name);
            throw run::not_now("the ledger is away", true);
        }
        if (life_ != at_.life && wrong_ != ledger_mistake::server_unseen)
            throw run::history_lost("the server is another one");
        work();
        at_.calls.push_back(std::move(name));
    }
    /// One that is durable when it returns.
    template <typename Work>
    void change(std::string name, Work work)
    {
        call(std::move(name),
             [&]
             {
                 work();
                 wrote();
             });
    }
    void write(const model::control& entry)
    {
        at_.recorded->log.push_back(entry);
        wrote();
    }
    void wrote() const
    {
        if (at_.wrote)
            at_.wrote();
    }
    void owned() const
    {
        if (epoch_ != at_.epoch && wrong_ != ledger_mistake::lease_lost_unseen)
            throw error(error_kind::temporary, "the lease is another's");
    }
    void set(const run::progress& now)
    {
        owned();
        auto settled = now.settled + (wrong_ == ledger_mistake::mark_runs_ahead ? 1 : 0);
        at_.progress = {std::max(at_.progress.settled, settled), now.clean, now.live};
    }

    server& at_;
    const ledger_mistake wrong_;
    bool connected_ = false;
    int life_ = at_.life;  ///< Of the server that is believed.
    std::int64_t epoch_ = 0;
    std::optional<model::control> late_;
    run::saved_plan plan_;
    int pieces_ = 0;
};

}  // namespace bazaar::test
