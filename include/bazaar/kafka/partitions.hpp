#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/kafka/client_settings.hpp"

namespace bazaar::kafka
{

/// A partition and the part of it that is read: offsets from `begin` to below `end`.
struct partition_range
{
    std::string topic;
    std::int32_t partition = 0;
    std::int64_t begin = 0;
    std::int64_t end = 0;
};

/// A message; valid until the next one of its partition.
struct message
{
    std::string_view key;
    std::string_view value;  ///< Empty for a tombstone.
    std::int64_t offset = 0;
    bool is_tombstone = false;
    std::int64_t at_ms = -1;  ///< Its time since 1970; -1: it has none.
};

/// Reads partitions in parallel, each at its own pace, from their beginning to their end at the time of construction.
///
/// Threads: one; librdkafka has its own threads.
/// Errors:  `unavailable`, `permission` and `config` as for `admin`.
/// Limits:  some megabytes for each partition.
class partitions
{
public:
    /// Reads all partitions of those `topics` that exist. `committed`: leaves out messages of aborted transactions, and
    /// does not wait for open ones.
    partitions(const client_settings& how, const std::set<std::string>& topics, bool committed,
               std::chrono::milliseconds timeout);
    ~partitions();
    partitions(const partitions&) = delete;
    partitions& operator=(const partitions&) = delete;

    [[nodiscard]] std::span<const partition_range> ranges() const noexcept;

    /// The next message of a partition; nothing at its end.
    [[nodiscard]] std::optional<message> next(std::size_t partition);

    /// The header of this name of the message that came last from the partition; nothing where it has none.
    [[nodiscard]] std::optional<std::string_view> header(std::size_t partition, const char* name) const;

private:
    class work;
    std::unique_ptr<work> work_;
};

}  // namespace bazaar::kafka
