#include "bazaar/kafka/sink.hpp"
#include "bazaar/kafka/records.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "bazaar/kafka/encoder.hpp"
#include "bazaar/kafka/tail.hpp"
#include "producer.hpp"

namespace bazaar::kafka
{
namespace
{

using clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds pause_first{20}, pause_longest{1'000};

/// When an outage is worth a line, and how often again.
constexpr std::chrono::seconds told_after{5}, told_again{60};

std::set<std::string> topics_of(std::span<const bound_outlet> outlets)
{
    std::set<std::string> made;
    for (const auto& one : outlets)
        if (!one.to.topic.empty())
            made.insert(one.to.topic);
    return made;
}

/// The code for a record that was never sent, as it has no form.
constexpr std::array<char, 6> no_form{"VALUE"};

}  // namespace

std::string_view name(delivery what) noexcept
{
    return what == delivery::transactional ? "transactional" : "idempotent";
}

std::vector<bound_outlet> bind_outlets(std::span<const outlet> outlets, std::span<const model::table> tables,
                                       registry* at)
{
    expect(outlets.size() == tables.size(), "each table has an outlet, or an empty one");
    std::vector<std::string> problems;
    for (std::size_t i = 0; i < outlets.size(); ++i)
        if (!outlets[i].topic.empty())
            for (auto& line : problems_of(outlets[i], tables[i]))
                problems.push_back(std::move(line));
    if (!problems.empty())
        throw error(error_kind::config, std::move(problems));
    std::vector<bound_outlet> made;
    for (std::size_t i = 0; i < outlets.size(); ++i)
    {
        made.push_back({outlets[i], 0});
        if (outlets[i].topic.empty() || !outlets[i].framed)
            continue;
        if (at == nullptr)
            throw error(error_kind::usage,
                        fmt::format("topic {} needs a schema registry; its address is missing", outlets[i].topic));
        made.back().schema = at->id_of(outlets[i].topic + "-value", outlets[i].format,
                                       schema_text(outlets[i], tables[i]));
    }
    return made;
}

class sink::work
{
public:
    work(sink_settings how, std::vector<bound_outlet> outlets, std::span<const model::table> tables,
         const model::key_codec& keys, std::stop_token stop)
        : how_(std::move(how)),
          records_(std::move(outlets), tables, keys, how_.tag),
          stop_(std::move(stop)),
          there_(how_.span),
          group_(how_.group)
    {
        if (how_.counts == nullptr)
            how_.counts = &own_counts_;
    }

    [[nodiscard]] std::size_t units_max() const noexcept { return group_; }

    bool ready()
    {
        if (phase_ == phase::open)
            return true;
        const auto begin = clock::now();
        auto told = begin;
        auto pause = pause_first;
        while (!stop_.stop_requested())
        {
            const auto made = try_on();
            if (phase_ == phase::open)
                return was_open_ = true;
            if (made.good())
                continue;
            if (made.what == remedy::stop || made.what == remedy::refuse)
                give_up(made);
            const auto now = clock::now();
            if (!was_open_ && now - begin > how_.timeout)
                producer_->give_up(made.code, made.text);
            if (now - begin > told_after && (told == begin || now - told > told_again) && how_.warn)
            {
                told = now;
                how_.warn(fmt::format("Kafka cannot be written for {:.0f} s: {}",
                                      std::chrono::duration<double>(now - begin).count(), made.text));
            }
            std::unique_lock lock(mutex_);
            halted_.wait_for(lock, stop_, pause, [] { return false; });
            pause = std::min(2 * pause, pause_longest);
        }
        return false;
    }

    run::written ship(const run::shipment& what)
    {
        expect(phase_ == phase::open, "a sink is ready before units are shipped");
        expect(what.entries.empty(), "this run keeps its control log elsewhere");
        if (auto refused = encode(what))
            return *refused;
        const auto all = records_.all();
        how_.counts->skipped += records_.skipped();
        if (all.empty())
            return {records_.skipped() > 0 ? run::outcome::already_there : run::outcome::committed, {}, {}};
        // Without transactions, what was sent beside a record that is refused stays.
        const auto most = producer_->record_max();
        for (const auto& one : all)
            if (one.size() > most)
                return {run::outcome::rejected, short_code(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE),
                        fmt::format("topic {}: a record of {} bytes, and message.max.bytes is {}", *one.topic,
                                    one.size(), most)};
        if (auto sent = producer_->send(all); !sent.good())
            return failed(sent, what, false);
        const auto begin = clock::now();
        for (;;)
        {
            const auto done = producer_->commit();
            if (done.good())
                break;
            if (done.what != remedy::again)
                return failed(done, what, true);
            if (clock::now() - begin >= how_.patience || stop_.stop_requested())
                return failed(done, what, true);
        }
        settle(what, all.size());
        return {run::outcome::committed, {}, {}};
    }

private:
    enum class phase : std::uint8_t
    {
        closed,   ///< No producer, or one that is of no more use.
        opening,  ///< There is one; what an earlier one has left is being ended.
        open,
        committing,  ///< The last commit is in doubt.
        aborting,
    };

    /// One step towards `open`. A cluster that was there before may be away for as long as the run allows.
    step_result try_on()
    {
        try
        {
            return go_on();
        }
        catch (const error& why)
        {
            if (why.kind() != error_kind::unavailable || !was_open_)
                throw;
            return {remedy::again, RD_KAFKA_RESP_ERR__TIMED_OUT, why.what()};
        }
    }

    /// One step towards `open`.
    step_result go_on()
    {
        switch (phase_)
        {
        case phase::closed:
            producer_.reset();
            producer_ = std::make_unique<producer>(how_.cluster, how_.promise, how_.transactional_id, how_.timeout);
            phase_ = phase::opening;
            [[fallthrough]];
        case phase::opening:
        {
            auto made = producer_->open();
            if (made.good())
                look();
            else if (made.what == remedy::reopen || made.what == remedy::abort)
                phase_ = phase::closed;
            return made;
        }
        case phase::committing:
        {
            auto made = producer_->commit();
            if (made.good())
            {
                for (const auto& [unit, count] : doubted_)
                {
                    there_.add_whole(unit, count);
                    how_.counts->records += count;
                }
                ++how_.counts->transactions;
            }
            return settled(made);
        }
        case phase::aborting:
            return settled(producer_->abort());
        case phase::open:
            break;
        }
        return {};
    }

    /// After a step of a commit or an abort that was begun earlier.
    step_result settled(step_result made)
    {
        if (made.good())
            phase_ = phase::open;
        else if (made.what == remedy::reopen)
            close();
        else if (made.what == remedy::abort || made.what == remedy::refuse)
        {
            // What was refused is told when it is sent again.
            drop();
            return {};
        }
        return made;
    }

    void close()
    {
        phase_ = phase::closed;
        ++how_.counts->reopened;
    }

    /// The transaction is taken back, by the next producer: librdkafka counts a batch that a broker has refused, and the
    /// broker does not, so that this producer's next batch would be out of order.
    void drop()
    {
        phase_ = phase::closed;
        ++how_.counts->aborted;
    }

    /// Reads which units are there.
    void look()
    {
        auto found = read_tail(how_.cluster, topics_of(records_.outlets()),
                               {.tag = how_.tag, .span = how_.span, .timeout = how_.timeout}, stop_);
        if (!found)
            return;  // Stopped.
        if (how_.known && (!found->highest() || *found->highest() < *how_.known))
            throw error(error_kind::no_output,
                        fmt::format("the topics of the run end with {}, but unit {} was written: records are lost, by "
                                    "retention, or because a topic was made anew; begin another run",
                                    found->highest() ? fmt::format("unit {}", *found->highest()) : "no unit",
                                    *how_.known));
        // What this process has sent since is its own.
        if (!was_open_ && how_.unsent_from && found->highest() && *found->highest() >= *how_.unsent_from)
            throw error(error_kind::config,
                        fmt::format("the topics have records of unit {} of a run of this name, and no unit from {} on "
                                    "was sent: they are of an earlier run, or the run's record is older than they "
                                    "are; take other topics or another --run, or delete the topics",
                                    *found->highest(), *how_.unsent_from));
        there_ = std::move(*found);
        phase_ = phase::open;
    }

    /// A refusal if a unit has no form as records, or if one is there that should not be.
    std::optional<run::written> encode(const run::shipment& what)
    {
        records_.clear();
        for (const auto& one : what.units)
        {
            const auto skipped = records_.skipped();
            try
            {
                records_.add(*one.unit, there_);
            }
            catch (const unencodable& why)
            {
                return run::written{run::outcome::rejected, no_form, why.what()};
            }
            // It was committed when nobody knew; a replay says so.
            if (one.how == run::form::first && records_.skipped() > skipped)
                return run::written{
                    run::outcome::in_doubt, {}, fmt::format("unit {} is there already", one.unit->decision.no)};
        }
        return std::nullopt;
    }

    /// `committing`: whether the records may be there.
    run::written failed(const step_result& why, const run::shipment& what, bool committing)
    {
        switch (why.what)
        {
        case remedy::none:
            break;
        case remedy::stop:
            give_up(why);
        case remedy::refuse:
            // What was sent beside it has to go: without transactions it stays.
            drop();
            return {run::outcome::rejected, short_code(why.code), why.text};
        case remedy::reopen:
            close();
            return {committing || how_.promise == delivery::idempotent ? run::outcome::in_doubt
                                                                       : run::outcome::not_done,
                    short_code(why.code), why.text};
        case remedy::abort:
            drop();
            return {run::outcome::not_done, short_code(why.code), why.text};
        case remedy::again:
            if (committing)
            {
                phase_ = phase::committing;
                doubted_.clear();
                for (const auto& one : what.units)
                    doubted_.emplace_back(one.unit->decision.no, records_.count_of(*one.unit));
                return {run::outcome::in_doubt, short_code(why.code), why.text};
            }
            phase_ = how_.promise == delivery::transactional ? phase::aborting : phase::closed;
            ++how_.counts->aborted;
            return {how_.promise == delivery::transactional ? run::outcome::not_done : run::outcome::in_doubt,
                    short_code(why.code), why.text};
        }
        broken("a failure has a remedy");
    }

    [[noreturn]] void give_up(const step_result& why) const
    {
        if (is_fenced(why.code))
            throw error(error_kind::temporary,
                        fmt::format("another process has taken this run over in Kafka (transactional.id {}): {}",
                                    how_.transactional_id, why.text));
        producer_->fail("take the records of this run", {outcome::kind::failed, why.code, advised(why)});
    }

    /// The two traps of business time as record time.
    static std::string advised(const step_result& why)
    {
        if (why.code != RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP)
            return why.text;
        return why.text + "; a record has its business time: set the topic's message.timestamp.before.max.ms and "
                          "message.timestamp.after.max.ms, and compare the clocks";
    }

    void settle(const run::shipment& what, std::size_t count)
    {
        how_.counts->records += count;
        how_.counts->bytes += records_.bytes();
        ++how_.counts->transactions;
        if (what.units.size() >= group_)
            group_ = std::min(2 * group_, std::max(how_.group, how_.group_max));
        else if (what.units.size() < group_ / 2)
            group_ = std::max(group_ / 2, how_.group);
    }

    sink_settings how_;
    records records_;
    std::stop_token stop_;
    std::unique_ptr<producer> producer_;
    phase phase_ = phase::closed;
    bool was_open_ = false;
    tail there_;
    std::vector<std::pair<unit_no, std::uint16_t>> doubted_;
    std::size_t group_;
    sink_counts own_counts_;
    std::mutex mutex_;
    std::condition_variable_any halted_;
};

sink::sink(sink_settings how, std::vector<bound_outlet> outlets, std::span<const model::table> tables,
           const model::key_codec& keys, std::stop_token stop)
    : work_(std::make_unique<work>(std::move(how), std::move(outlets), tables, keys, std::move(stop)))
{
}
sink::~sink() = default;

bool sink::ready()
{
    return work_->ready();
}

std::size_t sink::units_max() const noexcept
{
    return work_->units_max();
}

run::written sink::ship(const run::shipment& what)
{
    return work_->ship(what);
}

}  // namespace bazaar::kafka
