#!/usr/bin/env python3
"""Finds names that two source files of a room, or of a test program, both define for themselves.

Some builds compile eight files of a room as one (BAZAARD_UNITY), where they clash; the others don't notice.

  names.py [--top DIR]   0 when nothing is found, else 1 with a line per finding
  names.py --self-test   damages copies of the tree in a temporary folder: every damage must be found
"""

import argparse
import collections
import pathlib
import re
import shutil
import sys
import tempfile

# Test programs of which several files may be compiled as one, beside the rooms.
PROGRAMS = ("tests/unit", "tests/cli", "tests/golden")

NAMESPACE = re.compile(r"^(?:inline )?namespace(?: ([\w:]+))?(?: \{)?$")
TYPE = re.compile(r"^(?:template <.*?> )?(?:struct|class|union|enum(?: class)?|using|concept) (?:\[\[\w+\]\] )?(\w+)(?! *::)")
# It may be repeated, when it means the same.
ALIAS = re.compile(r"^(?:using|namespace) (\w+) = (.*);$|^using ([\w:]+::(\w+));$")
TEST = re.compile(r"^(?:(?:TYPED_)?TEST(?:_[FP])?|INSTANTIATE_TEST_SUITE_P)\(\s*(\w+),\s*(\w+)")
FUNCTION = re.compile(r"^[^=;{(]*?([\w~]+|operator[^\s\w]+)\(")
VARIABLE = re.compile(r"(\w+)(?:\[[^\]]*\])*(?: = |\{|;)")


def heads(text):
    """(namespace, whether it has no name, line, head) of what is declared in namespaces, as clang-format writes it: at the margin."""
    spaces = []
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        line = lines[at]
        found = NAMESPACE.match(line)
        if found:
            spaces.append(found[1] or "")
        elif re.match(r"^\}\s*// namespace", line):
            spaces = spaces[:-1]
        elif line and re.match(r"[\w\[~]", line) and not line.startswith(("public:", "private:", "protected:")):
            first, head = at, line
            # To its end, or up to the next line at the margin.
            while not head.endswith((";", "{")) and at + 1 < len(lines) and not re.match(r"\S", lines[at + 1]):
                at += 1
                head += " " + lines[at].strip()
            yield "::".join(filter(None, spaces)), bool(spaces) and not spaces[-1], first + 1, head
        at += 1


def name_of(head, hidden):
    """What the head defines for its file alone; nothing for what others may see."""
    found = TEST.match(head)
    if found:
        return f"{found[1]}.{found[2]}"
    if head.startswith("using namespace"):
        return None
    found = ALIAS.match(head)
    if found:
        return found[1] or found[4]
    found = TYPE.match(head)
    if found:
        # A declaration may be repeated.
        return None if re.match(r"^(?:struct|class|enum(?: class)?) \w+;$", head) else found[1]
    if not hidden or head.startswith(("static_assert", "extern", "friend", "typedef")):
        return None
    plain = re.sub(r"\[\[.*?\]\]\s*", "", head)
    found = FUNCTION.match(plain)
    if found:
        return f"{found[1]}({', '.join(kinds(plain[found.end() :]))})"
    found = VARIABLE.search(plain)
    return found[1] if found else None


def kinds(arguments):
    """The types of a function's arguments, from the text behind its opening parenthesis."""
    depth, one, found = 1, "", []
    for c in arguments:
        depth += (c in "(<{") - (c in ")>}")
        if depth == 0 or (depth == 1 and c == ","):
            found.append(re.sub(r"[\s&]\w+$", "", re.sub(r" = .*", "", one.strip())))
            one = ""
        else:
            one += c
        if depth == 0:
            break
    return found


def rooms(top):
    for folder in sorted((top / "src").iterdir()):
        if folder.is_dir():
            yield folder.relative_to(top).as_posix(), sorted(folder.rglob("*.cpp"))
    for program in PROGRAMS:
        yield program, sorted((top / program).glob("*_test.cpp"))


def findings(top):
    seen = 0
    for room, files in rooms(top):
        places = collections.defaultdict(list)
        for path in files:
            for space, hidden, line, head in heads(path.read_text(encoding="utf-8")):
                name = name_of(head, hidden)
                if name:
                    seen += 1
                    alias = ALIAS.match(head)
                    places[space, name].append((f"{path.relative_to(top).as_posix()}:{line}", alias[2] or alias[3] if alias else ""))
        for (_, name), those in places.items():
            where = [place for place, _ in those]
            same = len({meaning for _, meaning in those}) == 1 and those[0][1]
            if len({place.split(":")[0] for place in where}) > 1 and not same:
                yield f"{where[1]}: {name} is also in {where[0]}: files of {room} may be compiled as one"
    # Else it understands nothing of what it reads.
    if seen < 500:
        yield f"only {seen} names were found"


def self_test(top):
    """Each damage is a line more in a file of a room, next to what another of its files has."""
    damages = [
        ("src/io", "constexpr int of_both = 1;"),
        ("src/io", "std::string of_both(std::string_view text, int much)\n{\n    return {};\n}"),
        ("src/postgres", "struct of_both\n{\n    int one = 0;\n};"),
        ("src/app", "enum class of_both\n{\n    one\n};"),
        ("src/app", "const std::array<int, 3> of_both{1, 2, 3};"),
        ("src/verify", "[[nodiscard]] const char* of_both(const std::map<int, std::string>& all,\n"
                       "                                  int much)\n{\n    return nullptr;\n}"),
        ("tests/unit", "int of_both()\n{\n    return 1;\n}"),
        ("tests/unit", "TEST(of_both, has_a_name)\n{\n}"),
    ]
    others = [("src/daemon", ("using of_both = int;", "using of_both = long;"))]
    harmless = [
        ("src/io", ("int of_both(int a)\n{\n    return a;\n}", "int of_both(long a)\n{\n    return 1;\n}")),
        ("src/daemon", ("using of_both = int;", "using of_both = int;")),
        ("src/verify", ("struct of_both;", "struct of_both;")),
    ]
    bad = 0
    with tempfile.TemporaryDirectory() as work:
        copy = pathlib.Path(work)
        for folder in ("src", "tests"):
            shutil.copytree(top / folder, copy / folder)
        if list(findings(copy)):
            print("the tree has findings of its own")
            return 1

        def tried(room, texts):
            # Two files whose nameless namespaces are in the same one.
            within = collections.defaultdict(dict)
            for path in sorted((copy / room).rglob("*.cpp")):
                text = path.read_text(encoding="utf-8")
                if found := re.match(r".*?^namespace ([\w:]+)$.*?^namespace$", text, re.DOTALL | re.MULTILINE):
                    within[found[1]][path] = text
            before = dict(list(max(within.values(), key=len).items())[:2])
            for (path, was), text in zip(before.items(), texts):
                path.write_text(was.replace("\nnamespace\n{\n", "\nnamespace\n{\n\n" + text + "\n", 1), encoding="utf-8")
            found = [one for one in findings(copy) if "of_both" in one]
            for path, was in before.items():
                path.write_text(was, encoding="utf-8")
            return len(before) == 2 and found

        for room, texts in others + [(room, (text, text)) for room, text in damages]:
            if not tried(room, texts):
                print(f"not found in {room}: {texts}")
                bad += 1
        for room, texts in harmless:
            if tried(room, texts):
                print(f"found in {room}, though it compiles: {texts}")
                bad += 1
    return 1 if bad else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--top", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("--self-test", action="store_true")
    words = parser.parse_args()
    if words.self_test:
        return self_test(words.top)
    all_of_them = list(findings(words.top))
    for one in all_of_them:
        print(one)
    if not all_of_them:
        print("no two files of a room have a name alike")
    return 1 if all_of_them else 0


if __name__ == "__main__":
    sys.exit(main())
