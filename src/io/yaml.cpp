#include "bazaar/io/yaml.hpp"

#include <yaml.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/base/size.hpp"
#include "io/yaml_syntax.hpp"
#include "io/yaml_text.hpp"

namespace bazaar::io
{
namespace
{

using scenario::declared::mark;
using scenario::declared::node;
using scenario::declared::problems;
using scenario::declared::shape;

class parser
{
public:
    explicit parser(std::string_view text)
    {
        if (yaml_parser_initialize(&raw_) == 0)
            out_of_memory();
        yaml_parser_set_encoding(&raw_, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&raw_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    }
    ~parser()
    {
        yaml_event_delete(&event_);
        yaml_parser_delete(&raw_);
    }
    parser(const parser&) = delete;
    parser& operator=(const parser&) = delete;

    /// The next event, until the one after it; none where the text is no YAML.
    const yaml_event_t* next()
    {
        yaml_event_delete(&event_);
        if (yaml_parser_parse(&raw_, &event_) != 0)
            return &event_;
        if (raw_.error == YAML_MEMORY_ERROR)
            out_of_memory();
        return nullptr;
    }

    [[nodiscard]] const yaml_parser_t& raw() const noexcept { return raw_; }

private:
    [[noreturn]] static void out_of_memory() { throw error(error_kind::os, "no memory to read YAML"); }

    yaml_parser_t raw_{};
    yaml_event_t event_{};
};

/// Makes the tree of the events, and tells of what is YAML and no part of the language.
class builder
{
public:
    builder(yaml_text& text, problems& to, const yaml_limits& limits) : text_(text), to_(to), limits_(limits) {}

    /// False when nothing behind this event is to be read.
    bool take(const yaml_event_t& event);

    [[nodiscard]] yaml_tree finish()
    {
        if (ended_ && !told_ && !root_)
            to_.add(mark{}, "nothing is here; a scenario file is a map of keys, the first of them \"bazaar: 1\"");
        return {root_ ? *std::move(root_) : node{}, ended_ && root_};
    }

private:
    /// A list or map that is being read.
    struct open
    {
        node made;
        bool braces = false;                                        ///< A map between {}.
        std::map<std::string, std::uint32_t, std::less<>> lines{};  ///< Of the keys that there were.
        bool has_key = false;                                       ///< The next value is that of a key.
        std::optional<std::pair<std::string, mark>> key{};          ///< None where that value goes nowhere.
    };

    void tell(const yaml_mark_t& at, std::string_view what)
    {
        to_.add(mark_of(at, text_), what);
        told_ = true;
    }

    [[nodiscard]] bool is_key() const
    {
        return !opened_.empty() && opened_.back().made.is == shape::map && !opened_.back().has_key;
    }

    bool begin_document(const yaml_event_t& event);
    bool begin(const yaml_event_t& event, shape is, bool braces);
    bool count(const yaml_event_t& event);
    void take_scalar(const yaml_event_t& event);
    void take_key(const yaml_event_t& event, std::string key);
    void give(std::optional<node> made);
    void refuse_marks(const yaml_event_t& event, const unsigned char* anchor, const unsigned char* tag);

    yaml_text& text_;
    problems& to_;
    yaml_limits limits_;
    std::vector<open> opened_;
    std::optional<node> root_;
    std::size_t values_ = 0;
    bool begun_ = false;
    bool ended_ = false;
    bool told_ = false;
};

std::string_view text_of(const unsigned char* text)
{
    return reinterpret_cast<const char*>(text);
}

bool builder::take(const yaml_event_t& event)
{
    switch (event.type)
    {
    case YAML_DOCUMENT_START_EVENT:
        return begin_document(event);
    case YAML_ALIAS_EVENT:
        tell(event.start_mark,
             fmt::format("an alias, *{}; write out what it stands for", text_of(event.data.alias.anchor)));
        if (is_key())
            opened_.back().has_key = true;
        else
            give(std::nullopt);
        return true;
    case YAML_SCALAR_EVENT:
        refuse_marks(event, event.data.scalar.anchor, event.data.scalar.tag);
        if (!is_key() && !count(event))
            return false;
        take_scalar(event);
        return true;
    case YAML_SEQUENCE_START_EVENT:
        refuse_marks(event, event.data.sequence_start.anchor, event.data.sequence_start.tag);
        return begin(event, shape::list, false);
    case YAML_MAPPING_START_EVENT:
        refuse_marks(event, event.data.mapping_start.anchor, event.data.mapping_start.tag);
        return begin(event, shape::map, event.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
    {
        auto made = std::move(opened_.back().made);
        opened_.pop_back();
        if (is_key())
            opened_.back().has_key = true;
        else
            give(std::move(made));
        return true;
    }
    case YAML_STREAM_END_EVENT:
        ended_ = true;
        return false;
    default:
        return true;
    }
}

bool builder::begin_document(const yaml_event_t& event)
{
    const auto& start = event.data.document_start;
    if (start.version_directive != nullptr || start.tag_directives.start != start.tag_directives.end)
        tell(event.start_mark, "a directive; leave it out");
    if (begun_)
    {
        tell(event.start_mark, "a second document; a file holds one");
        ended_ = true;
        return false;
    }
    begun_ = true;
    return true;
}

/// False when there are too many.
bool builder::count(const yaml_event_t& event)
{
    if (++values_ <= limits_.values)
        return true;
    tell(event.start_mark,
         fmt::format("more than {} values; a list as long as that belongs in a CSV file", limits_.values));
    return false;
}

bool builder::begin(const yaml_event_t& event, shape is, bool braces)
{
    if (is_key())
        tell(event.start_mark,
             fmt::format("a {} where a key must stand; a key is a text", is == shape::list ? "list" : "map"));
    if (!count(event))
        return false;
    if (opened_.size() == limits_.depth)
    {
        tell(event.start_mark, fmt::format("lists and maps stand deeper than {} in each other", limits_.depth));
        return false;
    }
    open one;
    one.made.is = is;
    one.made.at = mark_of(event.start_mark, text_);
    one.braces = braces;
    opened_.push_back(std::move(one));
    return true;
}

void builder::refuse_marks(const yaml_event_t& event, const unsigned char* anchor, const unsigned char* tag)
{
    if (anchor != nullptr)
        tell(event.start_mark, fmt::format("an anchor, &{}; leave it out", text_of(anchor)));
    if (tag != nullptr)
        tell(event.start_mark,
             fmt::format("a tag, {}; leave it out, or quote a text that begins with !", text_of(tag)));
}

void builder::take_scalar(const yaml_event_t& event)
{
    const auto& scalar = event.data.scalar;
    std::string text(reinterpret_cast<const char*>(scalar.value), scalar.length);
    if (is_key())
        return take_key(event, std::move(text));
    node made;
    made.at = mark_of(event.start_mark, text_);
    made.quoted = scalar.style != YAML_PLAIN_SCALAR_STYLE;
    const bool in_line = scalar.style != YAML_LITERAL_SCALAR_STYLE && scalar.style != YAML_FOLDED_SCALAR_STYLE;
    const auto byte = text_.byte_of(event.start_mark.index) + (made.quoted ? 1 : 0);
    if (in_line && byte <= text_.text().size() && text_.text().substr(byte).starts_with(text))
        made.verbatim = {made.at.line, made.at.column + (made.quoted ? 1 : 0)};
    made.text = std::move(text);
    give(std::move(made));
}

void builder::take_key(const yaml_event_t& event, std::string key)
{
    auto& map = opened_.back();
    map.has_key = true;
    const auto at = mark_of(event.start_mark, text_);
    if (map.braces)
    {
        const auto rest = text_.text().substr(std::min(text_.byte_of(event.end_mark.index), text_.text().size()));
        const auto next = rest.find_first_not_of(" \t\r\n");
        if (next != rest.npos && (rest[next] == ',' || rest[next] == '}'))
            return tell(event.start_mark,
                        fmt::format("\"{}\" is no key here; a comma ends a text inside {{}}: quote it", key));
    }
    if (key.empty())
        return tell(event.start_mark, "a key is missing; write \"key: value\"");
    if (key == "<<" && event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
        return tell(event.start_mark, "a merge, <<; write out the keys that it would bring");
    const auto [before, is_new] = map.lines.emplace(key, at.line);
    if (!is_new)
        return tell(event.start_mark, fmt::format("\"{}\" stands twice, first in line {}", key, before->second));
    map.key.emplace(std::move(key), at);
}

/// Puts a value where it belongs; nothing for one that was refused.
void builder::give(std::optional<node> made)
{
    if (opened_.empty())
    {
        root_ = std::move(made);
        return;
    }
    auto& into = opened_.back();
    if (into.made.is == shape::map)
    {
        auto key = std::exchange(into.key, std::nullopt);
        into.has_key = false;
        if (made && key)
            into.made.entries.push_back({std::move(key->first), key->second, *std::move(made)});
    }
    else if (made)
        into.made.items.push_back(*std::move(made));
}

}  // namespace

yaml_tree read_yaml(std::string_view bytes, problems& to, const yaml_limits& limits)
{
    if (bytes.size() > limits.bytes)
    {
        to.add(mark{},
               fmt::format("the file is longer than {}; long lists belong in CSV files", shown_size(limits.bytes)));
        return {};
    }
    if (bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff"))
    {
        to.add(mark{}, "the file is UTF-16; save it as UTF-8");
        return {};
    }
    if (bytes.starts_with("\xef\xbb\xbf"))
        bytes.remove_prefix(3);
    yaml_text text(bytes);
    if (!text.check(to))
        return {};
    parser events(bytes);
    builder made(text, to, limits);
    for (;;)
    {
        const auto* event = events.next();
        if (event == nullptr)
            tell_of_syntax(events.raw(), text, to);
        if (event == nullptr || !made.take(*event))
            return made.finish();
    }
}

std::string yaml_library_version()
{
    return yaml_get_version_string();
}

}  // namespace bazaar::io
