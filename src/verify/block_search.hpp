#pragma once

#include "block_scan.hpp"
#include "column_compare.hpp"
#include "open_window.hpp"

namespace bazaar::verify
{

/// Plans the blocks that differ again in full, and compares them row by row.
class block_search
{
public:
    block_search(tables_work& work, const block_scan& scan, open_window& window, column_compare& columns)
        : work_(work), scan_(scan), window_(window), columns_(columns)
    {
    }

    /// All of them, or some hundred until a mismatch is certain.
    void go();

private:
    class rows_of_blocks;

    void look_into(std::span<const row_key> blocks);
    void plan(rows_of_blocks& rows);
    void read(rows_of_blocks& rows, suspects& found);

    tables_work& work_;
    const block_scan& scan_;
    open_window& window_;
    column_compare& columns_;
};

}  // namespace bazaar::verify
