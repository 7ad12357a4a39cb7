#include "support/other_daemons.hpp"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <system_error>

#include <fmt/format.h>

namespace bazaar::test
{
namespace
{

bool has_sockets(const std::string& directory)
{
    std::error_code ignored;
    const std::filesystem::directory_iterator all(directory, ignored);
    return std::any_of(begin(all), end(all), [&](const auto& one) { return one.is_socket(ignored); });
}

bool hide()
{
    const std::array<std::string, 2> shared{"/run/bazaard", fmt::format("/tmp/bazaard-{}", ::geteuid())};
    const bool alone = ::unshare(CLONE_NEWNS) == 0 &&
                       ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                       std::ranges::all_of(shared,
                                           [](const std::string& directory)
                                           {
                                               (void)::mkdir(directory.c_str(), S_IRWXU);
                                               return ::mount("none", directory.c_str(), "tmpfs", 0, "mode=0700") == 0;
                                           });
    return alone || std::ranges::none_of(shared, has_sockets);
}

}  // namespace

bool hide_other_daemons()
{
    static const bool hidden = hide();
    return hidden;
}

}  // namespace bazaar::test
