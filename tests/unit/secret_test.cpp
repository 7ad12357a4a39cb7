// In which forms a password comes, and that none of them is shown: each form through each flag, and forms made at random.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "bazaar/app/flag.hpp"
#include "bazaar/app/help.hpp"
#include "bazaar/app/options.hpp"
#include "bazaar/app/options_sources.hpp"
#include "bazaar/base/error.hpp"
#include "bazaar/postgres/secret.hpp"
#include "bazaar/scenario/registry.hpp"
#include "support/effort.hpp"

namespace bazaar::app
{
namespace
{

using postgres::secrecy;
using postgres::secrecy_of;

constexpr std::string_view marker = "SwordFish";

TEST(secrets, forms)
{
    for (const auto* text :
         {"", "demo", "localhost", "a b", "me@server", "h:5432", "http://localhost:8083", "postgresql://u@h:1/d",
          "postgresql:///d?host=/tmp&user=me@server", "host=h user=u", "2026-01-01T00:00:00Z", "10.0.0.1:9092,b:1",
          "${env:BAZAARD_DB_PASSWORD}", "token:9092", "a:1,secret:9092/x", "password:", "postgresql://\xc3\xbc@h/d",
          "\xef\xbc\xb5", "options=-c\\ password_encryption=md5"})
        EXPECT_EQ(secrecy_of(text), secrecy::none) << text;
    for (const auto* text : {"postgresql://u:p@h/d", "postgres://u:p@h", "mysql://u:p@h", "http://u:p@h:8083/kafka",
                             "http://token@h", "postgresql://h/d?password=p&sslmode=require", "password=p",
                             "host=h password = 'a b' user=u", "postgresql://h/d?p%61ssword=p"})
        EXPECT_EQ(secrecy_of(text), secrecy::apart) << text;
    for (const auto* text : {"u:p@h",
                             "postgres://u:p",
                             "postgresql://u:12/x@h",
                             "postgresql://u:1?x@h",
                             "postgresql://u:p#x@h",
                             "postgresql://u:p@x@h",
                             "passWord=p",
                             "PASSWORD=p",
                             "passwd=p",
                             "postgresql://h/d?passWord=p",
                             "//u:p@h",
                             "postgresql:u:p@h",
                             "host=h password=a b",
                             "host=h password=a b=c",
                             "password='a",
                             "host=u:p@h password=x",
                             "dbname=postgres://u:p@h",
                             "postgresql://h/postgres%3A%2F%2Fu%3Ap%40h",
                             "postgresql://u:99999",
                             "http://u:p@h?x",
                             "postgresql://h/d?dbname=u:p@x",
                             "x pwd = p",
                             "u%3Ap@h",
                             "u:p%40h",
                             "u%3ap%40h",
                             "100%:u%3ap%40h",
                             "u\xef\xbc\x9ap@h",
                             "u\xef\xbc\x9ap\xef\xbc\xa0h",
                             "password\xef\xbc\x9dp",
                             "\xef\xbd\x90"
                             "assword=p",
                             "postgresql://u\xef\xbc\x9ap@h/d",
                             "postgresql://u%3Ap@h/d",
                             "postgresql://u|p@h/d",
                             "postgresql://u;p@h/d",
                             "postgresql://h/d?user=u:p",
                             "http://h:1/;password=p",
                             "password: p",
                             "{\"password\": \"p\"}",
                             "db-password:p",
                             "Authorization: Bearer p",
                             "http://u:p@h/${env:X}#"})
        EXPECT_EQ(secrecy_of(text), secrecy::ambiguous) << text;
    EXPECT_EQ(postgres::without_secrets("http://token@h/x"), "http://***@h/x");
    EXPECT_EQ(postgres::without_secrets("user=u password='a b' sslpassword = x\\ y port=1"),
              "user=u password=*** sslpassword = *** port=1");
}

TEST(secrets, names_and_hosts)
{
    for (const auto* text : {"demo", "a b", "Österreich", "x@y", "a:b", "db=1", "50%", "a/b", "/x@y", "x%40y"})
        EXPECT_EQ(postgres::name_problem(text), "") << text;
    for (const auto* text : {"u:p@h", "postgres://h", "postgresql://u:p@h/d", "host=h", "dbname = x", "PASSWORD=x",
                             "User=x", "u%3Ap@h", "u:p%40h", "u/p@h", "u%2Fp%40h"})
        EXPECT_NE(postgres::name_problem(text), "") << text;
    for (const auto* text :
         {"h", "a,b", "10.0.0.1", "::1", "fe80::1%eth0", "/tmp/a b", "@abstract", "a_b.c-d", "h,", "m\xc3\xbcnchen"})
        EXPECT_EQ(postgres::host_problem(text), "") << text;
    for (const auto* text :
         {"u:p", "h:5432", "u:p@h", "p@h", "host=h", "a b", "postgres://h", "h/d", "a,u:p@h", "::1 x", "h?x"})
        EXPECT_NE(postgres::host_problem(text), "") << text;
}

/// A command line with the world around it.
struct world
{
    std::map<std::string, std::string> environment{};
    std::string config{};
    std::vector<std::string> words{};

    /// All that is shown of it: mistakes, warnings, the configuration, and what is left in the arguments.
    std::string shown()
    {
        surroundings around{.environment = environment, .read = {}, .now = *parse_time("2026-06-01T12:00:00Z")};
        around.read = [&](const std::string& path) { return path == "FILE" ? std::optional(config) : std::nullopt; };
        auto line = words;
        line.insert(line.begin(), "bazaard");
        std::vector<char*> argv;
        for (auto& word : line)
            argv.push_back(word.data());
        argv.push_back(nullptr);
        std::string all;
        try
        {
            const auto made = parse(static_cast<int>(line.size()), argv.data(), around);
            for (const auto& one : made.warnings)
                all += one + '\n';
            for (const auto& [name, value] : made.given)
                all += fmt::format("{} {} {} {}\n", value.text, value.origin, value.blamed, value.spelled);
            if (made.ask != request::work)
                all += answer(made, around.scenarios, "");
            taken = true;
        }
        catch (const error& problem)
        {
            for (const auto& one : problem.lines())
                all += one + '\n';
            all += name(problem.kind());
        }
        for (const auto& word : line)
            all += word + '\n';
        return all;
    }

    bool taken = false;
};

std::vector<std::string> forms()
{
    std::vector<std::string> all;
    for (const auto* form : {"u:{}@h",
                             "postgres://u:{}",
                             "postgresql://u:{}@h/d",
                             "postgresql://u:12/{}@h/d",
                             "postgresql://u:1?{}@h/d",
                             "postgresql://u:1#{}@h/d",
                             "postgresql://u:x@{}@h/d",
                             "postgresql://u:x@h:1/{}@h/d",
                             "passWord={}",
                             "PASSWORD={}",
                             "password={}",
                             "host=h password = 'x {}' user=u",
                             "host=h password=x {}",
                             "host=h Password={} user=u",
                             "http://u:{}@h:8083",
                             "http://{}@h:8083",
                             "http://u:{}@h/${{env:X}}",
                             "HTTP://u:{}@h:1",
                             "//u:{}@h",
                             "postgresql:u:{}@h",
                             "postgresql://h/d?password={}&sslmode=require",
                             "postgresql://h/d?passWord={}",
                             "postgresql://h/d?sslpassword={}",
                             "postgresql://h/d?p%61ssword={}",
                             "dbname=postgres://u:{}@h/d",
                             "postgresql://u:{}@",
                             "postgresql://u:{}@/d?host=/tmp",
                             "user=u pwd={}",
                             "postgresql://u:%{}@h",
                             "postgresql://u: {}@h"})
        all.push_back(fmt::format(fmt::runtime(form), marker));
    return all;
}

TEST(secrets, are_shown_by_no_flag_whatever_it_was_given)
{
    const auto table = flag_table(scenario::registry(), scenario::default_entry());
    std::size_t tried = 0;
    std::size_t turn = 0;
    for (const auto& entry : table)
    {
        if (entry.form != flag_form::value)
            continue;
        auto values = forms();
        if (entry.secret == flag_secret::whole || entry.secret == flag_secret::reference)
            values.emplace_back(marker);
        const auto flag_text = "--" + std::string(entry.name);
        std::vector<std::string> doing;
        for (const auto what : all_commands)
            if (doing.empty() && entry.commands.has(what))
            {
                doing.emplace_back(name(what));
                for (const auto word : verbs_of(what))
                    if (doing.size() == 1 && entry.commands.has(what, word))
                        doing.emplace_back(word);
            }
        for (const auto& value : values)
        {
            const auto with = [&](std::vector<std::string> more)
            {
                more.insert(more.begin(), doing.begin(), doing.end());
                return more;
            };
            std::vector<world> all{
                {.words = with({flag_text, value, "--print-config"})},
                {.words = with({flag_text + "=" + value, "--print-config"})},
                {.words = with({flag_text, value, flag_text, value})},
                {.words = with({flag_text, value, "--no-such-flag"})},
                {.words = with({flag_text + "x=" + value})},
                {.words = {flag_text, value, "--max-iter", "zero"}},
                {.environment = {{environment_name(entry.name), value}}, .words = with({"--print-config"})},
                {.config = std::string(entry.name) + " = \"" + value + "\"\n",
                 .words = with({"--config", "FILE", "--print-config"})},
                {.config = std::string(entry.name) + " = " + value + "\n" + std::string(entry.name) + ": " + value,
                 .words = with({"--config", "FILE"})}};
            if (entry.secret == flag_secret::whole)
            {
                all.push_back({.words = {flag_text, "--", value}});
                all.push_back({.words = {flag_text, "half", value}});
                all.push_back({.words = {flag_text + "s", value, "more"}});
                all.push_back({.words = {flag_text + "s", "half", value}});
                all.push_back({.words = {flag_text + ":" + value}});
                all.push_back({.words = {flag_text + value}});
                all.push_back({.words = {flag_text.substr(1), value}});
                const std::string bare(entry.name);
                auto doubled = flag_text, missing = flag_text;
                doubled.insert(doubled.size() - 4, 1, doubled[doubled.size() - 4]);
                missing.erase(missing.size() - 4, 1);
                all.push_back({.words = with({flag_text + value})});
                all.push_back({.words = with({flag_text + "-" + value})});
                all.push_back({.words = with({bare, value})});
                all.push_back({.words = with({bare + ":" + value})});
                all.push_back({.words = {doing.front(), bare + ":" + value}});
                all.push_back({.words = {"ctl", bare + ":" + value}});
                all.push_back({.words = {"verify", "Authorization: Bearer", value}});
                all.push_back({.words = with({value, bare})});
                all.push_back({.words = with({"\xe2\x80\x93" + bare, value})});
                all.push_back({.words = with({"\xe2\x80\x94" + bare + "=" + value})});
                all.push_back({.words = with({"--", value})});
                all.push_back({.words = with({value, "--"})});
                all.push_back({.words = with({flag_text.substr(0, flag_text.size() - 3), "half", value})});
                for (const auto& wrong : {doubled, missing})
                {
                    all.push_back({.words = with({wrong, value})});
                    all.push_back({.words = with({wrong, "half", value})});
                    all.push_back({.words = with({wrong + value})});
                    all.push_back({.words = with({wrong.substr(2), value})});
                }
                all.push_back({.words = {"-p" + value}});
                all.push_back({.words = {"-p", value}});
                all.push_back({.config = std::string(entry.name) + value + " = 1", .words = {"--config", "FILE"}});
            }
            // One in two is tried, or fewer: others for each value.
            ++turn;
            for (auto& one : all)
            {
                if (++turn % (2 * test::effort()) != 0)
                    continue;
                ++tried;
                const auto seen = one.shown();
                // fmt::join of the words would show it as the test itself does.
                EXPECT_EQ(seen.find(marker), seen.npos) << flag_text << " = " << value << "\n" << seen;
            }
        }
    }
    EXPECT_GT(tried, test::tries(10'000));
    // Negative control: what is no secret is shown, and is found.
    EXPECT_NE((world{.words = {"--run", std::string(marker)}}.shown().find(marker)), std::string::npos);
    EXPECT_NE((world{.words = {"--db-user", std::string(marker), "--print-config"}}.shown().find(marker)),
              std::string::npos);
    EXPECT_NE((world{.words = {std::string(marker)}}.shown().find(marker)), std::string::npos);
}

TEST(secrets, words_without_a_flag_are_not_repeated)
{
    auto values = forms();
    for (const auto* form : {"u%3A{}@h", "u:{}%40h", "u%3a{}%40h", "u/{}@h"})
        values.push_back(fmt::format(fmt::runtime(form), marker));
    for (const auto& value : values)
        for (const auto& words : std::vector<std::vector<std::string>>{{value},
                                                                       {"run", value},
                                                                       {"explain", value},
                                                                       {"verify", "events", value},
                                                                       {"ctl", "set", value},
                                                                       {"ctl", "set", "avg-qps=" + value},
                                                                       {"cdc", value},
                                                                       {"verify", value}})
        {
            const auto seen = world{.environment = {}, .config = {}, .words = words}.shown();
            EXPECT_EQ(seen.find(marker), seen.npos) << testing::PrintToString(words) << "\n" << seen;
        }
}

TEST(secrets, of_texts_made_at_random_are_not_shown)
{
    // Between these, the marker stands where a password does: behind a colon or the name of a password.
    const std::vector<std::string> heads{"postgresql://u:",
                                         "postgres://:",
                                         "postgresql://h/d?password=",
                                         "password=",
                                         "host=h password=",
                                         "host=h password='",
                                         "u:",
                                         "http://u:",
                                         "postgresql://u@h/d?sslpassword=",
                                         "PassWord = ",
                                         "postgresql://[::1]:"};
    const std::vector<std::string> pieces{
        "@", "/", "?",    "#",  "%",     "%40",   " ",      "=",      "&",  ":",  ",",    "'",   "\\", "[", "]",
        "h", "1", "5432", "db", "user=", "host=", "&user=", " user=", "x=", "@h", "@h/d", "://", "\t", "."};
    std::mt19937 dice(7);
    const auto any = [&](const std::vector<std::string>& of) { return of[dice() % of.size()]; };
    const flag url{.secret = flag_secret::url};
    const flag plain{};
    const flag named{.secret = flag_secret::name};
    const flag host{.secret = flag_secret::host};
    std::size_t by_old_rule = 0, shown_in_part = 0;
    for (int i = 0; i < 60'000; ++i)
    {
        auto text = any(heads);
        const auto before = text.size();
        for (auto n = dice() % 3; n > 0; --n)
            text += any(pieces);
        // What ends a password for every reader, libpq too, ends it here.
        const auto inside = text.substr(before);
        const bool quoted = text.find('\'') != text.npos;
        const bool ended = inside.find('&') != inside.npos || inside.find('@') != inside.npos ||
                           inside.find('/') != inside.npos || inside.find('?') != inside.npos ||
                           inside.find(' ') != inside.npos || inside.find('\t') != inside.npos ||
                           (quoted && inside.find('\'') != inside.npos) || inside.find(',') != inside.npos;
        text += marker;
        for (auto n = dice() % 4; n > 0; --n)
            text += any(pieces);
        for (const auto& which : {url, plain, named, host})
        {
            const auto seen = without_secrets(which, text);
            if (which.secret == flag_secret::url && seen != postgres::mask)
                ++shown_in_part;
            if (!ended)
            {
                // "u:SwordFish" alone is no login: it may be any text. For a URL it is none.
                const bool login = which.secret == flag_secret::url || which.secret == flag_secret::host ||
                                   !text.starts_with("u:") || text.find('@') != text.npos;
                EXPECT_TRUE(!login || seen.find(marker) == seen.npos) << text << " -> " << seen;
            }
        }
        if (!ended && postgres::masked_url(text).find(marker) != std::string::npos)
            ++by_old_rule;
    }
    EXPECT_GT(shown_in_part, 100U) << "what is clear is shown without its password";
    EXPECT_GT(by_old_rule, 100U) << "negative control: masking alone shows it";
}

}  // namespace
}  // namespace bazaar::app
