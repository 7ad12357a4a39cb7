#pragma once

#include <string>

#include "bazaar/app/options.hpp"
#include "bazaar/capture/connector_config.hpp"
#include "bazaar/postgres/cdc.hpp"

namespace bazaar::app
{

/// The publication and the slot that were given, or else those of the schema: the same for `cdc` and `connector`.
[[nodiscard]] inline std::string publication_of(const options& opts)
{
    return opts.publication.empty() ? postgres::default_cdc_name(opts.schema) : opts.publication;
}

[[nodiscard]] inline std::string slot_of(const options& opts)
{
    return opts.slot.empty() ? postgres::default_cdc_name(opts.schema) : opts.slot;
}

/// What the names of the topics are made of.
[[nodiscard]] inline capture::connector_options topic_names(const options& opts)
{
    capture::connector_options how;
    how.schema = opts.schema;
    how.topic_prefix = opts.topic_prefix;
    return how;
}

/// What is said of the topics: the same for `topics` and `connector`.
[[nodiscard]] inline capture::connector_options topic_options(const options& opts)
{
    auto how = topic_names(opts);
    how.partitions = static_cast<int>(opts.partitions);
    how.replication = static_cast<int>(opts.replication);
    how.compact = opts.compact;
    how.retention_ms = opts.retention ? opts.retention->count() / 1000 : -1;
    return how;
}

}  // namespace bazaar::app
