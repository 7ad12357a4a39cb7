#include "bazaar/verify/library_version.hpp"

#include <simdjson.h>

namespace bazaar::verify
{

std::string library_version()
{
    std::string text;
    for (const int part :
         {static_cast<int>(simdjson::SIMDJSON_VERSION_MAJOR), static_cast<int>(simdjson::SIMDJSON_VERSION_MINOR),
          static_cast<int>(simdjson::SIMDJSON_VERSION_REVISION)})
        text += (text.empty() ? "" : ".") + std::to_string(part);
    return text;
}

}  // namespace bazaar::verify
