#include "bazaar/kafka/registry.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "bazaar/base/error.hpp"
#include "bazaar/base/plain.hpp"
#include "bazaar/base/words.hpp"
#include "bazaar/io/json.hpp"
#include "http_client.hpp"

namespace bazaar::kafka
{
namespace
{

using clock = std::chrono::steady_clock;
using json = nlohmann::json;
using std::chrono::milliseconds;

constexpr milliseconds first_wait{100}, longest_wait{2'000};

/// Codes of Confluent's API.
constexpr int no_subject = 40401, no_version = 40402, no_schema = 40403;

/// What a registry says, cut to a length that fits a line.
std::string told(std::string_view text)
{
    constexpr std::size_t longest = 300;
    auto line = plain(one_line(text.substr(0, 2 * longest)));
    if (line.size() > longest)
        line = line.substr(0, longest) + "...";
    return line.empty() ? "(nothing)" : line;
}

/// A failure that may be over soon.
struct outage
{
    std::string why;
};

/// An answer that was understood.
struct understood
{
    int status = 0;
    json body;
    std::string text;

    /// Its code of Confluent's API, or else its status.
    [[nodiscard]] int code() const
    {
        const auto found = body.is_object() ? body.find("error_code") : body.end();
        return body.is_object() && found != body.end() && found->is_number_integer() ? found->get<int>() : status;
    }

    [[nodiscard]] std::string message() const
    {
        const auto found = body.is_object() ? body.find("message") : body.end();
        return told(body.is_object() && found != body.end() && found->is_string() ? found->get<std::string>() : text);
    }
};

std::string_view schema_type(record_format format)
{
    return format == record_format::json ? "JSON" : format == record_format::protobuf ? "PROTOBUF" : "AVRO";
}

std::string question_of(record_format format, const std::string& schema)
{
    json made{{"schema", schema}};
    // A registry that knows nothing but Avro refuses the word.
    if (format != record_format::avro)
        made["schemaType"] = schema_type(format);
    return io::write_json(made);
}

}  // namespace

class registry::work
{
public:
    work(const registry_place& at, registry_options how, std::stop_token stop)
        : how_(std::move(how)), stop_(std::move(stop)), http_(at, how_.timeout, stop_)
    {
    }

    std::int32_t id_of(const std::string& subject, record_format format, const std::string& schema)
    {
        const auto known = ids_.find({subject, schema});
        if (known != ids_.end())
            return known->second;
        const auto question = question_of(format, schema);
        auto id = look_up(subject, question);
        if (!id)
            id = make(subject, question);
        ids_.emplace(std::pair(subject, schema), *id);
        return *id;
    }

    const std::string& schema_of(std::int32_t id)
    {
        if (const auto known = texts_.find(id); known != texts_.end())
            return known->second;
        const auto answer = ask(fmt::format("/schemas/ids/{}", id), nullptr, fmt::format("give schema {}", id), {404});
        if (answer.status == 404)
            throw error(error_kind::config,
                        fmt::format("the registry at {} has no schema {}; is it the registry of these topics?",
                                    http_.shown(), id));
        return texts_.emplace(id, answer.body["schema"].get<std::string>()).first->second;
    }

    [[nodiscard]] std::uint64_t questions() const noexcept { return questions_; }

private:
    std::optional<std::int32_t> look_up(const std::string& subject, const std::string& question)
    {
        const auto answer = ask("/subjects/" + http_.escaped(subject), &question,
                                fmt::format("look up the schema of subject {}", subject), {404});
        if (answer.status != 404)
            return answer.body["id"].get<std::int32_t>();
        subject_is_there_ = answer.code() != no_subject;
        return std::nullopt;
    }

    std::int32_t make(const std::string& subject, const std::string& question)
    {
        if (how_.no_register)
            throw error(error_kind::config,
                        fmt::format("the registry at {} does not have the schema of subject {}, and registering is not "
                                    "allowed; register the text that `scenario show --schemas` prints",
                                    http_.shown(), subject));
        if (subject_is_there_)
            check(subject, question);
        const auto answer = ask(fmt::format("/subjects/{}/versions", http_.escaped(subject)), &question,
                                fmt::format("register the schema of subject {}", subject), {409});
        if (answer.status == 409)
            incompatible(subject, answer.message());
        return answer.body["id"].get<std::int32_t>();
    }

    /// Asks before anything is written whether readers of the latest version can go on.
    void check(const std::string& subject, const std::string& question)
    {
        const auto answer = ask(
            fmt::format("/compatibility/subjects/{}/versions/latest?verbose=true", http_.escaped(subject)), &question,
            fmt::format("compare the schema of subject {} with the latest version", subject), {404, 405});
        if (answer.status != 200 || answer.body["is_compatible"].get<bool>())
            return;
        std::string reason;
        for (const auto* field : {"messages", "reason"})
            if (const auto found = answer.body.find(field); found != answer.body.end() && !found->empty())
            {
                if (found->is_string())
                    reason = found->get<std::string>();
                else
                    for (const auto& one : *found)
                        reason += (reason.empty() ? "" : "; ") +
                                  (one.is_string() ? one.get<std::string>() : io::write_json(one));
                break;
            }
        incompatible(subject, reason.empty() ? "it does not say why" : told(reason));
    }

    [[noreturn]] void incompatible(const std::string& subject, const std::string& reason) const
    {
        throw error(error_kind::config,
                    fmt::format("the registry at {}: the schema of subject {} is not compatible with its latest "
                                "version: {}; use another topic, or set the subject's compatibility",
                                http_.shown(), subject, reason));
    }

    /// Asks until there is an answer that makes sense. `also`: statuses beside success that are answers.
    understood ask(const std::string& path, const std::string* body, const std::string& what,
                   std::initializer_list<int> also)
    {
        const auto begin = clock::now();
        auto wait = first_wait;
        for (bool told_of_it = false;;)
        {
            std::string why;
            try
            {
                ++questions_;
                return understand(http_.ask(path, body), path, what, also);
            }
            catch (const outage& one)
            {
                why = one.why;
            }
            catch (const error& failed)
            {
                if (failed.kind() != error_kind::unavailable)
                    throw;
                why = failed.what();
            }
            const auto lasted = clock::now() - begin;
            if (lasted + wait > how_.outage_max || stop_.stop_requested())
                throw error(error_kind::unavailable,
                            fmt::format("the registry at {} does not {} within {:.0f} s: {}; is it running, and is its "
                                        "address right?",
                                        http_.shown(), what, std::chrono::duration<double>(how_.outage_max).count(),
                                        why));
            if (!std::exchange(told_of_it, true) && how_.warn)
                how_.warn(fmt::format("the registry at {} does not {}, trying again: {}", http_.shown(), what, why));
            std::unique_lock lock(mutex_);
            halted_.wait_for(lock, stop_, wait, [] { return false; });
            wait = std::min(2 * wait, longest_wait);
        }
    }

    /// Errors: `outage` for what may be over soon.
    understood understand(const http_answer& answer, const std::string& path, const std::string& what,
                          std::initializer_list<int> also) const
    {
        understood made{answer.status, io::read_json<json>(answer.body), answer.body};
        if (answer.status == 401 || answer.status == 403)
            throw error(error_kind::permission, fmt::format("the registry at {} refuses to {}: {} {}; check its user "
                                                            "and password",
                                                            http_.shown(), what, answer.status, told(answer.body)));
        if (answer.status >= 500 || answer.status == 408 || answer.status == 429)
            throw outage{fmt::format("{} {}", answer.status, told(answer.body))};
        const bool expected = std::ranges::find(also, answer.status) != also.end();
        if (answer.status == 200 && makes_sense(made.body, path))
            return made;
        // Some other server: nothing says that a subject or schema is unknown.
        const bool is_registry = made.body.is_object() && made.body.contains("error_code");
        if (answer.status == 200 || (answer.status == 404 && !is_registry))
            throw outage{fmt::format("this is no answer of a registry: {} {}", answer.status, told(answer.body))};
        if (expected)
            return made;
        throw error(error_kind::config, fmt::format("the registry at {} refuses to {}: {} {}", http_.shown(), what,
                                                    made.code(), made.message()));
    }

    static bool makes_sense(const json& body, const std::string& path)
    {
        if (!body.is_object())
            return false;
        const auto has = [&](const char* name, auto is)
        {
            const auto found = body.find(name);
            return found != body.end() && is(*found);
        };
        if (path.starts_with("/compatibility/"))
            return has("is_compatible", [](const json& one) { return one.is_boolean(); });
        if (path.starts_with("/schemas/ids/"))
            return has("schema", [](const json& one) { return one.is_string(); });
        return has("id",
                   [](const json& one) { return one.is_number_unsigned() && one.get<std::uint64_t>() <= INT32_MAX; });
    }

    registry_options how_;
    std::stop_token stop_;
    http_client http_;
    std::map<std::pair<std::string, std::string>, std::int32_t> ids_;
    std::map<std::int32_t, std::string> texts_;
    bool subject_is_there_ = false;
    std::uint64_t questions_ = 0;
    std::mutex mutex_;
    std::condition_variable_any halted_;
};

registry::registry(const registry_place& at, registry_options how, std::stop_token stop)
    : work_(std::make_unique<work>(at, std::move(how), std::move(stop)))
{
}
registry::~registry() = default;

std::int32_t registry::id_of(const std::string& subject, record_format format, const std::string& schema)
{
    return work_->id_of(subject, format, schema);
}

const std::string& registry::schema_of(std::int32_t id)
{
    return work_->schema_of(id);
}

std::uint64_t registry::questions() const noexcept
{
    return work_->questions();
}

}  // namespace bazaar::kafka
