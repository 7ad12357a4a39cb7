#include "io/yaml_syntax.hpp"

#include <array>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace bazaar::io
{
namespace
{

/// Where a problem is: where the parser stopped, or where that began which it read.
enum class told
{
    at_end,
    at_begin,
};

struct wording
{
    std::string_view of_library;
    told where;
    std::string_view ours;
};

constexpr std::array<wording, 14> wordings{{
    {"mapping values are not allowed in this context", told::at_end,
     "a second \": \" in one line, or a line that is indented too far; quote a text with \": \" in it"},
    {"could not find expected ':'", told::at_begin, "a key without a value; write \"key: value\""},
    {"did not find expected key", told::at_end,
     "this belongs to no key above it; look at its indentation, and quote a text that begins with a quote"},
    {"did not find expected '-' indicator", told::at_end,
     "no item of the list above it; look at its indentation, or begin it with \"- \""},
    {"block sequence entries are not allowed in this context", told::at_end,
     "a list cannot begin here; begin it in a line of its own"},
    {"did not find expected ',' or '}'", told::at_end, "a comma or the closing } is missing"},
    {"did not find expected ',' or ']'", told::at_end, "a comma or the closing ] is missing"},
    {"did not find expected node content", told::at_end, "a value is missing"},
    {"found unexpected end of stream", told::at_begin, "this text in quotes has no end; close it with the same quote"},
    {"found unknown escape character", told::at_end,
     "no escape that a text in \"\" knows; write \\\\ for \\, or use ''"},
    {"did not find expected hexdecimal number", told::at_end,
     "an escape with too few hexadecimal digits; write \\\\ for \\, or use ''"},
    {"found invalid Unicode character escape code", told::at_end,
     "an escape of no character; write \\\\ for \\, or use ''"},
    {"did not find expected <document start>", told::at_end,
     "this stands behind the end of the file's one value; look at its indentation"},
    {"found unknown directive name", told::at_end, "a directive; leave it out, or quote a text that begins with %"},
}};

std::string words_of(const yaml_parser_t& parser, const yaml_text& text, std::size_t byte)
{
    const std::string_view library = parser.problem == nullptr ? "cannot be read as YAML" : parser.problem;
    if (library == "found character that cannot start any token" && byte < text.text().size())
        return fmt::format("a text cannot begin with {}; quote it", text.text()[byte]);
    for (const auto& one : wordings)
        if (library == one.of_library)
            return std::string(one.ours);
    return parser.context == nullptr ? std::string(library) : fmt::format("{}, {}", library, parser.context);
}

told place_of(const yaml_parser_t& parser)
{
    for (const auto& one : wordings)
        if (parser.problem != nullptr && parser.problem == one.of_library)
            return parser.context == nullptr ? told::at_end : one.where;
    return told::at_end;
}

}  // namespace

void tell_of_syntax(const yaml_parser_t& parser, const yaml_text& text, scenario::declared::problems& to)
{
    const auto& end = parser.problem_mark;
    auto copy = text;
    const auto byte = copy.byte_of(end.index);
    // Of a tab where YAML has none there are usually more.
    const bool tab = byte < text.text().size() && text.text()[byte] == '\t';
    if (tab && text.tell_of_tabs(end.line + 1, to))
        return;
    const auto& begin = parser.context_mark;
    auto words = words_of(parser, text, byte);
    if (parser.context != nullptr && begin.line != end.line && place_of(parser) == told::at_end)
        words += fmt::format(" (what it is in begins in line {})", begin.line + 1);
    to.add(mark_of(place_of(parser) == told::at_begin ? begin : end, text), words);
}

}  // namespace bazaar::io
