#pragma once

#include <span>

#include "bazaar/scenario/declared/keys.hpp"

/// The table of keys, in pieces.
namespace bazaar::scenario::declared
{

extern const std::span<const key_row> keys_of_file;
extern const std::span<const key_row> keys_of_tables;
extern const std::span<const key_row> keys_of_values;
extern const std::span<const block> file_blocks;
extern const std::span<const block> table_blocks;
extern const std::span<const block> value_blocks;

}  // namespace bazaar::scenario::declared
