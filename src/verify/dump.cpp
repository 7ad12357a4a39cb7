#include "bazaar/verify/dump.hpp"

#include <utility>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/io/line_reader.hpp"
#include "bazaar/verify/debezium.hpp"

namespace bazaar::verify
{

/// One file with its next event.
class dump::stream
{
public:
    stream(const std::string& path, std::span<const model::table> tables, const std::string& schema,
           const encodings& how, std::stop_token stop)
        : lines(path, std::move(stop)), reader(tables, schema, how)
    {
    }

    io::line_reader lines;
    debezium_reader reader;
    std::int64_t number = 0;
    change_event head;
    bool used = true;  ///< The head has been given away.
    bool ended = false;
};

dump::dump(const std::vector<std::string>& files, std::span<const model::table> tables, const std::string& schema,
           const encodings& how, const std::stop_token& stop)
{
    std::vector<std::string> wrong;
    for (const auto& path : files)
    {
        try
        {
            streams_.push_back(std::make_unique<stream>(path, tables, schema, how, stop));
        }
        catch (const error& problem)
        {
            wrong.push_back(problem.what());
        }
    }
    for (const auto& each : streams_)
        length_ += each->lines.length();
    if (!wrong.empty())
        throw error(error_kind::no_input, std::move(wrong));
}

dump::~dump() = default;

void dump::advance(stream& from)
{
    std::string_view line;
    while (from.lines.next(line))
    {
        ++from.number;
        position_ += line.size() + 1;
        if (line.find_first_not_of(" \t\r") == line.npos)
            continue;
        from.head.stream = from.lines.name();
        from.head.partition = -1;
        from.head.offset = from.number;
        if (unused_.is_change(from.reader.read_line(line, from.head), from.head, from.reader))
        {
            from.used = false;
            return;
        }
    }
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
