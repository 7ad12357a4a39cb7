// Files and JSON of others: what is read, what is refused, and that nothing of it waits or grows for ever.

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "bazaar/base/error.hpp"
#include "bazaar/io/json.hpp"
#include "bazaar/io/line_reader.hpp"
#include "bazaar/io/new_file.hpp"
#include "bazaar/io/small_file.hpp"
#include "support/contents.hpp"

namespace bazaar::io
{
namespace
{

namespace fs = std::filesystem;

class files : public testing::Test
{
protected:
    files() { fs::create_directories(directory_); }
    ~files() override { fs::remove_all(directory_); }

    [[nodiscard]] std::string place(const std::string& name) const { return directory_ + "/" + name; }

    [[nodiscard]] std::string made(const std::string& name, std::string_view text) const
    {
        std::ofstream(place(name), std::ios::binary) << text;
        return place(name);
    }

    [[nodiscard]] std::vector<std::string> names() const
    {
        std::vector<std::string> all;
        for (const auto& one : fs::directory_iterator(directory_))
            all.push_back(one.path().filename());
        std::ranges::sort(all);
        return all;
    }

    [[nodiscard]] std::string pipe() const
    {
        EXPECT_EQ(::mkfifo(place("pipe").c_str(), 0600), 0);
        return place("pipe");
    }

    const std::string directory_ = testing::TempDir() + "bazaard-io-" + std::to_string(getpid());
};

/// What is refused, as "KIND: text"; "" where nothing is.
std::string refusal(const std::function<void()>& doing)
{
    try
    {
        doing();
        return {};
    }
    catch (const error& problem)
    {
        return std::string(name(problem.kind())) + ": " + problem.what();
    }
}

std::string small(const std::string& path, small_file how = {})
{
    return refusal([&] { static_cast<void>(read_small_file(path, "--card X", how)); });
}

TEST_F(files, small_ones_are_read_whole)
{
    EXPECT_EQ(read_small_file(made("a", "x\ny"), "a"), "x\ny");
    EXPECT_EQ(read_small_file(made("a", "\xef\xbb\xbf"
                                        "x"),
                              "a"),
              "x")
        << "without its mark";
    EXPECT_EQ(read_small_file(made("a", ""), "a"), "");
    EXPECT_EQ(read_small_file(made("a", std::string(300'000, 'x')), "a").size(), 300'000U);
    EXPECT_EQ(small(made("a", "12345678"), {.most = 8}), "");
    EXPECT_EQ(read_small_file(made("a", "\xff"), "a", {.text = false}), "\xff");
    // Files of the kernel tell no size.
    EXPECT_NE(read_small_file("/proc/self/status", "a").find("Name:"), std::string::npos);
}

TEST_F(files, of_other_types_are_refused_at_once)
{
    const auto no_input = std::string(name(error_kind::no_input)) + ": --card X: cannot be read: ";
    EXPECT_EQ(small(pipe()), no_input + "it is a pipe");
    EXPECT_EQ(small(directory_), no_input + "it is a directory");
    EXPECT_EQ(small("/dev/zero"), no_input + "it is a device");
    EXPECT_EQ(small("/dev/null"), no_input + "it is a device");
    EXPECT_EQ(small(place("none")), no_input + "No such file or directory");
    EXPECT_EQ(small(""), no_input + "there is no such name");
    const int raw = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, place("s").c_str(), sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(raw, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(small(place("s")), no_input + "it is a socket, or a device that is not there");
    ::close(raw);
    const auto data = std::string(name(error_kind::data)) + ": --card X: ";
    EXPECT_EQ(small(made("a", "123456789"), {.most = 8}), data + "is longer than 8 bytes");
    for (const auto* text : {"\xff", "a\xc3", "\xed\xa0\x80"})
        EXPECT_EQ(small(made("a", text)), data + "is not a text file: it must be UTF-8");
    EXPECT_EQ(small(made("a", std::string_view("a\0b", 3))), data + "is not a text file: it must be UTF-8");
    EXPECT_NE(refusal([&] { must_be_file(place("pipe"), "x"); }), "");
    EXPECT_EQ(refusal([&] { must_be_file(made("a", "x"), "x"); }), "");
}

TEST_F(files, pipes_without_a_name_are_read_to_their_end)
{
    int both[2];
    ASSERT_EQ(::pipe2(both, O_CLOEXEC), 0);
    std::jthread writer(
        [to = both[1]]
        {
            const std::string part(50'000, 'x');
            for (int i = 0; i < 4; ++i)
                EXPECT_EQ(::write(to, part.data(), part.size()), static_cast<ssize_t>(part.size()));
            ::close(to);
        });
    EXPECT_EQ(read_small_file("/proc/self/fd/" + std::to_string(both[0]), "x").size(), 200'000U);
    ::close(both[0]);
}

TEST_F(files, of_a_secret_the_first_line_counts)
{
    EXPECT_EQ(read_secret(made("a", "first\nsecond\n"), "a"), "first");
    EXPECT_EQ(read_secret(made("a", "first\r\nsecond"), "a"), "first");
    EXPECT_EQ(read_secret(made("a", "no end"), "a"), "no end");
    EXPECT_EQ(read_secret(made("a", " blanks stay \n"), "a"), " blanks stay ");
    EXPECT_EQ(read_secret(made("a", "\xef\xbb\xbf"
                                    "first\n"),
                          "a"),
              "first");
    EXPECT_EQ(read_secret(made("a", "\xe4\n"), "a"), "\xe4") << "of an encoding of its own";
    EXPECT_NE(refusal([&] { static_cast<void>(read_secret(made("a", std::string_view("a\0b", 3)), "a")); }), "");
    ASSERT_EQ(::chmod(place("a").c_str(), 0640), 0);
    EXPECT_FALSE(is_readable_by_all(place("a")));
    ASSERT_EQ(::chmod(place("a").c_str(), 0604), 0);
    EXPECT_TRUE(is_readable_by_all(place("a")));
    EXPECT_FALSE(is_readable_by_all(place("none")));
}

TEST_F(files, new_ones_are_whole_or_not_there)
{
    const auto path = place("report");
    ::umask(0027);
    {
        new_file file(path, "--report");
        file.write("half");
        EXPECT_FALSE(fs::exists(path));
    }
    EXPECT_EQ(names(), std::vector<std::string>{}) << "nothing is left";
    {
        new_file file(path, "--report");
        file.write(std::string(200'000, 'x'));
        file.commit();
    }
    EXPECT_EQ(fs::file_size(path), 200'000U);
    struct stat facts
    {
    };
    ASSERT_EQ(::stat(path.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777, 0640U) << "as umask says";
    ::umask(0022);
    // The old one stays until the new one is whole, and its mode with it.
    ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
    {
        new_file file(path, "--report");
        file.write("half");
    }
    EXPECT_EQ(fs::file_size(path), 200'000U);
    new_file::check(path, "--report");
    EXPECT_EQ(fs::file_size(path), 200'000U);
    fs::create_symlink("report", place("link"));
    {
        new_file file(place("link"), "--report");
        file.write("new");
        file.commit();
    }
    EXPECT_TRUE(fs::is_symlink(place("link")));
    EXPECT_EQ(test::contents(path), "new");
    ASSERT_EQ(::stat(path.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777, 0600U);
    EXPECT_EQ(names(), (std::vector<std::string>{"link", "report"}));
    // A link to what is not there yet, over another one; and a ring.
    fs::create_directory(place("deep"));
    fs::create_symlink("deep/next", place("dangling"));
    fs::create_symlink("../made", place("deep/next"));
    fs::create_symlink("ring", place("ring"));
    {
        new_file file(place("dangling"), "--report");
        file.write("made");
        file.commit();
    }
    EXPECT_TRUE(fs::is_symlink(place("dangling")) && fs::is_symlink(place("deep/next")));
    EXPECT_EQ(test::contents(place("made")), "made");
    EXPECT_TRUE(fs::is_symlink(place("ring")));
    const auto no_output = std::string(name(error_kind::no_output)) + ": --report: cannot be written: ";
    EXPECT_EQ(refusal([] { new_file::check("/nowhere/report", "--report"); }), no_output + "No such file or directory");
    EXPECT_EQ(refusal([&] { new_file::check(directory_, "--report"); }), no_output + "Is a directory");
    EXPECT_EQ(refusal([&] { new_file::check(place("ring"), "--report"); }),
              no_output + "Too many levels of symbolic links");
}

TEST_F(files, pipes_and_devices_are_written_in_their_place)
{
    const auto path = pipe();
    new_file::check(path, "--report");
    EXPECT_NE(refusal([&] { new_file(path, "--report"); }).find("nobody reads it"), std::string::npos);
    const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    {
        new_file file(path, "--report");
        file.write("text");
        file.commit();
    }
    char text[8] = {};
    EXPECT_EQ(::read(reader, text, sizeof text), 4);
    EXPECT_EQ(std::string_view(text), "text");
    ::close(reader);
    EXPECT_EQ(names(), std::vector<std::string>{"pipe"});
    new_file null("/dev/null", "--report");
    null.write("x");
    null.commit();
    new_file full("/dev/full", "--report");
    full.write("x");
    EXPECT_EQ(refusal([&] { full.commit(); }).find(name(error_kind::io)), 0U);
    // Behind what others have written there.
    const int out = ::open(place("out").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ASSERT_EQ(::write(out, "first ", 6), 6);
    {
        new_file file("/dev/fd/" + std::to_string(out), "--report");
        file.write("second");
        file.commit();
    }
    ::close(out);
    EXPECT_EQ(test::contents(place("out")), "first second");
}

std::vector<std::string> lines_of(line_reader& from)
{
    std::vector<std::string> all;
    for (std::string_view line; from.next(line);)
        all.emplace_back(line);
    return all;
}

TEST_F(files, lines)
{
    const auto read = [&](std::string_view text)
    {
        line_reader from(made("lines", text));
        EXPECT_EQ(from.length(), text.size());
        return lines_of(from);
    };
    using all = std::vector<std::string>;
    EXPECT_EQ(read(""), all{});
    EXPECT_EQ(read("a\n\nb\n"), (all{"a", "", "b"}));
    EXPECT_EQ(read("a\nb"), (all{"a", "b"}));
    EXPECT_EQ(read("\n"), all{""});
    const std::string wide(700'000, 'x');
    EXPECT_EQ(read("a\n" + wide + "\n" + wide), (all{"a", wide, wide}));
    line_reader narrow(made("lines", "a\n" + wide), {}, 1'000);
    std::string_view line;
    ASSERT_TRUE(narrow.next(line));
    EXPECT_EQ(refusal([&] { static_cast<void>(narrow.next(line)); }),
              std::string(name(error_kind::data)) + ": " + place("lines") + ": line 2 is longer than 1000 bytes");
    for (const auto& odd : {directory_, std::string("/dev/zero"), std::string("/dev/random"), place("none")})
        EXPECT_EQ(refusal([&] { line_reader(odd, {}); }).find(name(error_kind::no_input)), 0U) << odd;
    line_reader nothing("/dev/null");
    EXPECT_EQ(lines_of(nothing), all{});
}

TEST_F(files, a_pipe_is_waited_for_until_a_stop)
{
    const auto path = pipe();
    std::stop_source stop;
    {
        line_reader from(path, stop.get_token());
        std::jthread writer(
            [&]
            {
                std::ofstream to(path);
                to << "a\nb" << std::flush;
                to << "c\nd";
            });
        EXPECT_EQ(lines_of(from), (std::vector<std::string>{"a", "bc", "d"}));
    }
    // Nobody opens it at all, or opens it and writes half a line.
    for (const bool half : {false, true})
    {
        std::stop_source now;
        line_reader from(path, now.get_token());
        std::ofstream to;
        if (half)
        {
            to.open(path);
            to << "half" << std::flush;
        }
        std::jthread stopping([&] { now.request_stop(); });
        EXPECT_EQ(lines_of(from), std::vector<std::string>{});
    }
}

TEST(json, that_is_too_deep_is_none)
{
    const auto nested = [](std::size_t depth, char open, char close)
    {
        std::string text;
        for (std::size_t i = 0; i < depth; ++i)
            text += open == '{' ? "{\"a\":" : "[";
        text += '1';
        return text + std::string(depth, close);
    };
    for (const char open : {'[', '{'})
    {
        const char close = open == '[' ? ']' : '}';
        EXPECT_FALSE(read_json(nested(json_depth_max, open, close)).is_discarded());
        EXPECT_TRUE(read_json(nested(json_depth_max + 1, open, close)).is_discarded());
        EXPECT_TRUE(read_json(nested(2'000'000, open, close)).is_discarded());
    }
    // Brackets of texts count nothing, and what was closed counts no more.
    EXPECT_TRUE(read_json("\"" + std::string(500, '[') + "\\\"" + std::string(500, '{') + "\"").is_string());
    std::string wide = "[";
    for (int i = 0; i < 500; ++i)
        wide += "[],";
    EXPECT_TRUE(read_json(wide + "[]]").is_array());
    EXPECT_TRUE(read_json("{").is_discarded());
    EXPECT_FALSE(is_too_deep("]]]]" + std::string(json_depth_max, '[')));
}

TEST(json, with_a_key_twice_is_named)
{
    EXPECT_EQ(json_problem(R"({"a": 1, "b": {"a": 2}, "c": [{"a": 1}, {"a": 2}]})"), "");
    EXPECT_EQ(json_problem(R"({"a": 1, "b": 2, "a": 1})"), R"(its key "a" stands twice)");
    EXPECT_EQ(json_problem(R"({"x": [{"a\u0062": 1, "ab": 2}]})"), R"(its key "ab" stands twice)")
        << "however it is written";
    EXPECT_EQ(json_problem(R"({"a": 1, "a": 1)"), "") << "no JSON";
    EXPECT_EQ(json_problem("[[]]"), "");
    EXPECT_EQ(json_problem(std::string(200, '[')), "its JSON is nested too deep");
}

}  // namespace
}  // namespace bazaar::io
