#include "bazaar/daemon/work_progress.hpp"

#include <string>

#include <fmt/format.h>

#include "bazaar/daemon/report.hpp"

namespace bazaar::daemon
{

void work_progress::show(std::string_view text, double done, double all, std::uint64_t counted, std::string_view what)
{
    shown_ = clock::now();
    const auto took = std::chrono::duration<double>(shown_ - begun_).count();
    auto line = std::string(text);
    if (took > 0)
        line += fmt::format(" | {} {}/s", grouped(static_cast<std::uint64_t>(static_cast<double>(counted) / took)),
                            what);
    if (done > 0 && all > done && took > 1)
        line += fmt::format(" | about {:.0f} s left", took * (all - done) / done);
    line_.show(line);
}

}  // namespace bazaar::daemon
