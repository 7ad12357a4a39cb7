#pragma once

#include "bazaar/observe/handler.hpp"

namespace bazaar::observe
{

/// Makes `by` serve the live page at `/`: one file, which loads nothing and may run only its own script.
void serve_page(handler& by);

}  // namespace bazaar::observe
