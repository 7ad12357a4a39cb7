#include "capture/java_regex.hpp"

#include <cstdint>

namespace bazaar::capture
{
namespace
{

constexpr wchar_t none = L'\0';
constexpr std::wstring_view special = L"\\^$.|?*+()[]{}/-";

/// Characters of a text; bytes that are no UTF-8 stand for themselves.
std::wstring wide(std::string_view text)
{
    std::wstring out;
    for (std::size_t i = 0; i < text.size();)
    {
        const auto first = static_cast<unsigned char>(text[i]);
        const std::size_t size = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
        auto code = static_cast<wchar_t>(size == 1 ? first : first & (0xff >> (size + 1)));
        bool good = i + size <= text.size();
        for (std::size_t k = 1; good && k < size; ++k)
        {
            const auto next = static_cast<unsigned char>(text[i + k]);
            good = (next & 0xc0) == 0x80;
            code = static_cast<wchar_t>(code << 6 | (next & 0x3f));
        }
        out += good ? code : static_cast<wchar_t>(first);
        i += good ? size : 1;
    }
    return out;
}

std::string narrow(std::wstring_view text)
{
    std::string out;
    for (const wchar_t c : text)
    {
        const auto code = static_cast<std::uint32_t>(c);
        const auto tail = [&](int shift) { out += static_cast<char>(0x80 | (code >> shift & 0x3f)); };
        if (code < 0x80)
            out += static_cast<char>(code);
        else if (code < 0x800)
        {
            out += static_cast<char>(0xc0 | code >> 6);
            tail(0);
        }
        else if (code < 0x10000)
        {
            out += static_cast<char>(0xe0 | code >> 12);
            tail(6);
            tail(0);
        }
        else
        {
            out += static_cast<char>(0xf0 | code >> 18);
            tail(12);
            tail(6);
            tail(0);
        }
    }
    return out;
}

bool is_digit(wchar_t c)
{
    return c >= L'0' && c <= L'9';
}

bool is_letter(wchar_t c)
{
    return (c >= L'a' && c <= L'z') || (c >= L'A' && c <= L'Z');
}

/// Writes an expression of Java's as one of ECMAScript's.
class translation
{
public:
    explicit translation(std::wstring from) : from_(std::move(from)) {}

    /// False where they would not mean the same.
    bool go(std::wstring& out, bool& any_case)
    {
        if (from_.starts_with(L"(?i)"))
        {
            any_case = true;
            at_ = 4;
        }
        while (at_ < from_.size())
            if (!one())
                return false;
        out = std::move(out_);
        return true;
    }

private:
    [[nodiscard]] wchar_t ahead(std::size_t count = 0) const
    {
        return at_ + count < from_.size() ? from_[at_ + count] : none;
    }

    bool one()
    {
        const wchar_t c = from_[at_];
        if (c == L'\\')
            return escape(false);
        if (c == L'[')
            return set();
        if (c == L'(' && ahead(1) == L'?' && ahead(2) != L':' && ahead(2) != L'=' && ahead(2) != L'!')
            return false;
        const bool quantifier = c == L'*' || c == L'+' || c == L'?' || c == L'}';
        if (quantifier && ahead(1) == L'+')
            return false;
        out_ += c;
        ++at_;
        return true;
    }

    bool escape(bool in_set)
    {
        const wchar_t c = ahead(1);
        if (c == none)
            return false;
        if (c == L'Q')
            return quoted();
        at_ += 2;
        if (is_letter(c) || is_digit(c))
        {
            static constexpr std::wstring_view both = L"dDwWsStnrf";
            const bool same = both.find(c) != both.npos || (!in_set && (c == L'b' || c == L'B')) ||
                              (!in_set && c >= L'1' && c <= L'9' && !is_digit(ahead()));
            if (!same)
                return false;
            (out_ += L'\\') += c;
            return true;
        }
        literal(c);
        return true;
    }

    void literal(wchar_t c)
    {
        if (special.find(c) != special.npos)
            out_ += L'\\';
        out_ += c;
    }

    /// All up to \E stands for itself.
    bool quoted()
    {
        at_ += 2;
        for (; at_ < from_.size(); ++at_)
        {
            if (ahead() == L'\\' && ahead(1) == L'E')
            {
                at_ += 2;
                return true;
            }
            literal(from_[at_]);
        }
        return true;
    }

    bool set()
    {
        out_ += L'[';
        ++at_;
        if (ahead() == L'^')
        {
            out_ += L'^';
            ++at_;
        }
        if (ahead() == L']')
            return false;
        while (at_ < from_.size())
        {
            const wchar_t c = from_[at_];
            if (c == L'[' || (c == L'&' && ahead(1) == L'&'))
                return false;
            if (c == L'\\')
            {
                if (!escape(true))
                    return false;
                continue;
            }
            out_ += c;
            ++at_;
            if (c == L']')
                return true;
        }
        return false;
    }

    std::wstring from_, out_;
    std::size_t at_ = 0;
};

}  // namespace

std::optional<java_regex> java_regex::read(std::string_view expression, bool any_case)
{
    std::wstring text;
    if (!translation(wide(expression)).go(text, any_case))
        return std::nullopt;
    try
    {
        return java_regex(
            std::wregex(text, any_case ? std::regex::ECMAScript | std::regex::icase : std::regex::ECMAScript));
    }
    catch (const std::regex_error&)
    {
        return std::nullopt;
    }
}

std::optional<bool> java_regex::is(std::string_view text) const
{
    try
    {
        return std::regex_match(wide(text), made_);
    }
    catch (const std::regex_error&)
    {
        return std::nullopt;
    }
}

std::optional<std::string> java_regex::replaced(std::string_view text, std::string_view replacement) const
{
    const auto all = wide(text);
    const auto by = wide(replacement);
    std::wsmatch found;
    try
    {
        if (!std::regex_search(all, found, made_))
            return std::string(text);
    }
    catch (const std::regex_error&)
    {
        return std::nullopt;
    }
    std::wstring out(found.prefix());
    for (std::size_t i = 0; i < by.size(); ++i)
    {
        if (by[i] == L'\\' && i + 1 < by.size())
            out += by[++i];
        else if (by[i] != L'$')
            out += by[i];
        else
        {
            if (i + 1 >= by.size() || !is_digit(by[i + 1]))
                return std::nullopt;
            // As many digits as still name a group.
            std::size_t group = static_cast<std::size_t>(by[++i] - L'0');
            if (group >= found.size())
                return std::nullopt;
            while (i + 1 < by.size() && is_digit(by[i + 1]) &&
                   group * 10 + static_cast<std::size_t>(by[i + 1] - L'0') < found.size())
                group = group * 10 + static_cast<std::size_t>(by[++i] - L'0');
            out += found[group].str();
        }
    }
    return narrow(out + found.suffix().str());
}

}  // namespace bazaar::capture
