#include "support/query.hpp"

#include "bazaar/base/error.hpp"

namespace bazaar::test
{

std::string rows(postgres::session& on, std::string_view sql)
{
    const auto found = on.exec(sql);
    std::string text;
    for (int row = 0; row < found.rows(); ++row)
    {
        for (int column = 0; column < found.columns(); ++column)
        {
            if (column > 0)
                text += '|';
            text += found.null(row, column) ? std::string_view("~") : found.get(row, column);
        }
        text += '\n';
    }
    return text;
}

std::string one(postgres::session& on, std::string_view sql)
{
    const auto found = on.exec(sql);
    expect(found.rows() == 1 && found.columns() == 1, "the query has one value: " + std::string(sql));
    return std::string(found.null(0, 0) ? std::string_view("~") : found.get(0, 0));
}

}  // namespace bazaar::test
