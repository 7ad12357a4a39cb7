#include "bazaar/observe/process_figures.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

namespace bazaar::observe
{
namespace
{

/// When the machine started, in seconds since 1970.
double boot_time()
{
    std::ifstream file("/proc/stat");
    std::string word;
    while (file >> word)
        if (double at = 0; word == "btime" && file >> at)
            return at;
    return 0;
}

}  // namespace

std::optional<process_figures> read_process()
{
    std::ifstream file("/proc/self/stat");
    const std::string text(std::istreambuf_iterator<char>(file), {});
    // The second field is the program's name and may hold anything.
    const auto end = text.rfind(')');
    if (end == std::string::npos)
        return std::nullopt;
    std::istringstream rest(text.substr(end + 1));
    const std::vector<std::string> fields(std::istream_iterator<std::string>(rest), {});
    if (fields.size() < 22)
        return std::nullopt;
    // Numbered from 1 in proc(5); the first here is the third there.
    const auto field = [&](std::size_t number) { return std::stoull(fields[number - 3]); };
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    static const double booted = boot_time();
    process_figures made;
    made.cpu_seconds = static_cast<double>(field(14) + field(15)) / ticks;
    made.threads = field(20);
    made.started = booted + static_cast<double>(field(22)) / ticks;
    made.virtual_bytes = field(23);
    made.resident_bytes = field(24) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    std::error_code failed;
    for (std::filesystem::directory_iterator at("/proc/self/fd", failed), last; !failed && at != last;
         at.increment(failed))
        ++made.descriptors;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
        made.descriptors_max = limit.rlim_cur;
    return made;
}

}  // namespace bazaar::observe
