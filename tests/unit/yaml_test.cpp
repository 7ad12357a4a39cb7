// YAML as a tree of texts: what it is read as, what is refused and with which line, and that nothing makes it slow or large.

#include "bazaar/io/yaml.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "support/effort.hpp"

namespace bazaar::io
{
namespace
{

using scenario::declared::mark;
using scenario::declared::node;
using scenario::declared::problems;
using scenario::declared::shape;
using lines = std::vector<std::string>;

lines told(std::string_view text, const yaml_limits& limits = {})
{
    problems found("s.yaml");
    const auto read = read_yaml(text, found, limits);
    EXPECT_TRUE(read.whole || !found.empty()) << "a tree that is not whole has a reason";
    return found.lines();
}

node read(std::string_view text)
{
    problems found("s.yaml");
    auto made = read_yaml(text, found);
    EXPECT_EQ(found.lines(), lines{});
    EXPECT_TRUE(made.whole);
    return std::move(made.root);
}

/// The tree in one line: maps {k: v}, lists [..], texts with ' where they were quoted.
std::string shown(const node& one)
{
    std::string all;
    if (one.is == shape::scalar)
        return one.quoted ? "'" + one.text + "'" : one.text;
    for (const auto& item : one.items)
        all += (all.empty() ? "" : ", ") + shown(item);
    for (const auto& [key, at, value] : one.entries)
        all += (all.empty() ? "" : ", ") + key + ": " + shown(value);
    return one.is == shape::list ? "[" + all + "]" : "{" + all + "}";
}

TEST(yaml, is_read_as_texts_lists_and_maps)
{
    const std::vector<std::pair<std::string_view, std::string_view>> table{
        {"a: 1", "{a: 1}"},
        {"a: NO\nb: null\nc: ~\nd: 0x1f\ne: 1e3\nf: 2001-01-01",
         "{a: NO, b: null, c: ~, d: 0x1f, e: 1e3, f: 2001-01-01}"},
        {"a: \"1\"\nb: 'it''s'\nc: \"x\\ty\"", "{a: '1', b: 'it's', c: 'x\ty'}"},
        {"a: [1, 2, {b: c}]", "{a: [1, 2, {b: c}]}"},
        {"a:\n  - 1\n  - b: 2\n    c: 3\n  - - 4", "{a: [1, {b: 2, c: 3}, [4]]}"},
        {"a:\n- 1\n- 2", "{a: [1, 2]}"},
        {"--- # begins\na: b # ends\n...\n", "{a: b}"},
        {"a: {b: , c: ''}\nd:", "{a: {b: , c: ''}, d: }"},
        {"b: 1\na: 2", "{b: 1, a: 2}"},
        {"a: x\n  y\nb: |\n  x\n   y\nc: >\n  x\n  y\n", "{a: x y, b: 'x\n y\n', c: 'x y\n'}"},
        {"mon-fri: 08:00-20:00", "{mon-fri: 08:00-20:00}"},
        {"x: = a.b + 1", "{x: = a.b + 1}"},
        {"x: {is: = round(a * b, 2), y: 1}", ""},
        {"x: {is: \"= round(a * b, 2)\", y: 1}", "{x: {is: '= round(a * b, 2)', y: 1}}"},
        {"- a\n- b", "[a, b]"},
        {"just text", "just text"},
        {"\xef\xbb\xbf"
         "a: caf\xc3\xa9",
         "{a: caf\xc3\xa9}"},
        {"a: 1\r\nb:\r\n  - 2\r\n", "{a: 1, b: [2]}"},
        {"a:\tb\nc: d\t# a comment\ne: f", "{a: b, c: d, e: f}"},
        {"{a: 1,\n\tb: 2}", "{a: 1, b: 2}"},
    };
    for (const auto& [text, wanted] : table)
    {
        if (wanted.empty())  // A control: a comma in {} is no part of a text that is not quoted.
        {
            EXPECT_NE(told(text), lines{}) << text;
            continue;
        }
        EXPECT_EQ(shown(read(text)), wanted) << text;
    }
}

TEST(yaml, knows_where_everything_stands)
{
    const auto root = read("\xef\xbb\xbf# caf\xc3\xa9\na: 1\nb:\r\n  c: [x, {d: 'y'}]\n");
    EXPECT_EQ(root.at, (mark{2, 1}));
    ASSERT_EQ(root.entries.size(), 2U);
    EXPECT_EQ(root.entries[1].at, (mark{3, 1}));
    const auto* const c = root.entries[1].value.find("c");
    ASSERT_NE(c, nullptr);
    EXPECT_EQ(c->at, (mark{4, 3}));
    EXPECT_EQ(c->value.at, (mark{4, 6}));
    EXPECT_EQ(c->value.items[0].at, (mark{4, 7}));
    EXPECT_EQ(c->value.items[1].entries[0].at, (mark{4, 11}));
    EXPECT_EQ(c->value.items[1].entries[0].value.at, (mark{4, 14}));
    EXPECT_EQ(root.find("c"), nullptr);
    EXPECT_EQ(c->value.items[0].find("x"), nullptr);
}

TEST(yaml, a_comment_that_ends_the_file_adds_no_line)
{
    for (const std::string_view text : {"---\n# a comment", "---\n# a comment\n", "---"})
        EXPECT_LE(read(text).at.line, std::ranges::count(text, '\n') + 1) << text;
}

TEST(yaml, a_byte_of_a_text_has_its_place_in_the_file)
{
    const auto place = [](std::string_view text, std::size_t byte)
    { return read(text).entries[0].value.place_of(byte); };
    EXPECT_EQ(place("a: = x + y", 4), (mark{1, 8}));
    EXPECT_EQ(place("a: \"= x + y\"", 4), (mark{1, 9}));
    EXPECT_EQ(place("caf\xc3\xa9: '\xc3\xa9\xc3\xa9x'", 4), (mark{1, 10})) << "columns are characters";
    EXPECT_EQ(place("a: \"= \\x41 + y\"", 4), (mark{1, 4}))
        << "an escape moves what is behind it: the place of the whole";
    EXPECT_EQ(place("a: >\n  = x\n  + y", 4), (mark{1, 4}));
    EXPECT_EQ(place("a: = x\n  + y", 4), (mark{1, 4}));
}

TEST(yaml, what_is_no_part_of_the_language_is_told_with_its_place)
{
    const std::vector<std::pair<std::string_view, lines>> table{
        {"a: 1\nrate: 2\nb: 3\nrate: 4\nrate: 5",
         {"s.yaml:4:1: \"rate\" stands twice, first in line 2", "s.yaml:5:1: \"rate\" stands twice, first in line 2"}},
        {"a: {b: 1, b: 2}", {"s.yaml:1:11: \"b\" stands twice, first in line 1"}},
        {"a: 1\n'a': 2", {"s.yaml:2:1: \"a\" stands twice, first in line 1"}},
        {"a: &x 1\nb: *x",
         {"s.yaml:1:4: an anchor, &x; leave it out", "s.yaml:2:4: an alias, *x; write out what it stands for"}},
        {"a: {b: 1}\nc:\n  <<: *a\n  d: 1",
         {"s.yaml:3:3: a merge, <<; write out the keys that it would bring",
          "s.yaml:3:7: an alias, *a; write out what it stands for"}},
        {"a: !!str 1\nb: !x [1]\n",
         {"s.yaml:1:4: a tag, tag:yaml.org,2002:str; leave it out, or quote a text that begins with !",
          "s.yaml:2:4: a tag, !x; leave it out, or quote a text that begins with !"}},
        {"%YAML 1.1\n---\na: 1", {"s.yaml:1:1: a directive; leave it out"}},
        {"%TAG ! tag:x,2000:\n---\na: 1", {"s.yaml:1:1: a directive; leave it out"}},
        {"a: 1\n---\nb: 2", {"s.yaml:2:1: a second document; a file holds one"}},
        {"? [a, b]\n: 1\n? {c: d}\n: 2\ne: 3",
         {"s.yaml:1:3: a list where a key must stand; a key is a text",
          "s.yaml:3:3: a map where a key must stand; a key is a text"}},
        {"'': 1", {"s.yaml:1:1: a key is missing; write \"key: value\""}},
        {"a: {help: at this level, more is ordered, live: true}",
         {"s.yaml:1:26: \"more is ordered\" is no key here; a comma ends a text inside {}: quote it"}},
        {"a: {b, c: 1}", {"s.yaml:1:5: \"b\" is no key here; a comma ends a text inside {}: quote it"}},
        {"", {"s.yaml:1:1: nothing is here; a scenario file is a map of keys, the first of them \"bazaar: 1\""}},
        {"# only this\n",
         {"s.yaml:1:1: nothing is here; a scenario file is a map of keys, the first of them \"bazaar: 1\""}},
    };
    for (const auto& [text, wanted] : table)
        EXPECT_EQ(told(text), wanted) << text;
}

TEST(yaml, what_is_no_yaml_is_told_in_words_that_help)
{
    const std::vector<std::pair<std::string_view, lines>> table{
        {"a:\n\tb: 1\n\tc: 2\n  d: 3\n  \te: 4",
         {"s.yaml:2:1: a tab; indent with spaces", "s.yaml:3:1: a tab; indent with spaces",
          "s.yaml:5:3: a tab; indent with spaces"}},
        {"help: a b: c",
         {"s.yaml:1:10: a second \": \" in one line, or a line that is indented too far; quote a text with \": \" in "
          "it"}},
        {"a: 1\nbcd\ne: 2", {"s.yaml:2:1: a key without a value; write \"key: value\""}},
        {"a:\n  b: 1\n c: 2",
         {"s.yaml:3:2: this belongs to no key above it; look at its indentation, and quote a text that begins with a "
          "quote"
          " (what it is in begins in line 1)"}},
        {"a: 'x' y\nb: 1",
         {"s.yaml:1:8: this belongs to no key above it; look at its indentation, and quote a text that begins with a "
          "quote"}},
        {"a: {b: 1\nc: 2", {"s.yaml:2:2: a comma or the closing } is missing (what it is in begins in line 1)"}},
        {"a: [b\n", {"s.yaml:2:1: a comma or the closing ] is missing (what it is in begins in line 1)"}},
        {"a: \"x\nb: 1\n", {"s.yaml:1:4: this text in quotes has no end; close it with the same quote"}},
        {"a: @x", {"s.yaml:1:4: a text cannot begin with @; quote it"}},
        {"a: `x", {"s.yaml:1:4: a text cannot begin with `; quote it"}},
        {"a: \"\\q\"", {"s.yaml:1:5: no escape that a text in \"\" knows; write \\\\ for \\, or use ''"}},
        {"a: \"\\xfz\"", {"s.yaml:1:7: an escape with too few hexadecimal digits; write \\\\ for \\, or use ''"}},
        {"a: - b", {"s.yaml:1:4: a list cannot begin here; begin it in a line of its own"}},
        {"a: 1\nb: *", {"s.yaml:2:5: did not find expected alphabetic or numeric character, while scanning an alias"}},
    };
    for (const auto& [text, wanted] : table)
        EXPECT_EQ(told(text), wanted) << text;
}

TEST(yaml, bytes_that_are_no_text_are_told_with_their_place)
{
    const std::vector<std::pair<std::string, lines>> table{
        {"a: b\nc: \xff", {"s.yaml:2:4: byte 0xff is no UTF-8; save the file as UTF-8"}},
        {"a: caf\xc3\xa9 caf\xe9 b", {"s.yaml:1:12: byte 0xe9 is no UTF-8; save the file as UTF-8"}},
        {"a: \xed\xa0\x80", {"s.yaml:1:4: byte 0xed is no UTF-8; save the file as UTF-8"}},
        {std::string("a: \0b", 5), {"s.yaml:1:4: a byte 0; the file must be text, in UTF-8"}},
        {std::string("\xff\xfe\x61\0", 4), {"s.yaml:1:1: the file is UTF-16; save it as UTF-8"}},
        {"a: \x1b[31m\nb: \x7f",
         {"s.yaml:1:4: U+001B is no character of a text; leave it out",
          "s.yaml:2:4: U+007F is no character of a text; leave it out"}},
        {"a: x\rb: y", {"s.yaml:1:5: U+000D ends a line in YAML alone; end lines with LF or CRLF"}},
        {"a: x\xe2\x80\xa8y", {"s.yaml:1:5: U+2028 ends a line in YAML alone; end lines with LF or CRLF"}},
        {"a: x\nb: \xef\xbb\xbf", {"s.yaml:2:4: U+FEFF is a byte order mark, which only begins a file; leave it out"}},
    };
    for (const auto& [text, wanted] : table)
        EXPECT_EQ(told(text), wanted) << text;
    EXPECT_EQ(shown(read("a: \xf0\x9f\x98\x80 \xe2\x82\xac \xc2\xa0")), "{a: \xf0\x9f\x98\x80 \xe2\x82\xac \xc2\xa0}");
}

TEST(yaml, problems_keep_their_order_are_counted_and_fit_for_a_terminal)
{
    problems found("s.yaml");
    for (std::uint32_t i = 60; i > 0; --i)
        found.add({i, 1}, "a.b", "an \x1b escape");
    const auto all = found.lines();
    ASSERT_EQ(all.size(), 51U);
    EXPECT_EQ(all[0], "s.yaml:11:1: a.b: an \\x1b escape");
    EXPECT_EQ(all[50], "s.yaml: and 10 more problems");
    EXPECT_EQ(problems("s.yaml").lines(), lines{});
}

TEST(yaml, limits_are_told_in_one_line_and_reached_by_what_is_just_within)
{
    const yaml_limits small{.bytes = 40, .depth = 3, .values = 6};
    EXPECT_EQ(told(std::string(41, 'a'), small),
              lines{"s.yaml:1:1: the file is longer than 40 bytes; long lists belong in CSV files"});
    EXPECT_EQ(told(std::string(40, 'a'), small), lines{});
    EXPECT_EQ(told("[[[[1]]]]", small), lines{"s.yaml:1:4: lists and maps stand deeper than 3 in each other"});
    EXPECT_EQ(told("[[[1]]]", small), lines{});
    EXPECT_EQ(told("[1, 2, 3, 4,\n 5, 6]", small),
              lines{"s.yaml:2:5: more than 6 values; a list as long as that belongs in a CSV file"});
    EXPECT_EQ(told("[1, 2, 3, 4,\n 5]", small), lines{});
    EXPECT_EQ(told("{a: 1, b: 2, c: 3, d: 4, e: 5}", small), lines{});
}

std::string repeated(std::string_view part, std::size_t bytes)
{
    std::string all;
    while (all.size() + part.size() <= bytes)
        all += part;
    return all;
}

rusage used()
{
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage;
}

/// Of this process, in seconds: others that run beside it do not count.
double processor_time()
{
    const auto spent = used().ru_utime;
    return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_usec) / 1e6;
}

TEST(yaml, bombs_end_soon_in_a_line_or_a_tree_of_bounded_memory)
{
    std::string laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 30; ++i)
    {
        laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
        for (int k = 0; k < 9; ++k)
            laughs += "*a" + std::to_string(i - 1) + (k < 8 ? ", " : "]\n");
    }
    constexpr std::size_t most = 1 << 20;
    std::vector<std::string> bombs{laughs, std::string(10'000'000, 'x'), "a: \"" + std::string(4'000'000, 'x')};
    for (const std::string_view part :
         {"[",        "{",     "- ",        "? ",        "a: ",       "[a, ",      "{a: ", "{a, ", "&a ",
          "!",        "*a ",   "'",         "\"\"",      "# ",        "\n",        " ",    "\t",   "%",
          "|",        ">\n",   "---\n",     "a: 1\n",    "- 1\n",     "- - 1\n",   "a\n",  ",",    "[1,1,1,1,1,1,1,1],",
          "\xc3\xa9", "? a\n", "\"\\x41\"", "{\"a\":1,", "- |\n a\n", "a:\n- b:\n"})
    {
        bombs.push_back(repeated(part, most));
        bombs.push_back("[" + repeated(part, most - 1));
        bombs.push_back("a: {" + repeated(part, most - 4));
    }
    std::string many = "a:";
    for (std::size_t i = 0; i < 99'000; ++i)
        many += "\n  k" + std::to_string(i) + ": 1";
    bombs.push_back(many);
    const auto before = used().ru_maxrss;
    for (const auto& bomb : bombs)
    {
        const auto begin = processor_time();
        problems found("s.yaml");
        const auto made = read_yaml(bomb, found);
        EXPECT_LT(processor_time() - begin, 10) << bomb.substr(0, 40);
        EXPECT_LE(found.lines().size(), 51U);
        EXPECT_TRUE(made.whole || !found.empty()) << bomb.substr(0, 40);
    }
    // Sanitizers keep what is freed.
    if (test::effort() == 1)
    {
        EXPECT_LT(used().ru_maxrss - before, 150'000) << "kB";
    }
}

}  // namespace
}  // namespace bazaar::io
