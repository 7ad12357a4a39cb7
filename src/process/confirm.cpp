#include "bazaar/process/confirm.hpp"

#include <unistd.h>

#include <chrono>
#include <iostream>

#include "bazaar/base/error.hpp"
#include "bazaar/base/plain.hpp"
#include "bazaar/process/logging.hpp"

namespace bazaar::process
{

bool confirmed(const std::string& question)
{
    if (isatty(STDIN_FILENO) == 0)
        throw error(error_kind::usage, question + " There is no terminal to ask: --yes answers");
    flush_log(std::chrono::seconds(1));
    std::cerr << plain(question) << " [y/N] " << std::flush;
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace bazaar::process
