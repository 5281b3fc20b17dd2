#!/usr/bin/env python3
"""Checks the sizes that the house style sets: files of proto/, daemon/ and cli/ of at most 800
lines, functions of at most 70 (opening to closing brace, both in column one, both counted).

limits.py ROOT          exit code 0: within, 1: not, each on a line
limits.py --self-test   a long function and a long file must be refused
"""
import glob
import os
import sys
import tempfile

FILE_LINES_MAX = 800
FUNCTION_LINES_MAX = 70


def faults_of(lines):
    if len(lines) > FILE_LINES_MAX:
        yield 1, "%d lines (at most %d)" % (len(lines), FILE_LINES_MAX)
    start = None
    for number, line in enumerate(lines, 1):
        if line.startswith("{"):
            start = number
        elif line.startswith("}") and start:
            if number - start + 1 > FUNCTION_LINES_MAX:
                yield start, "a function of %d lines (at most %d)" % (number - start + 1,
                                                                      FUNCTION_LINES_MAX)
            start = None


def check(root, say=print):
    """Returns the number of faults."""
    count = faults = 0
    for folder in ("proto", "daemon", "cli"):
        for name in sorted(glob.glob(os.path.join(root, folder, "*.[ch]"))):
            count += 1
            with open(name, encoding="utf-8") as f:
                lines = f.read().splitlines()
            for line, fault in faults_of(lines):
                faults += 1
                say("limits: %s:%d: %s" % (os.path.relpath(name, root), line, fault))
    say("limits: %d files, %d faults" % (count, faults))
    return faults


def function_of(lines):
    return "int f(void)\n{\n" + "\tg();\n" * (lines - 2) + "}\n"


SELF_TESTS = [
    (function_of(70), 0),
    (function_of(71), 1),
    ("struct s {\n" + "\tint a;\n" * 90 + "};\n", 0),
    ("int a;\n" * 800, 0),
    ("int a;\n" * 801, 1),
]


def self_test():
    bad = 0
    for i, (text, wanted) in enumerate(SELF_TESTS):
        with tempfile.TemporaryDirectory() as root:
            os.mkdir(os.path.join(root, "proto"))
            with open(os.path.join(root, "proto", "t.c"), "w", encoding="utf-8") as f:
                f.write(text)
            said = []
            if check(root, said.append) != wanted:
                bad += 1
                print("limits self-test %d: wanted %d faults, got %r" % (i, wanted, said))
    print("limits self-test: %d cases, %d failed" % (len(SELF_TESTS), bad))
    return bad


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    faults = self_test() if sys.argv[1] == "--self-test" else check(sys.argv[1])
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
