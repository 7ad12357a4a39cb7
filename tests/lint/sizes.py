#!/usr/bin/env python3
"""Finds functions and files of the program that are too long to be read at once.

  sizes.py [--top DIR]   0 when nothing is found, else 1 with a line per finding
  sizes.py --list        all that is longer, with its length
  sizes.py --self-test   damages copies of the tree in a temporary folder: every damage must be found

What is longer for a reason stands in tests/lint/sizes.txt, with the length that it may have: `LINES PATH [FUNCTION]: REASON`. A row that
is not needed any more, or allows more than is there, is a finding too: so the list only gets shorter.
"""

import argparse
import pathlib
import re
import shutil
import sys
import tempfile

FUNCTION_MAX = 70
FILE_MAX = 500
# A row may be longer than the rest by so much, so that a line more or less is no edit of the list.
SLACK = 10
ROWS_MAX = 40

NO_FUNCTION = re.compile(r"^\s*(if|else|for|while|switch|do|try|catch|struct|class|union|enum|namespace|extern|case|default)\b")
NAME = re.compile(r"([\w:~]+|operator\S+)\s*\(")


def functions(text):
    """(name, first line, lines) of each function; as clang-format writes them: its braces stand alone in their lines, at one indent."""
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        line = lines[at]
        if line.strip() != "{":
            at += 1
            continue
        indent = len(line) - len(line.lstrip())
        head = header(lines, at, indent)
        if not head or NO_FUNCTION.match(head) or head.endswith("=") or "(" not in head:
            at += 1
            continue
        end = next((n for n in range(at + 1, len(lines)) if re.match(rf"^ {{{indent}}}\}}[;,)]*", lines[n])), len(lines) - 1)
        found = NAME.search(head)
        yield found[1] if found else head, at + 1, end - at - 1
        at = end + 1


def header(lines, at, indent):
    """What stands before a brace, back to the end of what was before it."""
    parts = []
    for n in range(at - 1, -1, -1):
        line = lines[n].strip()
        if not line or line.endswith((";", "}", "{")) or line.startswith(("#", "//")) or line in ("public:", "private:", "protected:"):
            break
        parts.append(line)
        if len(lines[n]) - len(lines[n].lstrip()) <= indent and not line.startswith((":", ",")) and "(" in line:
            break
    return " ".join(reversed(parts))


def sources(top):
    for folder in ("src", "include"):
        for path in sorted((top / folder).rglob("*.[ch]pp")):
            yield path.relative_to(top).as_posix(), path.read_text(encoding="utf-8")


def long_ones(top):
    """{(path, function or nothing): lines}"""
    found = {}
    for path, text in sources(top):
        count = text.count("\n")
        if count > FILE_MAX:
            found[path, ""] = count
        for name, _, lines in functions(text):
            if lines > FUNCTION_MAX:
                found[path, name] = max(lines, found.get((path, name), 0))
    return found


def allowed(top):
    """({(path, function): lines}, what is wrong with the list)"""
    rows, wrong = {}, []
    for number, line in enumerate((top / "tests/lint/sizes.txt").read_text(encoding="utf-8").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        row = re.match(r"^(\d+) (\S+?)(?: (\S+))?: (\S.*)$", line)
        if not row:
            wrong.append(f"tests/lint/sizes.txt:{number}: must be LINES PATH [FUNCTION]: REASON")
            continue
        rows[row[2], row[3] or ""] = int(row[1])
    if len(rows) > ROWS_MAX:
        wrong.append(f"tests/lint/sizes.txt: {len(rows)} rows; there may be {ROWS_MAX}")
    return rows, wrong


def findings(top):
    rows, wrong = allowed(top)
    found = long_ones(top)
    for (path, name), lines in sorted(found.items()):
        most = rows.get((path, name), FUNCTION_MAX if name else FILE_MAX)
        if lines > most:
            wrong.append(f"{path}: {name or 'the file'} has {lines} lines; at most {most}")
    for (path, name), most in sorted(rows.items()):
        if (path, name) not in found:
            wrong.append(f"tests/lint/sizes.txt: {path} {name}: is not that long any more")
        elif found[path, name] + SLACK < most:
            wrong.append(f"tests/lint/sizes.txt: {path} {name}: allows {most} lines of {found[path, name]}")
    return wrong


# ---- Negative controls -----------------------------------------------------------------------------------------------

def self_test(top):
    """Whether each damage is found, and a tree without one has none."""
    body = "".join(f"    count += {n};\n" for n in range(FUNCTION_MAX + 1))
    short = "".join(f"    count += {n};\n" for n in range(FUNCTION_MAX))
    damages = {
        "a long function": ("src/base/a.cpp", f"namespace x\n{{\nvoid far(int count)\n{{\n{body}}}\n}}\n", "far has 71 lines"),
        "a long member": ("src/base/a.cpp", "struct s\n{\n    int far(int count) const\n    {\n" + body.replace("    ", "        ") + "    }\n};\n",
                          "far has 71 lines"),
        "a long constructor": ("src/base/a.cpp", f"s::s(int a)\n    : one(a),\n      two(a)\n{{\n{body}}}\n", "s::s has 71 lines"),
        "a long file": ("src/base/a.cpp", "int a;\n" * (FILE_MAX + 1), "the file has 501 lines"),
        "a row too many": ("tests/lint/sizes.txt", None, "is not that long any more"),
        "a row that allows too much": ("tests/lint/sizes.txt", None, "allows"),
        "a row without a reason": ("tests/lint/sizes.txt", None, "must be LINES PATH"),
    }
    good = True
    for name, (path, text, wanted) in damages.items():
        with tempfile.TemporaryDirectory(prefix="bazaard-sizes.") as scratch:
            copy = pathlib.Path(scratch)
            for folder in ("src", "include"):
                shutil.copytree(top / folder, copy / folder)
            (copy / "tests/lint").mkdir(parents=True)
            rows = (top / "tests/lint/sizes.txt").read_text(encoding="utf-8")
            (copy / "tests/lint/sizes.txt").write_text(rows)
            before = findings(copy)
            if text is not None:
                (copy / path).write_text(text)
            elif "too many" in name:
                (copy / path).write_text(rows + "80 src/main.cpp main: none\n")
            elif "too much" in name:
                (copy / path).write_text(re.sub(r"^\d+ (src/\S+:)", r"99999 \1", rows, count=1, flags=re.M))
            else:
                (copy / path).write_text(rows + "80 src/main.cpp main\n")
            after = findings(copy)
            hit = not before and any(wanted in line for line in after)
            good = good and hit
            print(f"  {name:30s} {'found' if hit else '***Failed: not found: ' + str(before + after)}")
    # As long as may be, and a long block that is no function.
    some = f"void near(int count)\n{{\n{short}}}\nnamespace y\n{{\n" + "int c;\n" * 100 + "}\n"
    quiet = [name for name, _, lines in functions(some) if lines > FUNCTION_MAX]
    print(f"  {'what is short enough':30s} {'is none' if not quiet else '***Failed: ' + str(quiet)}")
    return good and not quiet


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--top", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    given = parser.parse_args()
    if given.self_test:
        sys.exit(0 if self_test(given.top) else 1)
    if given.list:
        for (path, name), lines in sorted(long_ones(given.top).items()):
            print(lines, path, name)
        return
    wrong = findings(given.top)
    print("\n".join(wrong) if wrong else "no function and no file is longer than it may be")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
