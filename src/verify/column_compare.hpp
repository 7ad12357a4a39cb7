#pragma once

#include "block_scan.hpp"
#include "suspects.hpp"

namespace bazaar::verify
{

/// Plans the versions of some rows again, and says what is wrong with each row, column by column. Rows that units which are
/// not known may have changed or removed are counted over all calls.
class column_compare
{
public:
    /// `past` is a walk that has planned all units that are known, and is used up here.
    column_compare(tables_work& work, const block_scan& scan, unit_walk& past);

    void judge(suspects& rows);

    /// What was not judged is not proven.
    void tell() const;

private:
    tables_work& work_;
    const block_scan& scan_;
    suspects::limits limits_;
    suspects::not_judged left_;
};

}  // namespace bazaar::verify
