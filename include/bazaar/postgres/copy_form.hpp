#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bazaar/model/key_codec.hpp"
#include "bazaar/model/table.hpp"
#include "bazaar/postgres/encode.hpp"

namespace bazaar::postgres
{

/// Rows of one table in COPY's binary format.
///
/// Threads: one.
class copy_form
{
public:
    explicit copy_form(const model::table& t);

    /// The columns of a row, quoted and separated by commas.
    [[nodiscard]] const std::string& columns() const noexcept { return names_; }

    void add(byte_buffer& out, std::span<const model::value> row, const model::key_codec& ids);

private:
    std::size_t width_;
    std::string names_;
    std::vector<std::uint8_t> numbers_;
    std::vector<field_type> types_;
    std::vector<model::value> values_;
};

}  // namespace bazaar::postgres
