#include "bazaar/run/pacer.hpp"

namespace bazaar::run
{

pacer::verdict pacer::judge(time next_at, time now)
{
    if (next_at > now)
    {
        options_.live = true;
        return {.wait = next_at - now};
    }
    const microseconds lag = now - next_at;
    if (options_.shifts && options_.live && lag > options_.lag_max)
        return {.lag = lag, .shift = lag};
    return {.lag = lag};
}

}  // namespace bazaar::run
