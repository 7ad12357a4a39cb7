#include "bazaar/observe/handler.hpp"
#include "bazaar/io/json.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "bazaar/observe/metrics.hpp"

namespace bazaar::observe
{
namespace
{

using json = nlohmann::ordered_json;

constexpr std::array<verb, 4> all_verbs{verb::pause, verb::resume, verb::drain, verb::set};

std::string text_of(const json& value)
{
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

bool reads(std::string_view method)
{
    return method == "GET" || method == "HEAD";
}

}  // namespace

std::string_view name(verb what) noexcept
{
    switch (what)
    {
    case verb::pause:
        return "pause";
    case verb::resume:
        return "resume";
    case verb::drain:
        return "drain";
    case verb::set:
        return "set";
    }
    return "pause";
}

std::optional<order> read_order(std::string_view body, std::string& wrong)
{
    const auto refuse = [&](std::string why)
    {
        wrong = std::move(why);
        return std::nullopt;
    };
    const auto document = io::read_json<json>(body);
    if (!document.is_object())
        return refuse("the body must be a JSON object, for example {\"verb\": \"pause\"}");
    for (const auto& [key, value] : document.items())
        if (key != "verb" && key != "settings")
            return refuse(fmt::format("{}: is neither verb nor settings", text_of(key)));
    const auto word = document.find("verb");
    if (word == document.end() || !word->is_string())
        return refuse("verb: must be one of pause, resume, drain, set");
    const auto what = std::find_if(all_verbs.begin(), all_verbs.end(),
                                   [&](verb one) { return name(one) == word->get_ref<const std::string&>(); });
    if (what == all_verbs.end())
        return refuse(fmt::format("verb: {} is none of pause, resume, drain, set", text_of(*word)));
    order made{*what, {}};
    const auto settings = document.find("settings");
    if ((made.what == verb::set) != (settings != document.end()))
        return refuse("settings: belong to set, and to nothing else");
    if (settings == document.end())
        return made;
    if (!settings->is_object() || settings->empty())
        return refuse("settings: must be an object with at least one value");
    for (const auto& [key, value] : settings->items())
    {
        if (!value.is_string() && !value.is_number())
            return refuse(fmt::format("{}: must be a number or a text", text_of(key)));
        made.settings.emplace_back(key, value.is_string() ? value.get<std::string>() : value.dump());
    }
    return made;
}

handler::handler(options opts) : options_(std::move(opts))
{
    const auto alive = [](const question&) { return answer{200, "application/json", "{\"alive\":true}\n"}; };
    resources_.push_back({"/livez", "GET", alive});
    resources_.push_back({"/healthz", "GET", alive});
    resources_.push_back({"/readyz", "GET",
                          [this](const question&)
                          {
                              const auto now = options_.look();
                              return answer{now.ready ? 200U : 503U, "application/json", readiness_json(now)};
                          }});
    resources_.push_back({"/status", "GET", [this](const question&) {
                              return answer{200, "application/json", status_json(options_.look())};
                          }});
    resources_.push_back(
        {"/metrics", "GET", [this](const question&) {
             return answer{200, "text/plain; version=0.0.4; charset=utf-8", metrics_text(options_.look())};
         }});
    resources_.push_back({"/control", "POST", [this](const question& asked) { return control(asked); }});
}

void handler::page(std::string path, std::string type, std::string body,
                   std::vector<std::pair<std::string_view, std::string>> fields)
{
    resources_.push_back({std::move(path), "GET",
                          [made = answer{200, std::move(type), std::move(body), std::move(fields)}](const question&)
                          { return made; }});
}

std::vector<std::string> handler::paths() const
{
    std::vector<std::string> all;
    for (const auto& one : resources_)
        all.push_back(one.path);
    return all;
}

answer handler::operator()(const question& asked) const
{
    // A page of somebody else's that a browser takes for ours could read all that is served here.
    if (!asked.local && !own_host(asked.host, options_.hosts))
        return refusal(421, "the Host header names another server");
    const auto found = std::find_if(resources_.begin(), resources_.end(),
                                    [&](const resource& one) { return one.path == asked.path; });
    if (found == resources_.end())
        return refusal(404, "there is nothing here");
    if (found->verb == "GET" ? !reads(asked.method) : asked.method != found->verb)
    {
        auto made = refusal(405, fmt::format("{} takes {} only", found->path, found->verb));
        made.fields.emplace_back("Allow", found->verb == "GET" ? "GET, HEAD" : std::string(found->verb));
        return made;
    }
    return found->serve(asked);
}

/// Why the asker may not change anything; nothing where it may.
std::optional<answer> handler::barred(const question& asked) const
{
    if (asked.local)
        return std::nullopt;
    if (!options_.token)
        return refusal(403, "this server only reads: --http-token-file lets it be controlled");
    constexpr std::string_view scheme = "Bearer ";
    const std::string_view given = asked.authorization;
    if (!given.starts_with(scheme))
    {
        auto made = refusal(401, "needs the header Authorization: Bearer TOKEN");
        made.fields.emplace_back("WWW-Authenticate", "Bearer");
        return made;
    }
    if (!same_secret(given.substr(scheme.size()), *options_.token))
        return refusal(403, "this is not the token of --http-token-file");
    return std::nullopt;
}

answer handler::control(const question& asked) const
{
    if (auto no = barred(asked))
        return std::move(*no);
    const auto type = std::string_view(asked.content_type).substr(0, asked.content_type.find(';'));
    if (type != "application/json")
        return refusal(415, "the body must be application/json");
    std::string wrong;
    const auto given = read_order(asked.body, wrong);
    if (!given)
        return refusal(400, wrong);
    const auto result = options_.obey(*given);
    json body;
    if (result.status >= 300)
        body["error"] = fmt::format("{}", fmt::join(result.lines, "; "));
    else
        body["verb"] = name(given->what);
    body["lines"] = result.lines;
    return {result.status, "application/json", text_of(body) + "\n"};
}

}  // namespace bazaar::observe
