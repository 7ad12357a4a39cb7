#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bazaar/scenario/declared/problems.hpp"
#include "bazaar/scenario/declared/scalars.hpp"
#include "bazaar/scenario/declared/tree.hpp"

/// A file of TestDataPy, on its way to one of ours.
namespace bazaar::scenario::declared::theirs
{

// --- Nodes of ours

[[nodiscard]] node scalar(mark at, std::string text);
[[nodiscard]] node map_at(mark at);
/// Puts an entry at the end of a map.
void put(node& map, std::string key, mark at, node value);
inline void put(node& map, std::string key, mark at, std::string text)
{
    put(map, std::move(key), at, scalar(at, std::move(text)));
}
/// {key: text}
[[nodiscard]] node map_of(mark at, std::string key, std::string text);

/// "'it''s'": a text in an expression. A scalar as it looks, or as such a text.
[[nodiscard]] std::string literal(const node& value);

/// A text in a template: {{ stands for a brace.
[[nodiscard]] std::string doubled_braces(std::string_view text);

// --- Texts of theirs

/// "30", "0.5": the text of a key, or `initial`.
[[nodiscard]] std::string text_in(const node& here, std::string_view key, std::string_view initial = {});
[[nodiscard]] bool truth_in(const node& here, std::string_view key, bool initial);

/// "orders", "total_amount" of "orders.total_amount".
[[nodiscard]] std::pair<std::string_view, std::string_view> split_at_dot(std::string_view text) noexcept;
std::pair<std::string_view, std::string_view>
split_at_dot(std::string&& text) = delete;  // The parts would be of nothing.

/// Words of a map's keys.
[[nodiscard]] std::vector<std::string_view> keys_in(const node& map);

// --- What is translated

/// One of master_data or transactional_data.
struct entity
{
    std::string name;
    const entry* at = nullptr;
    bool is_master = false;
    bool is_csv = false;
    const node* fields = nullptr;         ///< schema or derived_fields; none where there is no such map.
    const node* relationships = nullptr;  ///< The same.

    std::string id;
    bool adds_id = false;                                     ///< It is in no field, so it is made.
    std::vector<std::string> names{};                         ///< Of its columns.
    std::map<std::string, std::string, std::less<>> links{};  ///< By the field that refers.
    std::set<std::string, std::less<>> taken{};               ///< Names of columns, links and vars.
    std::string moment{};                                     ///< A var that is now; empty: not needed yet.

    node made_links{};
    node made_vars{};
    node made_columns{};

    [[nodiscard]] bool has(std::string_view column) const;
    [[nodiscard]] const node& body() const { return at->value; }
};

/// Where a value stands.
enum class place : std::uint8_t
{
    column,
    var,   ///< Of a template.
    part,  ///< Of a condition, an object or a list.
};

class translator
{
public:
    translator(const node& tree, std::string_view file, problems& to, problems& notes)
        : tree_(tree), file_(file), to_(to), notes_(notes)
    {
    }

    [[nodiscard]] node translate();

private:
    void tell(mark at, const std::string& path, const std::string& what) { to_.add(at, path, what); }
    void note(mark at, const std::string& path, const std::string& what) { notes_.add(at, path, what); }

    // --- Entities
    void gather(std::string_view section, bool is_master);
    void id_of(entity& of);
    void name_columns(entity& of);
    [[nodiscard]] std::vector<std::size_t> in_order();
    [[nodiscard]] node table(entity& of);
    [[nodiscard]] bool goes_out(const entity& of) const;
    void id_column(entity& of);
    void columns(entity& of);
    void version(entity& of, node& made);
    void rows(const entity& of, node& made);
    void topic(const entity& of, node& made);
    void unused_keys(const entity& of);
    void heads(node& made);
    [[nodiscard]] entity* find(std::string_view name);
    [[nodiscard]] const entity* find(std::string_view name) const { return const_cast<translator*>(this)->find(name); }
    [[nodiscard]] std::vector<std::string_view> entity_names() const;
    /// The entity and column of "orders.total_amount"; none, and told, where there is no such.
    [[nodiscard]] const entity* column_of(std::string_view what, std::string& column, mark at, const std::string& path);

    // --- Relationships
    void relationship(entity& of, const entry& one);
    void pick(entity& of, const entry& one, const entity& to, node& link, const std::string& path);
    void recent(const entity& of, const entry& one, const entity& to, node& link, const std::string& path);
    void weighted(const entry& one, const entity& to, node& link, const std::string& path);
    void array(entity& of, const entry& one, const std::string& path);
    void mapped(entity& of, const entry& one, const entity& to, const std::string& path);

    // --- Fields
    [[nodiscard]] node field(entity& of, const entry& one, place in, const std::string& path);
    [[nodiscard]] node of_type(entity& of, const entry& one, std::string_view type, place in, const std::string& path);
    [[nodiscard]] node text_field(entity& of, const entry& one, place in, const std::string& path);
    [[nodiscard]] node formatted(const entry& format, place in, const std::string& path);
    [[nodiscard]] node pattern(const entry& format, const std::string& path);
    [[nodiscard]] node faker(entity& of, const entry& one, const std::string& path);
    [[nodiscard]] node like(const entry& one, const std::string& path, std::string_view method);
    [[nodiscard]] node address(entity& of, const entry& one);
    [[nodiscard]] node date_between(entity& of, const entry& one, const std::string& path);
    [[nodiscard]] node numbers(const entity& of, const entry& one, bool whole, place in, const std::string& path);
    [[nodiscard]] node choice(const entry& one, bool weighted, const std::string& path);
    [[nodiscard]] node moment_millis(entity& of, const entry& one, const std::string& path);
    [[nodiscard]] node conditional(entity& of, const entry& one, const std::string& path);
    [[nodiscard]] node legacy_conditions(const entry& one, const std::string& path);
    [[nodiscard]] node filled(entity& of, const entry& one, const std::string& path);
    [[nodiscard]] node reference(entity& of, const entry& one, const std::string& path);
    [[nodiscard]] node object(entity& of, const entry& one, const std::string& path);
    [[nodiscard]] node from_csv(const entity& of, const entry& one, const std::string& path);
    /// A generator as the head of a map, to which `when` may be added.
    [[nodiscard]] node as_head(entity& of, node made, const std::string& name);
    [[nodiscard]] std::string now_of(entity& of, mark at);
    [[nodiscard]] node moved(mark at, const std::string& base, const std::string& low, const std::string& high);
    [[nodiscard]] std::string free_name(entity& of, std::string wanted);
    /// The field of this record that a text names; false, and told, where there is none.
    bool is_own(const entity& of, const std::string& name, mark at, const std::string& path);

    const node& tree_;
    std::string_view file_;
    problems& to_;
    problems& notes_;
    std::vector<entity> entities_;
    node made_files_{};
    node made_lists_{};
    bool any_out_ = false;
};

}  // namespace bazaar::scenario::declared::theirs
