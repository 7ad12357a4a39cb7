#include "support/query.hpp"

#include "bazaar/base/error.hpp"

namespace bazaar::test
{
namespace
{

template <typename Rows>
std::string value_text(const Rows& found, int row, int column)
{
    return std::string(found.null(row, column) ? std::string_view("~") : found.get(row, column));
}

template <typename Client>
std::string rows_of(Client& on, std::string_view sql)
{
    const auto found = on.exec(sql);
    std::string text;
    for (int row = 0; row < found.rows(); ++row)
    {
        for (int column = 0; column < found.columns(); ++column)
            text += (column > 0 ? "|" : "") + value_text(found, row, column);
        text += '\n';
    }
    return text;
}

template <typename Client>
std::string value_of(Client& on, std::string_view sql)
{
    const auto found = on.exec(sql);
    expect(found.rows() == 1 && found.columns() == 1, "the query has one value: " + std::string(sql));
    return value_text(found, 0, 0);
}

}  // namespace

std::string rows(sql_client& on, std::string_view sql)
{
    return rows_of(on, sql);
}

std::string one(sql_client& on, std::string_view sql)
{
    return value_of(on, sql);
}

std::string rows_within(postgres::session& on, std::string_view sql)
{
    return rows_of(on, sql);
}

std::string one_within(postgres::session& on, std::string_view sql)
{
    return value_of(on, sql);
}

}  // namespace bazaar::test
