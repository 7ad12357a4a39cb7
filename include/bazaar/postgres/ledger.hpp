#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "bazaar/postgres/gateway.hpp"
#include "bazaar/postgres/plan_cache.hpp"
#include "bazaar/postgres/record_reader.hpp"
#include "bazaar/postgres/session.hpp"
#include "bazaar/postgres/store.hpp"
#include "bazaar/run/ledger.hpp"

namespace bazaar::postgres
{

/// The record of a run in the schema `bazaard`, accessed through a session of the gateway.
///
/// Lifetime, threads, errors: as for `run::ledger`; errors that waiting does not fix are `query_error`, with everything
/// that the server said.
class ledger final : public run::ledger
{
public:
    /// `batch_rows`: rows from before unit 0 in one message.
    ledger(std::shared_ptr<gateway> to, std::string schema, std::string run, fields_of fields,
           std::size_t batch_rows = 1000);
    ~ledger() override;

    ledger(const ledger&) = delete;
    ledger& operator=(const ledger&) = delete;

    [[nodiscard]] bool ready(const std::stop_token& stop) override;
    [[nodiscard]] bool ready_at_once() override;
    [[nodiscard]] bool connected() const override { return link_.has_value(); }
    [[nodiscard]] std::chrono::milliseconds rest(std::chrono::milliseconds wait) override;
    void close() override;
    void probe() override;
    [[nodiscard]] peer other_end() const override;
    void forget() override;
    void trust() override;
    [[nodiscard]] time now() override;

    [[nodiscard]] std::string where() const override;
    [[nodiscard]] std::optional<run::scenario_record> recorded_scenario(std::string_view run) override;
    [[nodiscard]] std::optional<run::record> load(std::string_view run) override;
    [[nodiscard]] std::vector<run::record> list() override;
    [[nodiscard]] std::optional<unit_no> highest_unit(const run::record& of, const scenario::scenario& shop) override;
    void at_one_moment(const std::function<void()>& read) override;

    [[nodiscard]] run::rights check_rights(std::span<const model::table> tables) override;
    bool prepare(const scenario::scenario& shop) override;
    [[nodiscard]] std::vector<std::string> leftovers(const scenario::scenario& shop, std::uint32_t tag) override;

    void begin(const run::record& of, const scenario::scenario& shop, const run::holder& by,
               const run::first_rows& wanted) override;
    [[nodiscard]] std::optional<run::taken_lease> take(const run::lease_options& how) override;
    bool append(std::uint64_t sequence, const model::control& entry) override;
    void append(const run::checkpoint& state) override;
    time mark(const run::progress& now) override;
    void release(const run::progress& now) override;

    [[nodiscard]] std::optional<std::vector<std::byte>> kept_plan() override;
    void keep(run::saved_plan what, std::optional<std::chrono::milliseconds> limit) override;
    bool keep_piece() override;

    [[nodiscard]] run::last_inserts::ends last_rows(const run::record& of, const scenario::scenario& shop) override;

    /// The lease, for writers and loaders.
    [[nodiscard]] const ownership& own() const noexcept { return own_; }

    /// Calls `work(session&)`, with the errors of `run::ledger`. Call `ready` before.
    template <typename Work>
    decltype(auto) with(Work&& work)
    {
        try
        {
            return std::forward<Work>(work)(*link_);
        }
        catch (const query_error& problem)
        {
            refuse(problem);
            throw;
        }
    }

private:
    /// The errors of the seam apply to what is read, too.
    template <typename Read>
    auto read(Read what)
    {
        return with([&](session& on) { return what(postgres::record_reader(on, own_.schema, fields_)); });
    }

    void see_scenario(const run::record& of);
    void refuse(const query_error& problem);
    void drop(std::string_view why);

    const std::shared_ptr<gateway> to_;
    const fields_of fields_;
    const std::size_t batch_rows_;
    ownership own_;
    run::record seen_;  ///< What says which scenario the run is of, as last seen; nothing else.
    std::optional<session> link_;
    bool counted_ = false;  ///< The gateway counts the session.
    std::optional<plan_writer> plan_;
};

}  // namespace bazaar::postgres
