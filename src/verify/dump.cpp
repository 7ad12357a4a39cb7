#include "bazaar/verify/dump.hpp"

#include <filesystem>
#include <fstream>
#include <iostream>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/verify/debezium.hpp"

namespace bazaar::verify
{

/// One file with its next event.
class dump::stream
{
public:
    stream(const std::string& path, std::span<const model::table> tables, const std::string& schema,
           const encodings& how)
        : name(path == "-" ? "standard input" : path), reader(tables, schema, how)
    {
        if (path == "-")
        {
            from = &std::cin;
            return;
        }
        file.open(path);
        if (!file)
            throw error(error_kind::no_input, fmt::format("{}: the file is missing or not readable", path));
        from = &file;
    }

    std::string name;
    debezium_reader reader;
    std::ifstream file;
    std::istream* from = nullptr;
    std::string line;
    std::int64_t number = 0;
    change_event head;
    bool used = true;  ///< The head has been given away.
    bool ended = false;
};

dump::dump(const std::vector<std::string>& files, std::span<const model::table> tables, const std::string& schema,
           const encodings& how)
{
    std::ios::sync_with_stdio(false);
    std::vector<std::string> wrong;
    for (const auto& path : files)
    {
        try
        {
            streams_.push_back(std::make_unique<stream>(path, tables, schema, how));
        }
        catch (const error& problem)
        {
            wrong.push_back(problem.what());
        }
        std::error_code failed;
        if (const auto size = std::filesystem::file_size(path, failed); !failed)
            length_ += size;
    }
    if (!wrong.empty())
        throw error(error_kind::no_input, std::move(wrong));
}

dump::~dump() = default;

void dump::advance(stream& from)
{
    while (std::getline(*from.from, from.line))
    {
        ++from.number;
        position_ += from.line.size() + 1;
        if (from.line.find_first_not_of(" \t\r") == std::string::npos)
            continue;
        from.head.stream = from.name;
        from.head.partition = -1;
        from.head.offset = from.number;
        if (unused_.is_change(from.reader.read_line(from.line, from.head), from.head, from.reader))
        {
            from.used = false;
            return;
        }
    }
    if (from.from->bad())
        throw error(error_kind::io, fmt::format("{}: cannot be read to its end", from.name));
    from.ended = true;
}

bool dump::next(change_event& out)
{
    stream* first = nullptr;
    for (const auto& each : streams_)
    {
        if (each->used && !each->ended)
            advance(*each);
        if (!each->ended && (first == nullptr || each->head.lsn < first->head.lsn))
            first = each.get();
    }
    if (first == nullptr)
        return false;
    first->used = true;
    std::swap(out, first->head);
    return true;
}

}  // namespace bazaar::verify
