#include "app/verify.hpp"
#include "bazaar/app/commands.hpp"

namespace bazaar::app
{

int verify(const options& opts)
{
    return verify_tables(opts);
}

}  // namespace bazaar::app
