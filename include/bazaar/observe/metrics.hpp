#pragma once

#include <span>
#include <string>
#include <string_view>

#include "bazaar/observe/snapshot.hpp"

namespace bazaar::observe
{

enum class metric_type : std::uint8_t
{
    counter,
    gauge,
    histogram,
};

/// One family of metrics; docs/metrics.md is generated from them.
struct metric
{
    std::string_view name;
    metric_type type = metric_type::gauge;
    std::string_view labels;  ///< Names separated by commas; empty: none.
    std::string_view help;    ///< A sentence.
};

[[nodiscard]] std::span<const metric> all_metrics() noexcept;

/// GET /metrics: the text format of Prometheus. A family without a value has no line.
[[nodiscard]] std::string metrics_text(const snapshot& of);

/// docs/metrics.md.
[[nodiscard]] std::string metrics_markdown();

}  // namespace bazaar::observe
