#include "app/verify.hpp"
#include "bazaar/app/commands.hpp"

namespace bazaar::app
{

int verify(const options& opts)
{
    if (opts.verb == "topics")
        return verify_topics(opts);
    if (opts.verb == "events")
        return verify_events(opts);
    return opts.verb == "stream" ? verify_stream(opts) : verify_tables(opts);
}

}  // namespace bazaar::app
