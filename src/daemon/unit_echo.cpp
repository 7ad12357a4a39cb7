#include "daemon/unit_echo.hpp"

#include <string>
#include <utility>

#include <fmt/format.h>

#include "bazaar/process/logging.hpp"
#include "bazaar/process/output.hpp"
#include "daemon/kafka_writing.hpp"

namespace bazaar::daemon
{

void unit_echo::begin(std::string_view schema, const scenario::scenario& shop, const model::key_codec& ids)
{
    functions_.clear();
    // Records are written by no function.
    if (!writes_to_kafka(shop))
        functions_ = postgres::make_write_functions(schema, shop.tables(), shop.kinds());
    render_.emplace(shop.tables(), shop.kinds(), ids);
}

void unit_echo::show(const model::unit& unit)
{
    std::string text;
    if (unshown_ > 0)
        text = fmt::format("({} units are not shown: nobody read them in time)\n", unshown_);
    if (!functions_.empty())
        text += functions_[unit.decision.kind].call + "\n";
    render_->text(unit, text);
    if (!process::offer_text(text))
    {
        if (unshown_++ == 0)
            log(process::log_level::warning, "echo",
                "nobody reads stdout: units are not shown there until somebody does");
        return;
    }
    if (const auto missed = std::exchange(unshown_, 0); missed > 0)
        log(process::log_level::warning, "echo", fmt::format("stdout is read again: {} units were not shown", missed),
            {{"units", missed}});
}

}  // namespace bazaar::daemon
