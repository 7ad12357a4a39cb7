#pragma once

#include <string>
#include <string_view>

#include "bazaar/base/error.hpp"
#include "bazaar/io/descriptor.hpp"

namespace bazaar::io
{

/// A file that is there whole or not at all: written beside its place under another name, and renamed by `commit`. A link at its
/// place is followed. A pipe, a device, or a file in a directory that takes no other name is written in its place.
///
/// Errors: `no_output` where it cannot be made, `io` where it cannot be written; the lines begin with `who`. Lifetime: what was not
/// committed is gone with the object.
class new_file
{
public:
    new_file(std::string path, std::string who);
    ~new_file();
    new_file(new_file&& other) noexcept;
    new_file& operator=(new_file&&) = delete;

    void write(std::string_view bytes);

    /// All is written: puts it in its place.
    void commit();

    /// What can be known before there is anything to write. Errors: `no_output`.
    static void check(const std::string& path, const std::string& who);

private:
    [[noreturn]] void fail(error_kind kind) const;
    void flush();

    std::string path_;       ///< Where it belongs; what a link at that place points to.
    std::string temporary_;  ///< Empty: written in its place.
    std::string who_;
    std::string buffer_;
    descriptor file_;
};

}  // namespace bazaar::io
