#pragma once

#include <functional>

#include "bazaar/app/options.hpp"

namespace bazaar::app
{

/// The commands. Each returns an exit code, or throws `error`. `reread` reads flags, environment and configuration file once
/// more.
int run(const options& opts, const std::function<options()>& reread);
int init(const options& opts);
int plan(const options& opts);
int explain(const options& opts);
int card(const options& opts);
int reset(const options& opts);

}  // namespace bazaar::app
