#!/usr/bin/env python3
"""Proves on the object code that proto/ is pure.

purity.py [--nm NM] libtuyproto.a
    every symbol the library needs from outside must be in allow.txt and not in forbid.txt, and no
    object may hold a variable that can change (nm types D d B b C G g S s).
purity.py --self-test [--nm NM] [--cc CC]
    compiles small objects that break each rule and expects each to be refused, and a pure one that
    must pass.

Exit code: 0 pure, 1 not pure, 2 could not look. Sanitizers bring symbols and data of their own, so
the build gives this check a library compiled without them.
"""
import argparse
import fnmatch
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SEED_DERIVED = ("crypto_sign_seed_keypair", "crypto_sign_ed25519_seed_keypair")
MUTABLE = {"D": ".data", "d": ".data", "B": ".bss", "b": ".bss", "C": "common",
           "G": ".sdata", "g": ".sdata", "S": ".sbss", "s": ".sbss"}
# Constant tables of pointers: relocated once by the loader, read-only afterwards. nm shows them
# with the letter of .data, so the section decides.
READ_ONLY_SECTIONS = (".data.rel.ro", ".rodata")


def lines_of(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as f:
        for line in f:
            line = line.split("#", 1)[0].strip()
            if line:
                yield line


def allow_list():
    return set(lines_of("allow.txt"))


def forbid_list():
    return [tuple(line.split(None, 1)) for line in lines_of("forbid.txt")]


def forbidden_reason(symbol, forbid):
    if symbol in SEED_DERIVED:
        return None
    for pattern, reason in forbid:
        if fnmatch.fnmatchcase(symbol, pattern):
            return reason
    return None


def symbols_read(nm, path):
    """Yields (object, symbol, type, section) of an archive or object file, in nm's sysv format."""
    run = subprocess.run([nm, "-f", "sysv", path], capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit("purity: %s failed on %s: %s" % (nm, path, run.stderr.strip()))
    member = os.path.basename(path)
    for line in run.stdout.splitlines():
        if line.startswith(("Symbols from ", "Undefined symbols from ")):
            member = line.split(" from ", 1)[1].rstrip(":")
            member = member[member.rfind("[") + 1:].rstrip("]")
            continue
        fields = [f.strip() for f in line.split("|")]
        if len(fields) == 7 and fields[0] != "Name":
            yield member, fields[0], fields[2], fields[6]


def faults_find(nm, path, allow, forbid):
    """Returns (list of faults, number of objects, set of outside symbols)."""
    defined, needed, faults, objects = set(), {}, [], set()
    for member, symbol, kind, section in symbols_read(nm, path):
        objects.add(member)
        if kind in ("U", "w", "v"):
            needed.setdefault(symbol, set()).add(member)
            continue
        if kind.isupper():
            defined.add(symbol)
        if kind in MUTABLE and not section.startswith(READ_ONLY_SECTIONS):
            faults.append("%s: %s is a variable that can change (%s)"
                          % (member, symbol, section or MUTABLE[kind]))
    outside = {s for s in needed if s not in defined}
    for symbol in sorted(outside):
        where = ", ".join(sorted(needed[symbol]))
        reason = forbidden_reason(symbol, forbid)
        if reason:
            faults.append("%s: %s %s" % (where, symbol, reason))
        elif symbol not in allow:
            faults.append("%s: %s is not in tests/purity/allow.txt" % (where, symbol))
    return faults, len(objects), outside


def check(nm, path):
    faults, objects, outside = faults_find(nm, path, allow_list(), forbid_list())
    if objects == 0:
        print("purity: %s holds no object" % path)
        return 2
    for fault in faults:
        print("purity: " + fault)
    print("purity: %d objects, %d outside symbols, %d faults"
          % (objects, len(outside), len(faults)))
    return 1 if faults else 0


SELF_TESTS = [  # C text, what the fault must name; None: must pass
    ("#include <time.h>\nlong f(void);\nlong f(void) { return (long)time(0); }", "time reads"),
    ("#include <stdlib.h>\nvoid *f(void);\nvoid *f(void) { return malloc(9); }", "malloc allocates"),
    ("#include <stdio.h>\nint f(char *b, int n);\n"
     "int f(char *b, int n) { return snprintf(b, 9, \"%d\", n); }", "snprintf"),
    ("void randombytes_buf(void *, unsigned long);\nvoid f(void *p);\n"
     "void f(void *p) { randombytes_buf(p, 32); }", "randombytes_buf draws"),
    ("int crypto_sign_keypair(void *, void *);\nint f(void *p);\n"
     "int f(void *p) { return crypto_sign_keypair(p, p); }", "crypto_sign_keypair draws"),
    ("int crypto_box_seed_keypair(void *, void *);\nint f(void *p);\n"
     "int f(void *p) { return crypto_box_seed_keypair(p, p); }", "crypto_box_seed_keypair"),
    ("int unheard_of(void);\nint f(void);\nint f(void) { return unheard_of(); }",
     "unheard_of is not in"),
    ("int f(void);\nint f(void) { static int n; return ++n; }", "can change (.bss"),
    ("int f(void);\nint f(void) { static int n = 7; return ++n; }", "can change (.data"),
    ("int shared_n = 7;", "shared_n is a variable that can change"),
    ("int shared_zero;", "shared_zero is a variable that can change"),
    ("_Thread_local int own_n;\nint f(void);\nint f(void) { return ++own_n; }", "own_n"),
    # pure: a constant table of pointers, a call within the library, a seed-derived key pair
    ("int crypto_sign_seed_keypair(void *, void *, const void *);\n"
     "const char *g(int i);\nint f(void *p);\n"
     "const char *g(int i) { static const char *const names[] = { \"a\", \"b\" };"
     " return names[i & 1]; }\n"
     "int f(void *p) { return crypto_sign_seed_keypair(p, p, g(1)); }", None),
]


def self_test(nm, cc):
    bad = 0
    with tempfile.TemporaryDirectory() as tmp:
        for i, (text, wanted) in enumerate(SELF_TESTS):
            source, obj = os.path.join(tmp, "t%d.c" % i), os.path.join(tmp, "t%d.o" % i)
            with open(source, "w", encoding="utf-8") as f:
                f.write(text + "\n")
            subprocess.run([cc, "-std=c17", "-O1", "-fPIC", "-c", source, "-o", obj], check=True)
            faults, _, _ = faults_find(nm, obj, allow_list(), forbid_list())
            if wanted is None:
                ok = not faults
            else:
                ok = any(wanted in fault for fault in faults)
            if not ok:
                bad += 1
                print("purity self-test %d: wanted %r, got %r" % (i, wanted, faults))
        # an archive: what one object needs and another gives is not from outside
        parts = {"a.c": "int b(void);\nint a(void);\nint a(void) { return b(); }",
                 "b.c": "int b(void);\nint b(void) { return 7; }"}
        objs = []
        for name, text in parts.items():
            source = os.path.join(tmp, name)
            with open(source, "w", encoding="utf-8") as f:
                f.write(text + "\n")
            objs.append(source[:-1] + "o")
            subprocess.run([cc, "-std=c17", "-O1", "-fPIC", "-c", source, "-o", objs[-1]],
                           check=True)
        archive = os.path.join(tmp, "lib.a")
        subprocess.run(["ar", "rcs", archive] + objs, check=True)
        faults, objects, _ = faults_find(nm, archive, allow_list(), forbid_list())
        if faults or objects != 2:
            bad += 1
            print("purity self-test archive: %d objects, %r" % (objects, faults))
    both = [s for s in allow_list()
            if s not in SEED_DERIVED and forbidden_reason(s, forbid_list())]
    if both:
        bad += 1
        print("purity: allowed and forbidden at once: " + ", ".join(sorted(both)))
    print("purity self-test: %d cases, %d failed" % (len(SELF_TESTS) + 2, bad))
    return 1 if bad else 0


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--nm", default="nm")
    p.add_argument("--cc", default="cc")
    p.add_argument("--self-test", action="store_true")
    p.add_argument("library", nargs="?")
    a = p.parse_args()
    if a.self_test:
        return self_test(a.nm, a.cc)
    if not a.library:
        p.error("name the library")
    return check(a.nm, a.library)


if __name__ == "__main__":
    sys.exit(main())
