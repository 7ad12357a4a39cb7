#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/kafka/sink.hpp"
#include "bazaar/verify/report.hpp"
#include "bazaar/verify/subject.hpp"

namespace bazaar::verify
{

/// A message of a topic that a run writes itself. It lives as long as the call that takes it.
struct read_record
{
    std::string_view topic;
    std::int32_t partition = 0;
    std::int64_t offset = 0;
    std::optional<std::string_view> header;  ///< `kafka::unit_header_name`.
    std::string_view key, value;
    bool is_tombstone = false;
    std::int64_t at_ms = 0;
};

struct record_options
{
    std::set<std::uint8_t> tables;  ///< That are compared.
    unit_no from = 0;               ///< Units below may be missing.
    bool copies = false;            ///< The run promised each record at least once: a copy is `repeated`.
};

/// Compares the records of a run, byte by byte, with those that its plan makes: what is lost, doubled, altered, torn, unknown, or behind a
/// later record of its key.
///
/// Records come in any order of the partitions; the closer by their units, the less memory. Threads: one.
/// Limits:  memory for units of which records are missing, and for the keys of tables that are changed.
class record_judge
{
public:
    /// `outlets`: one for each table, as the run had them. What is referred to outlives it.
    record_judge(const subject& of, std::vector<kafka::bound_outlet> outlets, report& to, record_options how);
    ~record_judge();
    record_judge(const record_judge&) = delete;
    record_judge& operator=(const record_judge&) = delete;

    void take(const read_record& one);

    /// What is missing of this topic is no proof of a loss, and why.
    void excuse(const std::string& topic, std::string why);

    /// Behind the last record: tells what is missing. `partial`: not all of them were taken.
    void finish(bool partial);

    /// The unit of the record that was taken last, if it is one of the run.
    [[nodiscard]] std::optional<unit_no> last() const noexcept;

private:
    class work;
    std::unique_ptr<work> work_;
};

}  // namespace bazaar::verify
