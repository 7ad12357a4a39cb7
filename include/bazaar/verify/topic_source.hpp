#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "bazaar/kafka/client_settings.hpp"
#include "bazaar/kafka/partitions.hpp"
#include "bazaar/model/table.hpp"
#include "bazaar/verify/change_source.hpp"
#include "bazaar/verify/debezium.hpp"

namespace bazaar::verify
{

/// A topic with missing messages: at the beginning, or in between.
struct incomplete_topic
{
    std::int64_t begins_at = 0;  ///< First offset, if that is not 0.
    std::uint64_t gaps = 0;      ///< Number of gaps between offsets, by compaction or transaction markers.
};

/// Change events from Debezium's topics, up to their end at the time of construction.
///
/// Errors: those of `kafka::partitions`.
class topic_source final : public change_source
{
public:
    /// `topics` are those of the shop's tables, `metadata` those of transactions. None of them need exist.
    topic_source(const kafka::client_settings& how, const std::set<std::string>& topics,
                 const std::set<std::string>& metadata, std::span<const model::table> tables, const std::string& schema,
                 bool committed, std::chrono::milliseconds timeout, const encodings& form = {});

    bool next(change_event& out) override;
    [[nodiscard]] std::uint64_t position() const override { return position_; }
    [[nodiscard]] std::uint64_t length() const override { return length_; }

    [[nodiscard]] const unused_messages& unused() const noexcept { return unused_; }

    /// How many partitions the tables' topics have.
    [[nodiscard]] std::size_t partitions() const noexcept { return heads_.size() - metadata_; }

    /// Ends of transactions are reported while events are read, each after the events with a lower position in the
    /// source's log.
    void on_end(std::function<void(const transaction_end&)> told) { on_end_ = std::move(told); }

    /// Whether the topic of transaction metadata still has everything that was ever written to it.
    [[nodiscard]] bool tells_each_end() const noexcept { return tells_each_end_; }

    /// Number of messages of each existing topic.
    [[nodiscard]] const std::map<std::string, std::uint64_t>& sizes() const noexcept { return sizes_; }

    /// By topic, as far as it was read.
    [[nodiscard]] const std::map<std::string, incomplete_topic>& incomplete() const noexcept { return incomplete_; }

private:
    struct head
    {
        std::unique_ptr<debezium_reader> reader;
        change_event event;
        std::int64_t expected = 0;  ///< Next offset.
        bool used = true;           ///< The event has been returned.
        bool ended = false;
        bool metadata = false;  ///< Of transaction metadata; the event has only `lsn`.
        transaction_end end{};
    };

    void advance(std::size_t partition);

    void advance_metadata(std::size_t partition);

    kafka::partitions from_;
    std::function<void(const transaction_end&)> on_end_;
    std::size_t metadata_ = 0;  ///< Partitions.
    bool tells_each_end_ = false;
    std::vector<head> heads_;
    std::map<std::string, std::uint64_t> sizes_;
    std::map<std::string, incomplete_topic> incomplete_;
    unused_messages unused_;
    std::uint64_t position_ = 0, length_ = 0;  ///< Messages.
};

}  // namespace bazaar::verify
