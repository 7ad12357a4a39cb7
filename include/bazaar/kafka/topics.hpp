#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/kafka/admin.hpp"
#include "bazaar/model/topic.hpp"

namespace bazaar::kafka
{

inline constexpr std::string_view partitions_setting = "partitions";
inline constexpr std::string_view copies_setting = "replication factor";

/// A setting that differs from what is wanted. Its name is Kafka's, or one of these two.
struct drift
{
    std::string topic, setting, is, wished;

    friend bool operator==(const drift&, const drift&) = default;
};

/// How an existing topic differs from the wanted one. Pure.
[[nodiscard]] std::vector<drift> differences(const model::topic& wished, const found_topic& is);

struct ensure_options
{
    bool apply = false;     ///< Changes what differs, as far as Kafka can: more partitions, settings.
    bool validate = false;  ///< Only asks the broker whether it would; changes nothing.
};

/// What `ensure` did.
struct ensured
{
    std::vector<std::string> made, found;
    std::vector<drift> changed;
    std::vector<drift> left;  ///< Still different.
};

/// Creates missing topics and waits until each partition has a leader. Calling it again changes nothing; others may
/// create the same topics at the same time.
///
/// Errors: those of `admin`, for all topics at once.
[[nodiscard]] ensured ensure_topics(admin& at, std::span<const model::topic> wished, const ensure_options& how);

/// Deletes those that exist and waits until they are gone. Returns their names.
[[nodiscard]] std::vector<std::string> delete_topics(admin& at, std::span<const model::topic> wished);

}  // namespace bazaar::kafka
