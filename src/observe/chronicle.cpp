#include "bazaar/observe/chronicle.hpp"

#include "bazaar/run/clock.hpp"

namespace bazaar::observe
{

void chronicle::add(std::string_view kind, std::string_view text)
{
    const auto at = run::machine_time();
    const std::lock_guard lock(mutex_);
    if (all_.size() == kept)
        all_.pop_front();
    all_.push_back({++count_, at, kind, std::string(text.substr(0, length_max))});
}

std::vector<happening> chronicle::newest() const
{
    const std::lock_guard lock(mutex_);
    return {all_.begin(), all_.end()};
}

}  // namespace bazaar::observe
