#pragma once

#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "bazaar/model/table.hpp"
#include "bazaar/verify/change_source.hpp"

namespace bazaar::verify
{

/// Change events from files of JSON lines, one message per line. Several files are read in parallel.
///
/// Errors: `no_input` for a file that cannot be opened, `io` for one that cannot be read to its end, `data` for a line
/// that is longer than any message. Limits: memory for one line of each file. A stop ends the wait for a pipe.
class dump final : public change_source
{
public:
    /// "-" is standard input.
    dump(const std::vector<std::string>& files, std::span<const model::table> tables, const std::string& schema,
         const encodings& how = {}, const std::stop_token& stop = {});
    ~dump() override;

    bool next(change_event& out) override;
    [[nodiscard]] std::uint64_t position() const override { return position_; }
    [[nodiscard]] std::uint64_t length() const override { return length_; }

    [[nodiscard]] const unused_messages& unused() const noexcept { return unused_; }

private:
    class stream;

    void advance(stream& from);

    std::vector<std::unique_ptr<stream>> streams_;
    unused_messages unused_;
    std::uint64_t position_ = 0, length_ = 0;  ///< Bytes.
};

}  // namespace bazaar::verify
