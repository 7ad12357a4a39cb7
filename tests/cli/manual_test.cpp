// What is made from the table of flags besides the help: manual page, completion, configuration file.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "cli/process.hpp"
#include "support/contents.hpp"
#include "support/places.hpp"

namespace bazaar::test
{
namespace
{

std::string without(std::string text, char what)
{
    std::erase(text, what);
    return text;
}

/// First cells of the rows of a table in markdown that begin with `start`.
std::vector<std::string> rows(const std::string& document, const std::string& start)
{
    std::vector<std::string> found;
    std::istringstream lines(document);
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(start))
            found.push_back(line.substr(2, line.find(" |", 2) - 2));
    return found;
}

/// What bash offers in place of the last word.
std::set<std::string> offered(const std::vector<std::string>& words)
{
    std::string script =
        "source <(\"$0\" --help-completion bash); COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _bazaard; "
        "printf '%s\\n' \"${COMPREPLY[@]}\"";
    std::vector<std::string> command{"/bin/bash", "-c", script, test::program_path()};
    command.insert(command.end(), words.begin(), words.end());
    const auto left = process(command).wait();
    EXPECT_EQ(left.status, 0) << left.err;
    EXPECT_EQ(left.err, "");
    std::set<std::string> found;
    std::istringstream lines(left.out);
    for (std::string line; std::getline(lines, line);)
        if (!line.empty())
            found.insert(line);
    return found;
}

using offers = std::set<std::string>;

TEST(manual, has_every_flag_and_every_exit_code)
{
    const auto page = without(bazaard({"--help-man"}).out, '\\');
    const auto flags = rows(contents(test::source_dir() + "/docs/flags.md"), "| `--");
    ASSERT_GT(flags.size(), 80U);
    for (const auto& flag : flags)
    {
        const auto name = flag.substr(1, flag.find_first_of(" `,", 1) - 1);
        EXPECT_NE(page.find("\n.TP\nfB" + name), page.npos) << name;
    }
    const auto codes = rows(contents(test::source_dir() + "/docs/exit-codes.md"), "| ");
    ASSERT_GT(codes.size(), 15U);
    const auto exits = page.substr(page.find(".SH EXIT STATUS"));
    for (const auto& code : codes)
        if (code != "code" && code != "---")
        {
            EXPECT_NE(exits.find(".TP\nfB" + code + "fR\n"), exits.npos) << code;
        }
    // Title, name of each code, rule.
    EXPECT_EQ(codes.size() - 2,
              [&]
              {
                  const auto part = exits.substr(0, exits.find(".SH SIGNALS"));
                  std::size_t count = 0;
                  for (auto at = part.find(".TP"); at != part.npos; at = part.find(".TP", at + 1))
                      ++count;
                  return count;
              }());
}

TEST(completion, offers_the_flags_of_each_command_and_no_others)
{
    const auto commands = offered({"bazaard", ""});
    ASSERT_TRUE(commands.contains("verify"));
    for (const auto& command : commands)
    {
        const auto flags = offered({"bazaard", command, "--"});
        const auto help = bazaard({command, "--help"}).out;
        std::size_t listed = 0;
        std::istringstream lines(help);
        for (std::string line; std::getline(lines, line);)
            if (line.starts_with("  --"))
            {
                ++listed;
                const auto toggle = line.starts_with("  --[no-]");
                const auto start = toggle ? 9U : 4U;
                const auto name = line.substr(start, line.find_first_of(" ,", start) - start);
                EXPECT_TRUE(flags.contains("--" + name)) << command << ' ' << line;
                EXPECT_EQ(toggle, flags.contains("--no-" + name)) << command << ' ' << line;
            }
        ASSERT_GE(listed, 8U) << command;
        // Whatever is offered is known to the program: it may lack a value, or be of no use alone.
        for (const auto& flag : flags)
        {
            const auto left = bazaard({command, flag, "--help"});
            EXPECT_EQ(left.err.find("unknown flag"), std::string::npos) << command << ' ' << flag << ": " << left.err;
        }
    }
    EXPECT_NE(bazaard({"run", "--no-such-flag", "--help"}).err.find("unknown flag"), std::string::npos);
}

TEST(completion, knows_words_and_verbs)
{
    EXPECT_EQ(offered({"bazaard", "--avg"}), offers{"--avg-qps"});
    EXPECT_EQ(offered({"bazaard", "run", "--db-sslmode", "verify"}), (offers{"verify-ca", "verify-full"}));
    EXPECT_EQ(offered({"bazaard", "run", "--lifecycle", "=", "c"}), offers{"complete"});
    EXPECT_EQ(offered({"bazaard", "cdc", ""}), (offers{"drop", "setup"}));
    EXPECT_EQ(offered({"bazaard", "ver"}), offers{"verify"});
    EXPECT_EQ(offered({"bazaard", "run", "--seed", ""}), offers{});
    EXPECT_FALSE(offered({"bazaard", "verify", "tables", "--"}).contains("--workers"));
    EXPECT_TRUE(offered({"bazaard", "verify", "tables", "--"}).contains("--follow"));
    EXPECT_FALSE(offered({"bazaard", "verify", "stream", "--"}).contains("--follow"));
    EXPECT_TRUE(offered({"bazaard", "verify", "--"}).contains("--follow"));
    EXPECT_FALSE(offered({"bazaard", "--help"}).contains("--help-man"));
}

TEST(default_config, says_the_defaults_and_is_read)
{
    const auto text = bazaard({"--help-config"}).out;
    const auto printed = bazaard({"run", "--print-config"}).out;
    std::string set;
    std::size_t defaults = 0;
    std::istringstream lines(printed);
    for (std::string line; std::getline(lines, line);)
        if (const auto end = line.find("  # default"); end != line.npos && !line.starts_with('#'))
        {
            ++defaults;
            EXPECT_NE(text.find("\n#" + line.substr(0, end) + "\n"), text.npos) << line;
            set += line.substr(0, end) + '\n';
        }
    EXPECT_GT(defaults, 40U);
    // As it is, it sets nothing.
    const temporary_file untouched(text);
    auto as_is = bazaard({"run", "--config", untouched.path(), "--print-config"});
    EXPECT_EQ(as_is.status, 0) << as_is.err;
    EXPECT_EQ(as_is.out.find(untouched.path() + ':'), std::string::npos);
    const temporary_file all(set);
    const auto given = bazaard({"run", "--config", all.path(), "--print-config"});
    EXPECT_EQ(given.status, 0) << given.err;
    EXPECT_EQ(static_cast<std::size_t>(std::count(set.begin(), set.end(), '\n')),
              [&]
              {
                  std::size_t count = 0;
                  for (auto at = given.out.find(all.path() + ':'); at != std::string::npos;
                       at = given.out.find(all.path() + ':', at + 1))
                      ++count;
                  return count;
              }());
    // A password has no place in it.
    EXPECT_EQ(text.find("#db-password ="), text.npos);
}

}  // namespace
}  // namespace bazaar::test
