#pragma once

#include "bazaar/app/options.hpp"

namespace bazaar::app
{

/// The commands. Each returns an exit code, or throws `error`.
int run(const options& opts);
int init(const options& opts);
int plan(const options& opts);
int explain(const options& opts);

}  // namespace bazaar::app
