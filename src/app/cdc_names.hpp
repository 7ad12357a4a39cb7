#pragma once

#include <string>

#include "bazaar/app/options.hpp"
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

}  // namespace bazaar::app
