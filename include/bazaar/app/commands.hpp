#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "bazaar/app/options.hpp"
#include "bazaar/daemon/service.hpp"
#include "bazaar/model/table.hpp"
#include "bazaar/postgres/session.hpp"

namespace bazaar::app
{

/// The commands. Each returns an exit code, or throws `error`. `reread` reads flags, environment and configuration file
/// again.
int run(const options& opts, const std::function<options()>& reread);
int load(const options& opts);
int init(const options& opts);
int plan(const options& opts);
int answers(const options& opts);
int explain(const options& opts);
int card(const options& opts);
int reset(const options& opts);
int cdc(const options& opts);
int connector(const options& opts);
int topics(const options& opts);
int doctor(const options& opts);
int verify(const options& opts);
int ctl(const options& opts);
int scenarios(const options& opts);
int views(const options& opts);
int describe(const options& opts);

/// The work of `cdc setup` and `init --cdc`.
int cdc_setup(const options& opts, postgres::session& link, std::span<const model::table> tables);

/// Refuses flags for views that this scenario does not have, or that cannot be where they are to be.
void check_views(const options& opts, const scenario::entry& of);

/// The work of `views create` and `init --views`.
void create_views(const options& opts, postgres::session& link, const scenario::entry& of);

using daemon::topic_states;
[[nodiscard]] int exit_code(const topic_states& of) noexcept;

/// The work of `topics ensure` and --create-topic.
topic_states ensure_topics(const options& opts, const scenario::entry& of);

/// Exit code of a command that found a difference that it was not allowed to change.
inline constexpr int findings = 3;

}  // namespace bazaar::app
