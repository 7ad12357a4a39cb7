// A scenario file: any bytes, as YAML. Its tree is within the limits and says where each thing stands.

#include "bazaar/io/yaml.hpp"

#include <algorithm>

#include "reader.hpp"

namespace
{

using namespace bazaar;
using namespace bazaar::scenario::declared;

constexpr io::yaml_limits limits{.bytes = 8'000, .depth = 20, .values = 500};

struct text_places
{
    std::string_view text;
    std::size_t values = 0;

    /// A place is in the file: a line that it has.
    void check(mark at) const
    {
        const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
        fuzz::require(at.line >= 1 && at.line <= lines && at.column >= 1, "a place is in the file");
    }

    void check(const node& one, std::size_t depth)
    {
        fuzz::require(depth <= limits.depth && ++values <= limits.values, "a tree is within its limits");
        check(one.at);
        check(one.place_of(one.text.size()));
        fuzz::require(one.is == shape::list || one.items.empty(), "only a list has items");
        fuzz::require(one.is == shape::map || one.entries.empty(), "only a map has entries");
        for (const auto& item : one.items)
            check(item, depth + 1);
        for (const auto& [key, at, value] : one.entries)
        {
            check(at);
            fuzz::require(!key.empty() && one.find(key)->at == at, "a key stands once");
            check(value, depth + 1);
        }
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const auto text = fuzz::text_of(data, size);
    problems found("s.yaml");
    const auto made = io::read_yaml(text, found, limits);
    fuzz::require(made.whole || !found.empty(), "a tree that is not whole has a reason");
    for (const auto& line : found.lines())
        fuzz::require(line.starts_with("s.yaml:") && line.find('\n') == line.npos, line);
    if (made.whole)
        text_places{text}.check(made.root, 0);
    return 0;
}
