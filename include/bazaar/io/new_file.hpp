#pragma once

#include <string>
#include <string_view>

#include "bazaar/base/error.hpp"
#include "bazaar/io/descriptor.hpp"

namespace bazaar::io
{

/// A file that is complete or absent: written under a temporary name in the same directory, and renamed by `commit`. A
/// link is followed. A pipe, a device, or a file in a directory that does not allow another name is written directly.
///
/// Errors: `no_output` if it cannot be created, `io` if it cannot be written; the lines begin with `who`. Lifetime: a
/// file that was not committed is removed with the object.
class new_file
{
public:
    new_file(std::string path, std::string who);
    ~new_file();
    new_file(new_file&& other) noexcept;
    new_file& operator=(new_file&&) = delete;

    void write(std::string_view bytes);

    /// Everything is written: renames the file.
    void commit();

    /// Checks in advance whether the file can be written. Errors: `no_output`.
    static void check(const std::string& path, const std::string& who);

private:
    [[noreturn]] void fail(error_kind kind) const;
    void flush();

    std::string path_;       ///< The final path; for a link, its target.
    std::string temporary_;  ///< Empty: written directly.
    std::string who_;
    std::string buffer_;
    descriptor file_;
};

}  // namespace bazaar::io
