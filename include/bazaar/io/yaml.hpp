#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "bazaar/scenario/declared/problems.hpp"
#include "bazaar/scenario/declared/tree.hpp"

namespace bazaar::io
{

/// What a scenario file may be at most. A file by hand is far below; lists longer than that belong in a CSV file.
struct yaml_limits
{
    std::size_t bytes = 4 << 20;
    std::size_t depth = 64;        ///< Lists and maps in each other.
    std::size_t values = 100'000;  ///< Keys do not count.
};

struct yaml_tree
{
    scenario::declared::node root;
    bool whole = false;  ///< Read to its end. Where not, what is missing in the tree says nothing of the file.
};

/// Reads one YAML document as a tree of texts. Of YAML itself this is a part: no aliases, anchors, tags, merges or directives, no second
/// document, keys are texts of one line, and none stands twice in a map.
///
/// `bytes` are those of the file, with a byte order mark or without, with LF or CRLF; read them as bytes, so that what is no UTF-8 is told
/// here, with its place.
/// Errors: go to `to`, as many at once as libyaml allows: it stops at the first that is no YAML. Nothing is thrown.
/// Limits: memory is some 200 bytes a value and the text once more, whatever the bytes are.
[[nodiscard]] yaml_tree read_yaml(std::string_view bytes, scenario::declared::problems& to,
                                  const yaml_limits& limits = {});

/// The tree as a YAML document, which `read_yaml` makes the same tree of. Maps that hold others have lines of their own, the rest stands in braces.
[[nodiscard]] std::string write_yaml(const scenario::declared::node& root);

/// Version of libyaml.
[[nodiscard]] std::string yaml_library_version();

}  // namespace bazaar::io
