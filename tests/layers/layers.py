#!/usr/bin/env python3
"""Checks which file may include what: the three rules of the house (who has hands, who writes, what
is pure) seen from the #include lines. Only direct includes are looked at.

layers.py ROOT          exit code 0: no fault, 1: faults, each on a line
layers.py --self-test   each rule must refuse a file that breaks it
"""
import glob
import os
import re
import sys
import tempfile

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:<([^>]+)>|"([^"]+)")', re.M)

# (header, modules of daemon/ that may include it): the module's .c and .h
LMDB = re.compile(r"^(store|writer|view|search)(_\w+)?\.[ch]$")
UV = re.compile(r"^(loop|link|lan|rpc|writer|keys|hook_run|main)\.[ch]$")
# What proto/ may include from outside: no header of these can do I/O by itself.
PROTO_SYSTEM = re.compile(
    r"^(assert|limits|stdalign|stdbool|stddef|stdint|string|sodium|sodium/\w+|utf8proc|"
    r"msgpack/pack)\.h$")
# The headers of daemon/ that cli/ may see: where a home's files are, and the person's language.
SHARED = ("../daemon/paths.h", "../daemon/lang.h")
NEIGHBOURS = {"proto": ("proto",), "daemon": ("daemon", "proto"), "cli": ("cli", "proto")}


def folder_of(own, name):
    """The top folder that a quoted include names: "log.h" is the file's own."""
    path = os.path.normpath(os.path.join(own, name))
    if path.startswith("../"):
        return path[3:].split("/")[0]
    first = name.split("/")[0]
    if first in ("proto", "daemon", "cli", "tests"):
        return first
    return path.split("/")[0]


def faults_of(folder, base, text):
    for m in INCLUDE.finditer(text):
        system, own = m.groups()
        header = system or own
        if header == "lmdb.h" and not (folder == "daemon" and LMDB.match(base)):
            yield "lmdb.h belongs to daemon/store, writer, view, search (and their _ parts) only"
        elif re.match(r"uv(/.*)?\.h$", header) and not (folder == "daemon" and UV.match(base)):
            yield "uv.h belongs to daemon/loop, link, lan, rpc, writer, keys, hook_run, main only"
        elif own:
            to = folder_of(folder, own)
            if to not in NEIGHBOURS[folder] and not (folder == "cli" and own in SHARED):
                yield "%s/ must not include %s" % (folder, own)
        elif folder == "proto" and not PROTO_SYSTEM.match(header):
            yield "proto/ must not include <%s>" % header


def check(root, say=print):
    """Returns the number of faults."""
    count = faults = 0
    for folder in NEIGHBOURS:
        for name in sorted(glob.glob(os.path.join(root, folder, "*.[ch]"))):
            count += 1
            with open(name, encoding="utf-8") as f:
                text = f.read()
            for fault in faults_of(folder, os.path.basename(name), text):
                faults += 1
                say("layers: %s: %s" % (os.path.relpath(name, root), fault))
    say("layers: %d files, %d faults" % (count, faults))
    return faults


SELF_TESTS = [  # file, text, faults wanted
    ("daemon/store.c", "#include <lmdb.h>", 0),
    ("daemon/store_keys.c", "#include <lmdb.h>", 0),
    ("daemon/search_build.h", "#include <lmdb.h>", 0),
    ("daemon/searcher.c", "#include <lmdb.h>", 1),
    ("daemon/rpc.c", "#include <lmdb.h>", 1),
    ("proto/log.c", '#include "lmdb.h"', 1),
    ("daemon/writer.c", "#include <uv.h>\n#include <lmdb.h>", 0),
    ("daemon/store.c", "#include <uv.h>", 1),
    ("daemon/config.h", "# include <uv.h>", 1),
    ("cli/client.c", "#include <uv.h>", 1),
    ("proto/log.c", '#include "log.h"\n#include <string.h>\n#include <sodium.h>', 0),
    ("proto/log.c", "#include <stdio.h>", 1),
    ("proto/log.c", "#include <time.h>", 1),
    ("proto/log.c", '#include "../daemon/store.h"', 1),
    ("proto/log.c", '#include "cli/main.h"', 1),
    ("daemon/loop.c", '#include "../proto/node.h"\n#include "proto/err.h"\n#include "loop.h"', 0),
    ("daemon/loop.c", '#include "../cli/client.h"', 1),
    ("cli/main.c", '#include "../daemon/rpc.h"', 1),
    ("cli/client.h", '#include "../daemon/paths.h"', 0),
    ("cli/words.h", '#include "../daemon/lang.h"', 0),
    ("cli/main.c", '#include "../proto/text.h"\n#include <stdio.h>', 0),
]


def self_test():
    bad = 0
    for name, text, wanted in SELF_TESTS:
        with tempfile.TemporaryDirectory() as root:
            os.mkdir(os.path.join(root, os.path.dirname(name)))
            with open(os.path.join(root, name), "w", encoding="utf-8") as f:
                f.write(text + "\n")
            said = []
            if check(root, said.append) != wanted:
                bad += 1
                print("layers self-test %s %r: wanted %d faults, got %r"
                      % (name, text, wanted, said))
    print("layers self-test: %d cases, %d failed" % (len(SELF_TESTS), bad))
    return bad


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    faults = self_test() if sys.argv[1] == "--self-test" else check(sys.argv[1])
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
