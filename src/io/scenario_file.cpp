#include "bazaar/io/scenario_file.hpp"

#include <array>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "bazaar/base/error.hpp"
#include "bazaar/io/small_file.hpp"
#include "bazaar/io/yaml.hpp"
#include "bazaar/scenario/declared/check.hpp"
#include "bazaar/scenario/declared/testdatapy.hpp"
#include "bazaar/scenario/embedded.hpp"

namespace bazaar::io
{
namespace
{

namespace declared = scenario::declared;

/// The bytes of a file by the name that a scenario file gives it; nothing and a reason where there is none.
using finder = std::function<std::optional<std::string>(const std::string& name, std::string& why)>;

constexpr std::size_t extends_max = 8;

void set_file(declared::node& one, std::uint32_t file)
{
    one.at.file = file;
    one.verbatim.file = file;
    for (auto& item : one.items)
        set_file(item, file);
    for (auto& part : one.entries)
    {
        part.at.file = file;
        set_file(part.value, file);
    }
}

class loader
{
public:
    loader(std::string name, finder find)
        : found_(name),
          warnings_(name, "warning: "),
          notes_(name, "note: "),
          name_(std::move(name)),
          find_(std::move(find))
    {
    }

    scenario_file load(std::string bytes)
    {
        auto tree = read_yaml(bytes, found_);
        made_.texts.emplace(name_, std::move(bytes));
        bool whole = tree.whole;
        made_.is_foreign = declared::is_testdatapy(tree.root);
        if (whole)
            whole = translate(tree.root, name_);
        made_.tree = std::move(tree.root);
        if (whole)
            whole = lay_under();
        if (whole)
            check();
        made_.problems = found_.lines();
        made_.warnings = warnings_.lines();
        made_.notes = notes_.lines();
        return std::move(made_);
    }

private:
    /// A file of TestDataPy becomes one of ours. False where it has problems: of what is made of it, nothing more is told then.
    bool translate(declared::node& tree, const std::string& file)
    {
        if (!declared::is_testdatapy(tree))
            return true;
        const auto before = found_.size();
        tree = declared::from_testdatapy(tree, file, found_, notes_);
        return found_.size() == before;
    }

    /// Reads what the file extends, one after another, and lays it under. False where a file of them was not read.
    bool lay_under()
    {
        std::vector<declared::node> above{std::move(made_.tree)};
        for (auto next = declared::extends_of(above.back()); !next.empty(); next = declared::extends_of(above.back()))
        {
            const auto at = above.back().find("extends")->value.at;
            const auto file = next.find('.') == next.npos && next.find('/') == next.npos ? next + ".yaml" : next;
            std::string why;
            auto bytes = above.size() > extends_max ? std::nullopt : find_(file, why);
            if (above.size() > extends_max)
                why = "extends itself, or more than 8 files";
            if (!bytes || made_.texts.contains(file))
            {
                found_.add(at, "extends",
                           bytes                   ? fmt::format("{} extends itself", file)
                           : why.starts_with(file) ? why
                                                   : fmt::format("{}: {}", file, why));
                return false;
            }
            const auto number = found_.add_file(file);
            warnings_.add_file(file);
            notes_.add_file(file);
            declared::problems own(file);
            auto tree = read_yaml(*bytes, own);
            set_file(tree.root, number);
            if (!own.empty())
                found_.add(at, "extends", own.lines().front());
            if (!tree.whole || !translate(tree.root, file))
                return false;
            made_.texts.emplace(file, *std::move(bytes));
            above.push_back(std::move(tree.root));
        }
        auto under = std::move(above.back());
        for (above.pop_back(); !above.empty(); above.pop_back())
            under = declared::extended(std::move(under), above.back(), found_);
        made_.tree = std::move(under);
        return true;
    }

    void check()
    {
        for (const auto& file : declared::files_of(made_.tree))
        {
            std::string why;
            if (auto bytes = find_(file, why))
                made_.texts.emplace(file, *std::move(bytes));
        }
        scenario::seed_files files;
        for (const auto& [name, bytes] : made_.texts)
            files.emplace(name, bytes);
        made_.spec = declared::check(made_.tree, files, found_, warnings_);
        if (!found_.empty())
            made_.spec.reset();
    }

    declared::problems found_;
    declared::problems warnings_;
    declared::problems notes_;
    std::string name_;
    finder find_;
    scenario_file made_;
};

/// With the slash at its end; empty where there is none.
std::string folder_of(const std::string& path)
{
    const auto slash = path.rfind('/');
    return slash == path.npos ? std::string() : path.substr(0, slash + 1);
}

std::optional<std::string> shipped(const std::string& name, std::string& why)
{
    const auto bytes = shipped_file(name);
    if (!bytes.empty())
        return std::string(bytes);
    why = "no such file is shipped";
    return std::nullopt;
}

}  // namespace

std::span<const std::string_view> shipped_scenarios()
{
    static constexpr std::array<std::string_view, 3> names{"correlated-ecommerce", "river-hotel", "smoothie-shop"};
    return names;
}

std::string_view shipped_file(std::string_view name)
{
    return scenario::embedded(name);
}

scenario_file read_scenario_text(const std::string& name, const std::map<std::string, std::string, std::less<>>& files)
{
    const auto find = [&files](const std::string& wanted, std::string& why) -> std::optional<std::string>
    {
        const auto found = files.find(wanted);
        if (found != files.end())
            return found->second;
        why = "there is no such file";
        return std::nullopt;
    };
    std::string why;
    return loader(name, find).load(find(name, why).value_or(std::string()));
}

scenario_file read_scenario(const std::string& name_or_path, std::string_view who)
{
    const bool is_name = name_or_path.find('.') == name_or_path.npos && name_or_path.find('/') == name_or_path.npos;
    if (is_name)
    {
        const auto file = name_or_path + ".yaml";
        std::string why;
        auto bytes = shipped(file, why);
        if (!bytes)
            throw error(
                error_kind::usage,
                fmt::format("{}: no scenario \"{}\"; a file has a dot or a slash in its name", who, name_or_path));
        return loader(file, shipped).load(*std::move(bytes));
    }
    // What a file names is beside it, or beside one that it extends, or shipped.
    std::vector<std::string> folders{folder_of(name_or_path)};
    const auto find = [&folders](const std::string& wanted, std::string& why) -> std::optional<std::string>
    {
        for (const auto& folder : folders)
        {
            const auto path = wanted.starts_with('/') ? wanted : folder + wanted;
            try
            {
                auto bytes = read_small_file(path, wanted, {.pipes = false, .text = false});
                folders.push_back(folder_of(path));
                return bytes;
            }
            catch (const error& refusal)
            {
                why = why.empty() ? refusal.what() : why;
            }
        }
        std::string unused;
        return shipped(wanted, unused);
    };
    return loader(name_or_path, find).load(read_small_file(name_or_path, who, {.text = false}));
}

}  // namespace bazaar::io
