#pragma once

#include <string>

#include "bazaar/postgres/session.hpp"
#include "bazaar/postgres/store.hpp"
#include "bazaar/run/record_reader.hpp"

namespace bazaar::postgres
{

/// A snapshot for as long as this object lives. The first query takes it.
class snapshot
{
public:
    explicit snapshot(session& on);

private:
    transaction transaction_;
};

/// The records of the runs of one schema, read through a session of the caller.
///
/// Lifetime: the session outlives it.
class record_reader : public run::record_reader
{
public:
    record_reader(session& on, std::string schema, fields_of fields);

    [[nodiscard]] std::string where() const override;
    [[nodiscard]] std::optional<run::scenario_record> recorded_scenario(std::string_view run) override;
    [[nodiscard]] std::optional<run::record> load(std::string_view run) override;
    [[nodiscard]] std::vector<run::record> list() override;
    [[nodiscard]] std::optional<unit_no> highest_unit(const run::record& of, const scenario::scenario& shop) override;
    void at_one_moment(const std::function<void()>& read) override;

private:
    session& on_;
    const std::string schema_;
    const fields_of fields_;
};

}  // namespace bazaar::postgres
