#include "bazaar/run/pacer.hpp"

namespace bazaar::run
{

pacer::verdict pacer::judge(time next_at, time now)
{
    if (next_at > now)
    {
        options_.live = true;
        return {next_at - now, microseconds{0}, std::nullopt};
    }
    const microseconds lag = now - next_at;
    if (options_.shifts && options_.live && lag > options_.lag_max)
        return {microseconds{0}, lag, lag};
    return {microseconds{0}, lag, std::nullopt};
}

}  // namespace bazaar::run
