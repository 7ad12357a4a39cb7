#pragma once

namespace bazaar::test
{

/// Hides the daemons of others from all that this thread starts from now on: `ctl` looks in places that the daemons of a user share.
/// False where that cannot be done and there are some.
[[nodiscard]] bool hide_other_daemons();

}  // namespace bazaar::test
