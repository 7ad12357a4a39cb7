#include "planned.hpp"

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#include "bazaar/base/error.hpp"

namespace bazaar::verify
{
namespace
{

constexpr std::uint32_t null_size = 0xffffffff;

void append_size(std::string& to, std::uint32_t size)
{
    to.append(reinterpret_cast<const char*>(&size), sizeof size);
}

/// Decisions on their way to the threads that build. Bounded, so that deciding waits.
class decision_queue
{
public:
    using batch = std::vector<model::decision>;

    explicit decision_queue(std::size_t most) : most_(most) {}

    /// False once a thread has failed.
    bool put(batch&& what)
    {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return waiting_.size() < most_ || failure_; });
        if (failure_)
            return false;
        waiting_.push_back(std::move(what));
        changed_.notify_all();
        return true;
    }

    /// Nothing once all are taken and no more will come, or a thread has failed.
    std::optional<batch> take()
    {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return !waiting_.empty() || closed_ || failure_; });
        if (failure_ || waiting_.empty())
            return std::nullopt;
        auto what = std::move(waiting_.front());
        waiting_.pop_front();
        changed_.notify_all();
        return what;
    }

    void close()
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        changed_.notify_all();
    }

    void fail(std::exception_ptr why)
    {
        const std::lock_guard lock(mutex_);
        if (!failure_)
            failure_ = why;
        changed_.notify_all();
    }

    [[nodiscard]] std::exception_ptr failure()
    {
        const std::lock_guard lock(mutex_);
        return failure_;
    }

private:
    std::size_t most_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<batch> waiting_;
    bool closed_ = false;
    std::exception_ptr failure_;
};

void build_from(decision_queue& queue, const scenario::scenario& shop, const unit_taker& take)
{
    try
    {
        model::unit unit;
        while (const auto batch = queue.take())
            for (const auto& decision : *batch)
            {
                shop.build(decision, unit);
                take(unit);
            }
    }
    catch (...)
    {
        queue.fail(std::current_exception());
    }
}

}  // namespace

std::uint64_t row_encoder::hash(std::uint8_t table, std::span<const model::value> row)
{
    const auto& shape = *shapes_[table];
    row_hash made;
    for (std::size_t i = 0; i < shape.columns.size(); ++i)
    {
        const auto& value = row[shape.columns[i]];
        if (value.null())
        {
            made.add_null();
            continue;
        }
        buffer_.clear();
        postgres::encode(buffer_, shape.types[i], value, ids_);
        made.add(buffer_.view());
    }
    return made.value();
}

std::string row_encoder::bytes(std::uint8_t table, std::span<const model::value> row)
{
    const auto& shape = *shapes_[table];
    std::string made;
    for (std::size_t i = 0; i < shape.columns.size(); ++i)
    {
        const auto& value = row[shape.columns[i]];
        buffer_.clear();
        if (!value.null())
            postgres::encode(buffer_, shape.types[i], value, ids_);
        append_size(made, value.null() ? null_size : static_cast<std::uint32_t>(buffer_.size()));
        made += buffer_.view();
    }
    return made;
}

std::uint64_t hash_of(std::span<const postgres::field> row)
{
    row_hash made;
    for (const auto& one : row)
        if (one.data == nullptr)
            made.add_null();
        else
            made.add(one.view());
    return made.value();
}

std::string bytes_of(std::span<const postgres::field> row)
{
    std::string made;
    for (const auto& one : row)
    {
        append_size(made, one.data == nullptr ? null_size : one.size);
        if (one.data != nullptr)
            made += one.view();
    }
    return made;
}

std::vector<postgres::field> fields_of(std::string_view bytes)
{
    std::vector<postgres::field> fields;
    while (!bytes.empty())
    {
        std::uint32_t size = 0;
        std::memcpy(&size, bytes.data(), sizeof size);
        bytes.remove_prefix(sizeof size);
        if (size == null_size)
        {
            fields.emplace_back();
            continue;
        }
        fields.push_back({bytes.data(), size});
        bytes.remove_prefix(size);
    }
    return fields;
}

void build_units(unit_walk& walk, const scenario::scenario& shop, unit_no end, unsigned threads,
                 const std::stop_token& stop, std::atomic<unit_no>& decided,
                 const std::function<unit_taker()>& make_taker)
{
    constexpr std::size_t batch_units = 1024;
    expect(threads > 0, "a thread builds");
    decision_queue queue(threads + 2);
    std::vector<std::jthread> builders;
    for (unsigned i = 0; i < threads; ++i)
        builders.emplace_back([&queue, &shop, take = make_taker()] { build_from(queue, shop, take); });
    try
    {
        bool open = true;
        while (open && walk.next_no() < end && !stop.stop_requested())
        {
            decision_queue::batch batch;
            batch.reserve(batch_units);
            model::decision decision;
            while (batch.size() < batch_units && walk.next_no() < end)
                if (walk.next(decision))
                    batch.push_back(decision);
            decided.store(walk.next_no(), std::memory_order_relaxed);
            open = queue.put(std::move(batch));
        }
    }
    catch (...)
    {
        queue.fail(std::current_exception());
    }
    queue.close();
    builders.clear();
    if (const auto failure = queue.failure())
        std::rethrow_exception(failure);
}

}  // namespace bazaar::verify
