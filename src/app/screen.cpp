#include "app/screen.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace bazaar::app
{

bool has_utf8(const std::map<std::string, std::string>& environment)
{
    static constexpr std::array names{"LC_ALL", "LC_CTYPE", "LANG"};
    for (const auto* name : names)
    {
        const auto found = environment.find(name);
        if (found == environment.end() || found->second.empty())
            continue;
        // Spelled in many ways: C.UTF-8, en_GB.utf8, UTF-8.
        std::string letters;
        for (const char c : found->second)
            if (c != '-')
                letters += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
        return letters.find("utf8") != std::string::npos;
    }
    return false;
}

screen screen_of_stdout(const std::map<std::string, std::string>& environment)
{
    screen made;
    winsize size{};
    if (::isatty(STDOUT_FILENO) == 1 && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        made.width = std::clamp<std::size_t>(size.ws_col, screen_least, screen_most);
    made.blocks = has_utf8(environment);
    return made;
}

}  // namespace bazaar::app
