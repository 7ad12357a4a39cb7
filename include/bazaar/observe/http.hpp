#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bazaar::observe
{

/// A request as far as it matters here, free of any library.
struct question
{
    std::string method;  ///< "GET"
    std::string path;    ///< Of the target, without what stands behind `?`.
    std::string host;    ///< Header fields; empty where not given.
    std::string authorization;
    std::string content_type;
    std::string body;
    bool local = false;  ///< Through the control socket: whoever can open it owns the daemon.
};

struct answer
{
    unsigned status = 200;
    std::string type = "application/json";
    std::string body;
    std::vector<std::pair<std::string_view, std::string>> fields{};  ///< Further header fields.
};

/// A refusal as JSON: `{"error": ...}`.
[[nodiscard]] answer refusal(unsigned status, std::string_view why);

/// Whether two texts are equal, in a time that tells nothing of where they differ.
[[nodiscard]] bool same_secret(std::string_view one, std::string_view other) noexcept;

/// Whether a Host header can be this server's own: a literal address, `localhost`, a name without a dot, or one of `own`. A
/// page from elsewhere whose name was bound to our address names another.
[[nodiscard]] bool own_host(std::string_view header, const std::vector<std::string>& own);

}  // namespace bazaar::observe
