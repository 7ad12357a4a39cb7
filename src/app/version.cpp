#include <boost/version.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/version.h>

#include "app/manual.hpp"
#include "bazaar/app/help.hpp"
#include "bazaar/io/yaml.hpp"
#include "bazaar/kafka/classify.hpp"
#include "bazaar/postgres/connection.hpp"
#include "bazaar/process/program.hpp"
#include "bazaar/verify/library_version.hpp"

namespace bazaar::app
{
namespace
{

std::string_view build_type()
{
#if defined(BAZAARD_BUILD_TYPE)
    return BAZAARD_BUILD_TYPE;
#elif defined(NDEBUG)
    return "release";
#elif defined(__OPTIMIZE__)
    return "optimised, with assertions";
#else
    return "debug";
#endif
}

std::string_view sanitizer()
{
#if defined(__SANITIZE_ADDRESS__)
    return ", address sanitizer";
#elif defined(__SANITIZE_THREAD__)
    return ", thread sanitizer";
#else
    return "";
#endif
}

}  // namespace

std::string version_text(std::string_view commit)
{
    return fmt::format("bazaard {}\n"
                       "commit        {}\n"
                       "build         {}{}, {}\n"
                       "Boost         {}.{}.{}\n"
                       "fmt           {}.{}.{}\n"
                       "libpq         {}\n"
                       "librdkafka    {}\n"
                       "libyaml       {}\n"
                       "nlohmann-json {}.{}.{}\n"
                       "simdjson      {}\n"
                       "spdlog        {}.{}.{}\n",
                       process::program_version(), commit, build_type(), sanitizer(), process::compiler(),
                       BOOST_VERSION / 100'000, BOOST_VERSION / 100 % 1'000, BOOST_VERSION % 100, FMT_VERSION / 10'000,
                       FMT_VERSION / 100 % 100, FMT_VERSION % 100, postgres::library_version(),
                       kafka::library_version(), io::yaml_library_version(), NLOHMANN_JSON_VERSION_MAJOR,
                       NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH, verify::library_version(),
                       SPDLOG_VER_MAJOR, SPDLOG_VER_MINOR, SPDLOG_VER_PATCH);
}

}  // namespace bazaar::app
