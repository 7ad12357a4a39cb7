#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bazaar/kafka/outlet.hpp"
#include "bazaar/model/key_codec.hpp"
#include "bazaar/model/table.hpp"
#include "bazaar/model/value.hpp"

namespace bazaar::test
{

/// A table with a column of each type, once nullable and once not, and rows of ordinary and of extreme values.
struct every_type
{
    enum : std::uint8_t
    {
        id,
        number_id,
        code_id,
        flag,
        count,
        price,
        ratio,
        title,
        blob,
        at,
        day,
        document,
        flag_or,
        count_or,
        price_or,
        ratio_or,
        title_or,
        blob_or,
        at_or,
        day_or,
        document_or,
        id_or,
    };

    every_type();
    every_type(const every_type&) = delete;
    every_type& operator=(const every_type&) = delete;

    /// Without extremes: what has a place in all formats and readers.
    [[nodiscard]] std::vector<model::value> ordinary() const;
    [[nodiscard]] std::vector<model::value> lowest() const;
    [[nodiscard]] std::vector<model::value> highest() const;
    /// Zero, empty, and NULL where that is allowed.
    [[nodiscard]] std::vector<model::value> empty() const;
    /// Quotes, line feeds, zero bytes, characters of all lengths.
    [[nodiscard]] std::vector<model::value> odd() const;

    [[nodiscard]] std::vector<std::vector<model::value>> rows() const
    {
        return {ordinary(), lowest(), highest(), empty(), odd()};
    }

    [[nodiscard]] kafka::outlet outlet(kafka::record_format format) const;

    std::vector<model::column> columns;
    std::array<model::table, 3> tables;
    model::key_codec keys;
};

}  // namespace bazaar::test
