#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string_view>

#include "bazaar/postgres/session.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::postgres
{

/// Calls its argument with each row.
using row_source = std::function<void(const scenario::row_taker& take)>;

/// Writes rows by binary COPY, `batch_rows` of them a message.
void copy_rows(session& on, std::string_view schema, const model::table& t, const id_codec& ids, std::size_t batch_rows,
               const row_source& rows);

/// A transaction of work that is longer than a unit: more patience on both sides while it lives.
class long_transaction
{
public:
    explicit long_transaction(session& on);
    ~long_transaction();
    long_transaction(const long_transaction&) = delete;
    long_transaction& operator=(const long_transaction&) = delete;

    void commit();

private:
    session& session_;
    std::chrono::milliseconds usual_deadline_;
    transaction transaction_;
};

}  // namespace bazaar::postgres
