#!/usr/bin/env python3
"""Checks that what the code quotes from the specification stands there.

spec_quotes.py ROOT
    finds comments of the form   PROTOCOL 4.1: "words of the specification"   in proto/*.[ch] and
    daemon/*.[ch] and looks for the words, whitespace folded, in ROOT/proto/PROTOCOL.md under the
    heading numbered 4.1 (its subsections included).
spec_quotes.py --self-test
    a wrong word, a wrong section and a missing specification must each be refused.

A quote runs to the last double quote before the comment's end or its next PROTOCOL citation.
Exit code: 0 all stand, 1 some do not.
"""
import glob
import os
import re
import sys
import tempfile

LITERAL_OR_COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|//[^\n]*|/\*.*?\*/', re.S)
CITATION = re.compile(r"PROTOCOL\s+(\d+(?:\.\d+)*)\s*:\s*\"")
# "## 4. Sync", "### 4.1 Frames", or a paragraph that begins "4.1. "
HEADING = re.compile(r"^(?:#+[ \t]+(?P<a>\d+(?:\.\d+)*)\.?|(?P<b>\d+(?:\.\d+)+)\.)(?=\s|$)", re.M)


def folded(text):
    return " ".join(text.split())


def comments_of(text):
    """Yields (line, text without the comment's frame); strings that look like comments are not."""
    for m in LITERAL_OR_COMMENT.finditer(text):
        if m.group().startswith("/*"):
            body = m.group()[2:-2]
            line = text.count("\n", 0, m.start()) + 1
            yield line, re.sub(r"^[ \t]*\*(?!\*)[ \t]?", "", body, flags=re.M)


def quotes_of(comment):
    """Yields (offset, section, quote or None when the closing double quote is missing)."""
    found = list(CITATION.finditer(comment))
    for i, m in enumerate(found):
        end = found[i + 1].start() if i + 1 < len(found) else len(comment)
        close = comment.rfind('"', m.end(), end)
        yield m.start(), m.group(1), comment[m.end():close] if close >= 0 else None


def sections_of(spec):
    """Section number to its folded text, subsections included. A fence's # is not a heading."""
    blank = re.sub(r"^(```|~~~).*?^\1", lambda m: re.sub(r"#", " ", m.group()), spec,
                   flags=re.M | re.S)
    heads = list(HEADING.finditer(blank))
    sections = {}
    for i, m in enumerate(heads):
        number = m["a"] or m["b"]
        end = len(spec)
        for n in heads[i + 1:]:
            if not (n["a"] or n["b"]).startswith(number + "."):
                end = n.start()
                break
        sections[number] = folded(spec[m.start():end])
    return sections


def check(root, say=print):
    """Returns the number of faults."""
    path = os.path.join(root, "proto", "PROTOCOL.md")
    sections = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            sections = sections_of(f.read())
    count = faults = 0
    files = [f for d in ("proto", "daemon") for e in ("c", "h")
             for f in glob.glob(os.path.join(root, d, "*." + e))]
    for name in sorted(files):
        with open(name, encoding="utf-8") as f:
            text = f.read()
        for line, comment in comments_of(text):
            for offset, number, quote in quotes_of(comment):
                count += 1
                where = "%s:%d" % (os.path.relpath(name, root),
                                   line + comment.count("\n", 0, offset))
                if quote is None or not folded(quote):
                    fault = "the quote is empty or not closed"
                elif not sections:
                    fault = "proto/PROTOCOL.md is missing or has no numbered heading"
                elif number not in sections:
                    fault = "PROTOCOL.md has no section %s" % number
                elif folded(quote) not in sections[number]:
                    held = sorted(n for n, t in sections.items() if folded(quote) in t)
                    fault = 'not in section %s: "%s"%s' % (
                        number, folded(quote), " (stands in %s)" % held[-1] if held else "")
                else:
                    continue
                faults += 1
                say("spec quotes: %s: %s" % (where, fault))
    say("spec quotes: %d quotes, %d faults" % (count, faults))
    return faults


SPEC = """# Title
## 4. Sync
### 4.1 Frames
A frame has a length
of two bytes, "big-endian".
```
# 9. not a heading
```
### 4.2 Credit
Credit is counted in bytes.
### 4.10 Close
Bye.
## 5. Circles
5.1. *Operations* count
once.
5.2. The rest, 5.3. is not one.
"""
SELF_TESTS = [  # C text, specification or None, faults wanted
    ('/* PROTOCOL 4.1: "A frame has a length of two bytes" */', SPEC, 0),
    ('/*\n * PROTOCOL 4.1: "A frame has\n * a length of two\n * bytes, "big-endian"."\n */', SPEC, 0),
    ('/* PROTOCOL 4: "Credit is counted" */', SPEC, 0),
    ('/* PROTOCOL 4.1 says so */ const char *s = "/* PROTOCOL 1: \\"x\\" */";', SPEC, 0),
    ('/* see PROTOCOL 4.1: "A frame" and PROTOCOL 4.2: "Credit is" */', SPEC, 0),
    ('/* PROTOCOL 5.1: "*Operations* count once." PROTOCOL 5: "The rest" */', SPEC, 0),
    ('/* PROTOCOL 5.2: "count once" */', SPEC, 1),
    ('/* PROTOCOL 5.3: "is not one" */', SPEC, 1),
    ('int a; /* PROTOCOL 4.1: "A frame has a length of three bytes" */', SPEC, 1),
    ('/* PROTOCOL 4.2: "A frame has a length" */', SPEC, 1),
    ('/* PROTOCOL 4.1: "Bye." */', SPEC, 1),
    ('/* PROTOCOL 9: "not a heading" */', SPEC, 1),
    ('/* PROTOCOL 7.7: "A frame" */', SPEC, 1),
    ('/* PROTOCOL 4.1: "A frame */', SPEC, 1),
    ('/* PROTOCOL 4.1: "A frame" */', None, 1),
    ('int no_quote;', None, 0),
]


def self_test():
    bad = 0
    for i, (code, spec, wanted) in enumerate(SELF_TESTS):
        with tempfile.TemporaryDirectory() as root:
            os.mkdir(os.path.join(root, "proto"))
            with open(os.path.join(root, "proto", "t.c"), "w", encoding="utf-8") as f:
                f.write(code + "\n")
            if spec is not None:
                with open(os.path.join(root, "proto", "PROTOCOL.md"), "w", encoding="utf-8") as f:
                    f.write(spec)
            said = []
            if check(root, said.append) != wanted:
                bad += 1
                print("spec quotes self-test %d: wanted %d faults, got %r" % (i, wanted, said))
    print("spec quotes self-test: %d cases, %d failed" % (len(SELF_TESTS), bad))
    return bad


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    faults = self_test() if sys.argv[1] == "--self-test" else check(sys.argv[1])
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
