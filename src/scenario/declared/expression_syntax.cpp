#include "expression_syntax.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "expression_tokens.hpp"

namespace bazaar::scenario::declared
{
namespace
{

struct operator_row
{
    std::string_view word;
    binary_operator what;
    int level;  ///< What binds closer has a higher one.
};

constexpr int comparing = 3;

constexpr std::array<operator_row, 13> operators{{
    {"or", binary_operator::either, 1},
    {"and", binary_operator::both, 2},
    {"=", binary_operator::equal, comparing},
    {"!=", binary_operator::unequal, comparing},
    {"<", binary_operator::less, comparing},
    {"<=", binary_operator::at_most, comparing},
    {">", binary_operator::greater, comparing},
    {">=", binary_operator::at_least, comparing},
    {"+", binary_operator::add, 4},
    {"-", binary_operator::subtract, 4},
    {"*", binary_operator::multiply, 5},
    {"/", binary_operator::divide, 5},
    {"%", binary_operator::remainder, 5},
}};

constexpr std::size_t text_bytes_max = 4'096;
constexpr int nested_max = 64;
constexpr int chained_max = 256;

class reader
{
public:
    reader(std::string_view text, std::size_t at) : text_(text) { take(at); }

    /// All of the text as one expression.
    std::size_t whole(terms& to)
    {
        const auto made = value(to, 1);
        if (here_.is != token_form::end)
            throw syntax_error{here_.at, fmt::format("\"{}\" where an operator or the end must stand", here_.source)};
        return made;
    }

private:
    void take(std::size_t at) { here_ = next_token(text_, at); }
    void take() { take(here_.at + here_.source.size()); }

    [[nodiscard]] bool is(std::string_view word) const
    {
        return (here_.is == token_form::symbol || here_.is == token_form::name) && here_.source == word;
    }

    void need(std::string_view word, std::string_view what)
    {
        if (!is(word))
            throw syntax_error{here_.at, here_.is == token_form::end
                                             ? fmt::format("{} is missing at the end", what)
                                             : fmt::format("\"{}\" where {} must stand", here_.source, what)};
        take();
    }

    static std::size_t put(terms& to, term one)
    {
        for (const auto part : one.parts)
            one.depth = std::max(one.depth, to[part].depth + 1);
        if (one.depth > chained_max + 1)
            throw syntax_error{one.at,
                               fmt::format("more than {} operators in a row; make a var of a part", chained_max)};
        to.push_back(std::move(one));
        return to.size() - 1;
    }

    [[nodiscard]] const operator_row* operator_here() const
    {
        for (const auto& one : operators)
            if (is(one.word))
                return &one;
        return nullptr;
    }

    /// What binds at least as close as `level`.
    std::size_t value(terms& to, int level)
    {
        if (++nested_ > nested_max)
            throw syntax_error{here_.at, fmt::format("deeper than {} in each other; make a var of a part", nested_max)};
        auto left = first(to, level);
        bool compared = false;
        for (;;)
        {
            const auto at = here_.at;
            const auto* const next = operator_here();
            const bool among = is("in");
            const int its_level = among ? comparing : next == nullptr ? 0 : next->level;
            if (its_level < level || its_level == 0)
                break;
            if (its_level == comparing && std::exchange(compared, true))
                throw syntax_error{at, "two comparisons in a row; put \"and\" between them"};
            take();
            term made{.is = among ? term_form::among : term_form::binary, .at = at, .parts = {left}};
            if (among)
                list(to, made);
            else
            {
                made.which = next->what;
                made.parts.push_back(value(to, next->level + 1));
            }
            left = put(to, std::move(made));
        }
        --nested_;
        return left;
    }

    /// not x, -x, or a single value.
    std::size_t first(terms& to, int level)
    {
        const auto at = here_.at;
        const bool inverse = is("not");
        if (!inverse && !is("-"))
            return single(to);
        if (inverse && level > comparing)
            throw syntax_error{at, "\"not\" binds no closer than a comparison; put it between ()"};
        take();
        // not a = b is not (a = b); -a * b is (-a) * b.
        const auto of = inverse ? value(to, comparing) : value(to, 6);
        return put(to, {.is = inverse ? term_form::inverse : term_form::negative, .at = at, .parts = {of}});
    }

    std::size_t single(terms& to)
    {
        const auto one = here_;
        switch (one.is)
        {
        case token_form::number:
            take();
            return put(to, {.is = term_form::number, .at = one.at, .number = one.number, .scale = one.scale});
        case token_form::duration:
            take();
            return put(to, {.is = term_form::duration, .at = one.at, .number = one.number});
        case token_form::text:
            take();
            return put(to, {.is = term_form::text, .at = one.at, .text = unquoted(one.source)});
        case token_form::name:
            return named(to);
        case token_form::symbol:
            if (is("("))
            {
                take();
                const auto inside = value(to, 1);
                need(")", "\")\"");
                return inside;
            }
            break;
        case token_form::end:
            throw syntax_error{one.at, "a value is missing at the end"};
        }
        throw syntax_error{one.at, fmt::format("\"{}\" where a value must stand", one.source)};
    }

    std::size_t named(terms& to)
    {
        const auto one = here_;
        for (const std::string_view word : {"and", "or", "in"})
            if (one.source == word)
                throw syntax_error{one.at, fmt::format("\"{}\" where a value must stand", word)};
        take();
        if (one.source == "true" || one.source == "false")
            return put(to, {.is = term_form::truth, .at = one.at, .number = one.source == "true" ? 1 : 0});
        term made{.is = term_form::name, .at = one.at, .text = std::string(one.source)};
        if (is("("))
        {
            made.is = term_form::call;
            list(to, made);
        }
        return put(to, std::move(made));
    }

    /// (a, b, c): one at least.
    void list(terms& to, term& into)
    {
        need("(", "\"(\"");
        for (;;)
        {
            into.parts.push_back(value(to, 1));
            if (!is(","))
                break;
            take();
        }
        need(")", "\",\" or \")\"");
    }

    std::string_view text_;
    token here_;
    int nested_ = 0;
};

/// Where the expression that begins at `at` ends: at a } that is in no text.
std::size_t end_of_part(std::string_view text, std::size_t at)
{
    bool quoted = false;
    for (auto i = at; i < text.size(); ++i)
    {
        quoted = quoted != (text[i] == '\'');
        if (!quoted && text[i] == '}')
            return i;
    }
    throw syntax_error{at - 1, "this { is never closed; write {{ for a brace"};
}

void template_parts(std::string_view text, terms& to, term& whole)
{
    std::string words;
    std::size_t begin = 0;
    const auto put_words = [&]
    {
        if (words.empty())
            return;
        to.push_back({.is = term_form::text, .at = begin, .text = std::exchange(words, {})});
        whole.parts.push_back(to.size() - 1);
    };
    for (std::size_t i = 0; i < text.size(); ++i)
    {
        const bool brace = text[i] == '{' || text[i] == '}';
        const bool doubled = brace && i + 1 < text.size() && text[i + 1] == text[i];
        if (!brace || doubled)
        {
            words += text[i];
            i += doubled ? 1 : 0;
            continue;
        }
        if (text[i] == '}')
            throw syntax_error{i, "no { before this }; write }} for a brace"};
        put_words();
        const auto end = end_of_part(text, i + 1);
        whole.parts.push_back(reader(text.substr(0, end), i + 1).whole(to));
        i = end;
        begin = end + 1;
    }
    put_words();
}

/// The terms that `read` makes; none, and the fault, when the text is wrong.
template <typename Read>
terms parsed(std::string_view text, std::vector<fault>& to, const Read& read)
{
    terms made;
    try
    {
        if (text.size() > text_bytes_max)
            throw syntax_error{0, fmt::format("longer than {} bytes; make vars of its parts", text_bytes_max)};
        read(made);
    }
    catch (const syntax_error& wrong)
    {
        to.push_back({wrong.at, wrong.what});
        made.clear();
    }
    return made;
}

}  // namespace

std::string_view name(binary_operator what) noexcept
{
    for (const auto& one : operators)
        if (one.what == what)
            return one.word;
    return {};
}

terms parse_expression(std::string_view text, std::vector<fault>& to)
{
    return parsed(text, to, [&](terms& made) { reader(text, 0).whole(made); });
}

terms parse_template(std::string_view text, std::vector<fault>& to)
{
    return parsed(text, to,
                  [&](terms& made)
                  {
                      term whole{.is = term_form::joined};
                      template_parts(text, made, whole);
                      made.push_back(std::move(whole));
                  });
}

}  // namespace bazaar::scenario::declared
