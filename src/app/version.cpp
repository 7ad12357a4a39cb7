#include <boost/version.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/version.h>

#include "app/manual.hpp"
#include "bazaar/app/help.hpp"
#include "bazaar/kafka/classify.hpp"
#include "bazaar/postgres/connection.hpp"
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

std::string compiler()
{
#if defined(__clang__)
    return fmt::format("clang {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
    return fmt::format("gcc {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
}

std::string version_text(std::string_view commit)
{
    return fmt::format("bazaard {}\n"
                       "commit        {}\n"
                       "build         {}{}, {}\n"
                       "Boost         {}.{}.{}\n"
                       "fmt           {}.{}.{}\n"
                       "libpq         {}\n"
                       "librdkafka    {}\n"
                       "nlohmann-json {}.{}.{}\n"
                       "simdjson      {}\n"
                       "spdlog        {}.{}.{}\n",
                       BAZAARD_VERSION, commit, build_type(), sanitizer(), compiler(), BOOST_VERSION / 100'000,
                       BOOST_VERSION / 100 % 1'000, BOOST_VERSION % 100, FMT_VERSION / 10'000, FMT_VERSION / 100 % 100,
                       FMT_VERSION % 100, postgres::library_version(), kafka::library_version(),
                       NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH,
                       verify::library_version(), SPDLOG_VER_MAJOR, SPDLOG_VER_MINOR, SPDLOG_VER_PATCH);
}

}  // namespace bazaar::app
