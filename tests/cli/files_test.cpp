// What stands where a file belongs: pipes that nobody writes to, devices without an end, directories, JSON without a bottom. And what
// is written is whole or not there.

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "cli/process.hpp"
#include "support/places.hpp"

namespace bazaar::test
{
namespace
{

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using words = std::vector<std::string>;

class odd_files : public testing::Test
{
protected:
    odd_files()
    {
        fs::create_directories(directory_);
        EXPECT_EQ(::mkfifo(place("pipe").c_str(), 0600), 0);
        std::ofstream(place("empty"));
        std::ofstream(place("good.pw")) << "secret-of-sixteen-characters\nsecond line\n";
        std::ofstream(place("no-text"), std::ios::binary) << std::string_view("a\0\xff", 3);
        std::ofstream(place("twice")) << R"({"config": {"name": "a", "name": "b"}})";
        for (const char open : {'[', '{'})
        {
            std::ofstream deep(place(open == '[' ? "deep-array" : "deep-object"));
            deep << R"({"connector.class": "PostgresConnector", "config": )";
            for (int i = 0; i < 80'000; ++i)
                deep << (open == '[' ? "[" : "{\"a\":");
            deep << 1 << std::string(80'000, open == '[' ? ']' : '}') << "}";
        }
    }
    ~odd_files() override { fs::remove_all(directory_); }

    [[nodiscard]] std::string place(const std::string& name) const { return directory_ + "/" + name; }

    const std::string directory_ = testing::TempDir() + "bazaard-files-" + std::to_string(getpid());
};

/// A command line of which the last word is a file.
struct reading_line
{
    const char* name;
    words line;
    bool of_json = false;
    int good = 0;  ///< Status with a file that is as it should be, but has nothing of use; the database is not there.
};

const std::string nowhere = "postgresql://u@127.0.0.1:1/d";

std::vector<reading_line> reading_lines()
{
    return {
        {"card", {"plan", "--card"}, true, 65},
        {"card_of_run", {"run", "--db-url", nowhere, "--wait-for-db", "0", "--card"}, true, 65},
        {"config", {"plan", "--print-config", "--config"}, false, 78},
        {"connector_config", {"verify", "topics", "--db-url", nowhere, "--connector-config"}, true, 65},
        {"db_password", {"card", "--db-url", nowhere, "--db-password-file"}, false, 69},
        {"cdc_password", {"cdc", "setup", "--db-url", nowhere, "--cdc-password-file"}, false, 69},
        {"connect_password",
         {"connector", "status", "--connect-url", "http://127.0.0.1:1", "--connect-user", "u",
          "--connect-password-file"},
         false,
         69},
        {"sasl_password",
         {"topics", "check", "--kafka-timeout", "1s", "--bootstrap-servers", "127.0.0.1:1", "--security-protocol",
          "sasl_plaintext", "--sasl-username", "u", "--sasl-password-file"},
         false,
         69},
        {"connect_ca", {"connector", "status", "--connect-url", "https://127.0.0.1:1", "--connect-ca-file"}, false, 65},
        {"connect_key",
         {"connector", "status", "--connect-url", "https://127.0.0.1:1", "--connect-cert-file", "/proc/self/status",
          "--connect-key-file"},
         false,
         65},
        {"kafka_ca",
         {"topics", "check", "--kafka-timeout", "1s", "--bootstrap-servers", "127.0.0.1:1", "--security-protocol",
          "ssl", "--kafka-ca-file"},
         false,
         78},
        {"ssl_root", {"card", "--db-url", nowhere, "--db-sslmode", "verify-full", "--db-sslrootcert"}, false, 69},
        {"ssl_key", {"card", "--db-url", nowhere, "--db-sslkey"}, false, 69},
    };
}

class reading_files : public odd_files, public testing::WithParamInterface<reading_line>
{
};

TEST_P(reading_files, nothing_waits_and_nothing_grows)
{
    const auto& it = GetParam();
    const auto with = [&](const std::string& file)
    {
        auto line = it.line;
        line.push_back(file);
        line.insert(line.begin(), test::program_path());
        return process(line).wait(20s);
    };
    for (const auto& odd : {place("pipe"), directory_, std::string("/dev/zero")})
    {
        const auto left = with(odd);
        EXPECT_EQ(left.status, 66) << odd << "\n" << left.err;
        EXPECT_NE(left.err.find(odd), std::string::npos) << left.err;
        EXPECT_EQ(left.out, "");
    }
    if (it.of_json)
        for (const auto* deep : {"deep-array", "deep-object"})
        {
            const auto left = with(place(deep));
            EXPECT_EQ(left.status, 65) << left.err;
            EXPECT_NE(left.err.find("nested too deep"), std::string::npos) << left.err;
        }
    if (it.of_json)
    {
        EXPECT_EQ(with(place("no-text")).status, 65);
        const auto left = with(place("twice"));
        EXPECT_EQ(left.status, 65) << left.err;
        EXPECT_NE(left.err.find("its key \"name\" stands twice"), std::string::npos) << left.err;
    }
    // Negative control: a file that is one gets further.
    const auto left = with(place("good.pw"));
    EXPECT_EQ(left.status, it.good) << left.err;
}

INSTANTIATE_TEST_SUITE_P(cli, reading_files, testing::ValuesIn(reading_lines()),
                         [](const auto& it) { return it.param.name; });

TEST_F(odd_files, a_token_file_is_no_pipe_and_its_first_line_is_the_token)
{
    const words line{"run", "--db-url", nowhere, "--wait-for-db", "1s", "--http-listen", "0", "--http-token-file"};
    const auto with = [&](const std::string& file)
    {
        auto all = line;
        all.push_back(file);
        return bazaard(all);
    };
    for (const auto& odd : {place("pipe"), directory_, std::string("/dev/zero")})
        EXPECT_EQ(with(odd).status, 66) << odd;
    EXPECT_EQ(with(place("good.pw")).status, 69);
    // The second line does not make it long enough.
    std::ofstream(place("short.pw")) << "short\nand a second line that is long\n";
    EXPECT_EQ(with(place("short.pw")).status, 78);
}

TEST_F(odd_files, that_everybody_can_read_bring_a_warning)
{
    for (const auto* flag : {"--db-password-file", "--cdc-password-file"})
        for (const auto mode : {0600, 0640, 0644})
        {
            ASSERT_EQ(::chmod(place("good.pw").c_str(), static_cast<mode_t>(mode)), 0);
            const auto left = bazaard({"init", flag, place("good.pw"), "--print-config"});
            EXPECT_EQ(left.err.find("everybody on this machine can read the file") != std::string::npos, mode == 0644)
                << flag << left.err;
        }
    // A configuration with a password in it, and one without.
    for (const auto* text : {"db-password = x\n", "db-url = postgresql://u:p@h/d\n", "avg-qps = 3\n"})
    {
        std::ofstream(place("conf")) << text;
        ASSERT_EQ(::chmod(place("conf").c_str(), 0644), 0);
        const auto left = bazaard({"--config", place("conf"), "--print-config"});
        EXPECT_EQ(left.err.find("everybody on this machine can read the file") != std::string::npos,
                  std::string_view(text).find("avg") == std::string_view::npos)
            << text << left.err;
    }
}

}  // namespace
}  // namespace bazaar::test
