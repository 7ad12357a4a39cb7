#include <sys/prctl.h>

#include <csignal>
#include <exception>
#include <string>
#include <vector>

#include "bazaar/app/commands.hpp"
#include "bazaar/app/help.hpp"
#include "bazaar/app/options.hpp"
#include "bazaar/process/logging.hpp"
#include "bazaar/process/standard_streams.hpp"
#include "bazaar/process/value_source.hpp"
#include "bazaar/scenario/registry.hpp"
#include "commit.hpp"

using namespace bazaar;

namespace
{

int work(int argc, char** argv, app::command likely)
{
    std::signal(SIGPIPE, SIG_IGN);  // A closed pipe is an error of the write, not the end.
    prctl(PR_SET_DUMPABLE, 0);      // libpq keeps the password in memory: no core file, no debugger of another process.
    try
    {
        // As they were: parsing takes the secrets out of the memory that everybody sees.
        const auto reread = [words = std::vector<std::string>(argv, argv + argc)]
        {
            auto copy = words;
            std::vector<char*> pointers;
            for (auto& word : copy)
                pointers.push_back(word.data());
            return app::parse(static_cast<int>(pointers.size()), pointers.data(), app::process_surroundings());
        };
        const auto given = app::parse(argc, argv, app::process_surroundings());
        process::name_sources(given.given);
        if (given.core_dumps)
            prctl(PR_SET_DUMPABLE, 1);
        process::start_logging({.level = given.level, .format = given.format});
        for (const auto& line : given.warnings)
            process::log(process::log_level::warning, "options", line);
        if (given.ask != app::request::work)
            return app::print(app::answer(given, scenario::registry(), BAZAARD_COMMIT));
        switch (given.what)
        {
        case app::command::run:
            return app::run(given, reread);
        case app::command::init:
            return app::init(given);
        case app::command::plan:
            return app::plan(given);
        case app::command::load:
            return app::load(given);
        case app::command::answers:
            return app::answers(given);
        case app::command::explain:
            return app::explain(given);
        case app::command::card:
            return app::card(given);
        case app::command::reset:
            return app::reset(given);
        case app::command::cdc:
            return app::cdc(given);
        case app::command::connector:
            return app::connector(given);
        case app::command::topics:
            return app::topics(given);
        case app::command::doctor:
            return app::doctor(given);
        case app::command::verify:
            return app::verify(given);
        case app::command::ctl:
            return app::ctl(given);
        case app::command::scenario:
            return app::scenarios(given);
        case app::command::views:
            return app::views(given);
        case app::command::describe:
            return app::describe(given);
        }
    }
    catch (...)
    {
        return app::report_failure(likely);
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv)
{
    process::open_standard_descriptors();
    std::set_terminate(process::last_words);
    const auto likely = app::likely_command(argc, argv);
    const int code = work(argc, argv, likely);
    process::flush_at_end(likely == app::command::run);
    return code;
}
