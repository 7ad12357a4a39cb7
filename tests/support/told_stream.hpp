#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bazaar/base/id.hpp"
#include "bazaar/model/key_codec.hpp"
#include "bazaar/model/unit.hpp"
#include "bazaar/run/record.hpp"
#include "bazaar/scenario/scenario.hpp"

namespace bazaar::test
{

/// One message as Debezium would write it, and what it is about.
struct told_message
{
    std::string table;
    std::string key;  ///< Of the row, as the database prints it.
    unit_no unit = no_unit;
    std::uint64_t transaction = 0;
    std::string json;  ///< The value of the message.
};

struct stream_form
{
    enum class decimals
    {
        string,
        precise,
        real,
    };

    decimals money = decimals::string;
    bool schemas = false;  ///< Wrapped into {"schema": ..., "payload": ...}.
    bool full = false;     ///< Replica identity: updates tell the row before.
    bool flat = false;     ///< ExtractNewRecordState.
    bool first = true;     ///< Begins with the rows of before unit 0.
    unit_no begin = 0;
    unit_no seam = 0;  ///< Units below are told as a bulk load writes them, each second chunk before the first.
    unit_no chunk_units = 0;
    unit_no snapshot = 0;  ///< Units below are told as rows of a snapshot, as of this unit; no first rows then.
};

/// The messages of a pipeline that loses nothing: units below `end` in the order of commits, which differs from that of the plan
/// as much as the window allows.
[[nodiscard]] std::vector<told_message> told_stream(const scenario::scenario& shop, const run::record& of, unit_no end,
                                                    const stream_form& form = {}, std::uint64_t order = 1);

/// As Debezium tells bytes.
[[nodiscard]] std::string base64(std::string_view bytes);

/// One message; `at` is a moment of the connector that no other message has.
[[nodiscard]] std::string told_json(const scenario::scenario& shop, const model::key_codec& ids, const model::change& c,
                                    char op, std::uint64_t transaction, std::uint64_t lsn, std::uint64_t at,
                                    const stream_form& form);

}  // namespace bazaar::test
