#!/usr/bin/env python3
"""The sentences that people read: finds them in the sources and keeps the catalogues whole.

words.py update ROOT     writes contrib/po/fr.po anew: new sentences come untranslated, what the
                         sources have no more goes; says which are to be translated
words.py template ROOT   tuyau.pot on stdout, for a new language
words.py check ROOT      exit code 0: every sentence is translated, with the same conversions; none
                         in cli/ is left without _(); 1: faults, each on a line
words.py --self-test

A sentence is a string literal within _(), N_() or ngettext(), or given as a message or hint to one
of the functions that say what went wrong (CALLS); both sides of ?: are found, unlike by xgettext.
"""
import glob
import os
import re
import subprocess
import sys

# Function -> the arguments (from 1) that are translated inside it.
CALLS = {
    "_": (1,), "N_": (1,), "ngettext": (1, 2),
    "lang_text": (2,), "rpc_text": (2,),
    "rpc_fail": (3, 4), "rpc_fail_begin": (3, 4), "rpc_fault_set": (3, 4), "fault_set": (3, 4),
    "rpc_life_refuse": (5, 6), "log_error_set": (3, 4), "store_fail": (3, 4),
}
MARKS = ("_", "N_", "ngettext")
# The same, of one folder or file.
CALLS_OF = {
    "cli/": {
        "errors_set": (4, 5), "session_usage_error": (2,), "session_line_print": (2,),
        "session_ask": (2,), "options_string": (2,), "options_words_put": (3,),
        "words_text": (1,),
    },
    "daemon/paths.c": {"fail": (3, 4)},
    "daemon/find.c": {"value_bad": (2,)},
    "cli/client.c": {"connection_lost": (2,), "nonsense": (1,)},
    "cli/cmd_circle.c": {"made_print": (3,)},
    "cli/cmd_life.c": {"act_run": (4,), "act_say": (3,)},
    "cli/cmd_show.c": {"said_print": (4,)},
    "cli/cmd_verify.c": {"refuse": (3, 4)},
    "cli/cmd_vouch.c": {"id_params": (2,)},
    "cli/person.c": {"field_ask": (4,)},
}
# Fields of tables that are translated when they are shown (cli/commands.h, options.h, show.h).
FIELDS = ("usage", "summary", "examples")
FOLDERS = ("cli", "daemon")
# What circulates has a language of its own: both are in the source.
BOTH = ("cli/notice_words.c",)
# Texts for outsiders, in every language, side by side.
BOTH = ("cli/notice_words.c",)
SCRIPTS = ("contrib/demo", "contrib/lib.sh")

TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<include>^[ \t]*\#[ \t]*include[^\n]*)
    |(?P<string>"(?:[^"\\\n]|\\.)*")|(?P<char>'(?:[^'\\\n]|\\.)*')
    |(?P<name>[A-Za-z_]\w*)|(?P<mark>[(){}\[\],;])|(?P<line>\n)|(?P<other>.)""",
    re.S | re.M | re.X)
ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "r": "\r", "'": "'", "a": "\a", "0": "\0",
           "v": "\v", "b": "\b", "f": "\f"}
CONVERSION = re.compile(r"%(?:\d+\$)?[-+ #0']*(?:\*|\d+)?(?:\.(?:\*|\d+)?)?(?:hh|h|ll|l|j|z|t|L)?"
                        r"[diouxXeEfFgGcspn%]")
# Two words and a blank between them, one of them in small letters: a sentence or a part of one.
SENTENCE = re.compile(r"[A-Za-z]{2,}[,.:;]? [a-z]{2,}|[a-z]{2,} [A-Za-z]{2,}")

# The same in all languages: a command without names to fill in, the head of a mail.
COMMAND = re.compile(r"tuyaud? [a-z][a-z -]*(%s)?$|\nMIME-Version: ")


def unescape(literal):
    out = bytearray()
    i = 1
    raw = literal[:-1]
    while i < len(raw):
        if raw[i] != "\\":
            out += raw[i].encode()
            i += 1
            continue
        hexed = re.match(r"\\x([0-9a-fA-F]{1,2})", raw[i:])
        octal = re.match(r"\\([0-7]{1,3})", raw[i:])
        if hexed:
            out.append(int(hexed.group(1), 16))
            i += hexed.end()
        elif octal:
            out.append(int(octal.group(1), 8))
            i += octal.end()
        else:
            out += ESCAPES[raw[i + 1]].encode()
            i += 2
    return out.decode("utf-8", "replace")


class Literal:
    """call, arg: the innermost function it is an argument of, or "{" and the position in an
    initialiser; field: of ".field = "; kind: what stands before it in an initialiser (OPTION_TEXT);
    next: the name that stands behind it (SHOW_FIXED)."""

    def __init__(self, text, line, frame, field, glued):
        self.text, self.line, self.glued, self.field = text, line, glued, field
        self.call, self.arg = frame[:2] if frame else (None, 0)
        self.names = tuple(frame[2]) if frame else ()
        self.next = None

    def wanted(self, calls):
        """Whether people read it, translated."""
        if self.call != "{":
            return self.arg in calls.get(self.call, ())
        option = any(n.startswith("OPTION_") for n in self.names)
        return (option or self.next is not None and
                (self.next.startswith("SHOW_") or
                 self.next.startswith("OPTION_") and self.arg == 3)) or self.field in FIELDS


def literals_of(source):
    """Each string literal (neighbours joined) with where it stands."""
    stack = []  # [function, "{" or None for brackets without one, argument, names in it]
    line = 1
    name = None  # the identifier just read
    field = None  # of ".field ="
    before = ""
    joining = None
    waiting = []  # literals whose next name is not read yet
    for m in TOKEN.finditer(source):
        kind, text = m.lastgroup, m.group()
        at = line
        line += text.count("\n")
        if kind in ("comment", "include", "line") or \
                (kind == "other" and (text.isspace() or text == "\\")):
            continue
        if kind == "string":
            if joining:
                joining.text += unescape(text)
            else:
                frame = next((f for f in reversed(stack) if f[0] is not None), None)
                joining = Literal(unescape(text), at, frame, field, bool(name))
                waiting.append(joining)
            name = None
            continue
        if joining:
            joining.glued = joining.glued or (kind == "name" and text.startswith("PRI"))
            joining = None
        if kind == "name":
            if before == ".":
                field = text
            if waiting and text.startswith(("OPTION_", "SHOW_")):
                for literal in waiting:
                    literal.next = literal.next or text
            if stack:
                stack[-1][2].append(text)
            name, before = text, text
            continue
        if kind == "mark":
            if text == "(":
                stack.append([name, 1, []])
            elif text in "{[":
                stack.append(["{" if text == "{" else None, 1, []])
            elif text in ")}]" and stack:
                stack.pop()
            elif text == "," and stack:
                stack[-1][1] += 1
                if stack[-1][0] == "{":
                    field = None
            if text in "};":
                yield from waiting
                waiting = []
                field = None
        name, before = None, text
    yield from waiting


def calls_of(path):
    calls = dict(CALLS)
    for prefix, more in CALLS_OF.items():
        if path.startswith(prefix):
            calls.update(more)
    return calls


def files_of(root):
    for folder in FOLDERS:
        for name in sorted(glob.glob(os.path.join(root, folder, "*.[ch]"))):
            yield os.path.relpath(name, root)


def sentences_of_script(text):
    """The format behind say, words or die of a shell script, in quotation marks without $."""
    for m in re.finditer(r"(?<![\w-])(?:say|words|die) ('[^']*'|\"[^\"\\$`]*\")", text):
        yield m.group(1)[1:-1]


class Entry:
    def __init__(self, msgid):
        self.msgid, self.plural, self.files, self.msgstr, self.fuzzy = msgid, None, [], [], False
        self.notes = []


def extract(root, faults):
    found = {}

    def add(text, path):
        entry = found.setdefault(text, Entry(text))
        if path not in entry.files:
            entry.files.append(path)
        return entry

    for path in files_of(root):
        with open(os.path.join(root, path), encoding="utf-8") as f:
            source = f.read()
        calls = calls_of(path)
        one = None
        for lit in literals_of(source):
            if not lit.wanted(calls) or lit.text == "":
                continue
            if lit.call not in MARKS and \
                    not re.search(r"[^\W\d_]{2}", CONVERSION.sub("", lit.text)):
                continue  # nothing in it to translate
            if lit.glued:
                faults.append("%s:%d: a sentence glued by the preprocessor: %r"
                              % (path, lit.line, lit.text))
            if lit.call == "ngettext" and lit.arg == 2:
                one.plural = lit.text
                continue
            one = add(lit.text, path)
    for path in SCRIPTS:
        with open(os.path.join(root, path), encoding="utf-8") as f:
            for text in sentences_of_script(f.read()):
                if re.search(r"[^\W\d_]{2}", CONVERSION.sub("", text)):
                    add(text, path)
    return found


# ---- catalogues ----

def po_quote(text):
    for a, b in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\t", "\\t")):
        text = text.replace(a, b)
    return '"%s"' % text


def po_field(keyword, text):
    lines = text.split("\n")
    if len(lines) > 2 or (len(lines) == 2 and lines[1]):
        parts = [x + "\n" for x in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
        return '%s ""\n%s\n' % (keyword, "\n".join(po_quote(p) for p in parts))
    return "%s %s\n" % (keyword, po_quote(text))


def po_read(path):
    """msgid -> Entry; the header is under ""."""
    entries, entry, field, notes, fuzzy = {}, None, None, [], False
    with open(path, encoding="utf-8") as f:
        for line in f:
            line = line.rstrip("\n")
            if line.startswith("#,"):
                fuzzy = "fuzzy" in line
            elif line.startswith("# "):
                notes.append(line)
            elif line.startswith("#") or not line:
                continue
            else:
                m = re.match(r'(msgid_plural|msgid|msgstr(?:\[\d\])?)? ?("(?:[^"\\]|\\.)*")$', line)
                if not m:
                    raise ValueError("%s: %s" % (path, line))
                keyword, text = m.group(1), unescape(m.group(2))
                if keyword == "msgid":
                    entry = Entry("")
                    entry.notes, entry.fuzzy, notes, fuzzy = notes, fuzzy, [], False
                if keyword:
                    field = keyword
                if field == "msgid":
                    entry.msgid += text
                elif field == "msgid_plural":
                    entry.plural = (entry.plural or "") + text
                else:
                    if keyword:
                        entry.msgstr.append("")
                        entries[entry.msgid] = entry
                    entry.msgstr[-1] += text
    return entries


def po_write(out, header, entries):
    out.write('msgid ""\n' + po_field("msgstr", header))
    for entry in entries:
        out.write("\n" + "".join(n + "\n" for n in entry.notes))
        out.write("#: %s\n" % " ".join(entry.files))
        if "%" in entry.msgid and any(f.endswith((".c", ".h")) for f in entry.files) and \
                any(c != "%%" for c in CONVERSION.findall(entry.msgid)):
            out.write("#, c-format\n")
        out.write(po_field("msgid", entry.msgid))
        if entry.plural is None:
            out.write(po_field("msgstr", entry.msgstr[0] if entry.msgstr else ""))
        else:
            out.write(po_field("msgid_plural", entry.plural))
            for i in range(2):
                out.write(po_field("msgstr[%d]" % i,
                                   entry.msgstr[i] if len(entry.msgstr) > i else ""))


def update(root):
    path = os.path.join(root, "contrib/po/fr.po")
    faults = []
    old = po_read(path)
    found = extract(root, faults)
    for msgid, entry in found.items():
        if msgid in old:
            entry.msgstr, entry.notes = old[msgid].msgstr, old[msgid].notes
    with open(path, "w", encoding="utf-8") as f:
        po_write(f, old[""].msgstr[0], found.values())
    missing = [e.msgid for e in found.values() if not any(e.msgstr)]
    for msgid in missing:
        print("to be translated: %s" % po_quote(msgid))
    for fault in faults:
        print(fault)
    print("words: %d sentences, %d to be translated, %d gone"
          % (len(found), len(missing), len(set(old) - set(found) - {""})))
    return 1 if faults else 0


def conversions(text):
    """The conversions in the order of the arguments they take."""
    found = [c for c in CONVERSION.findall(text) if c != "%%"]
    numbered = [re.match(r"%(\d+)\$(.*)", c) for c in found]
    if found and all(numbered):
        return [c for _, c in sorted({int(m.group(1)): "%" + m.group(2)
                                      for m in numbered}.items())]
    return found


def kind_of(conversion):
    """What is taken from the arguments: widths with * and the type."""
    return (conversion.count("*"), re.sub(r"^%[-+ #0']*[\d.*]*", "", conversion))


def same_conversions(a, b):
    return [kind_of(c) for c in conversions(a)] == [kind_of(c) for c in conversions(b)]


def typography(text):
    """What a French printer would not let pass; command lines are for the shell."""
    text = "\n".join(x for x in text.split("\n") if not re.match(r"\s+(tuyau |--|\(echo)", x))
    if re.search(r"[a-zà-ÿ] [:;?!»](?!\S)", text):
        return "an ordinary blank before : ; ? ! or »"
    if re.search(r"« (?=\S)", text):
        return "an ordinary blank after «"
    if re.search(r"(?<=[A-Za-zÀ-ÿ])'(?=[A-Za-zÀ-ÿ«])", text):
        return "' for ’"
    return None


def entry_faults(entry, old):
    if old is None or not any(old.msgstr):
        return ["not translated"]
    out = ["marked fuzzy"] if old.fuzzy else []
    if old.plural != entry.plural:
        out.append("another plural")
    for text in old.msgstr:
        if not same_conversions(entry.plural or entry.msgid, text) and \
                not same_conversions(entry.msgid, text):
            out.append("other conversions: %r" % text)
        wrong = typography(text)
        if wrong:
            out.append("%s: %r" % (wrong, text))
        if entry.msgid.endswith("\n") != text.endswith("\n"):
            out.append("one ends with a line feed, the other does not")
    return out


def bare_faults(root):
    """Sentences in cli/ that are printed as they are."""
    for path in files_of(root):
        if not path.startswith("cli/") or path in BOTH:
            continue
        with open(os.path.join(root, path), encoding="utf-8") as f:
            source = f.read()
        for lit in literals_of(source):
            plain = CONVERSION.sub("", lit.text)
            if not lit.wanted(calls_of(path)) and lit.call != "tuy_require" and \
                    not COMMAND.match(lit.text) and SENTENCE.search(plain):
                yield "%s:%d: without _(): %r" % (path, lit.line, lit.text)


def check(root):
    faults = []
    found = extract(root, faults)
    path = os.path.join(root, "contrib/po/fr.po")
    old = po_read(path)
    for msgid, entry in found.items():
        for fault in entry_faults(entry, old.get(msgid)):
            faults.append("fr.po: %s: %r (%s)" % (fault, msgid, " ".join(entry.files)))
    for msgid in set(old) - set(found) - {""}:
        faults.append("fr.po: the sources have no more: %r" % msgid)
    faults += bare_faults(root)
    done = subprocess.run(["msgfmt", "--check", "-o", os.devnull, path], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        faults.append(done.stdout.strip())
    for fault in faults:
        print(fault)
    print("words: %d sentences, %d faults" % (len(found), len(faults)))
    return 1 if faults else 0


def self_test():
    bad = 0

    def expect(what, got, wanted):
        nonlocal bad
        if got != wanted:
            bad += 1
            print("words self-test %s: wanted %r, got %r" % (what, wanted, got))

    source = '''
    /* _("comment") */
    #include "x y z.h"
    rpc_fail(call, "T-X", a ? "hint one" : "hint \\"two\\"", strcmp(x, "no") == 0 ? "It is %s." :
             "It " "was.", _("inner"));
    static const char *t[] = { N_("marked"), "bare words here" };
    f(ngettext("%d day", "%d days", n), '"', "end");
    '''
    got = [(x.text, x.call, x.arg) for x in literals_of(source)]
    expect("literals", sorted(got, key=str), sorted([
        ("T-X", "rpc_fail", 2), ("hint one", "rpc_fail", 3), ('hint "two"', "rpc_fail", 3),
        ("no", "strcmp", 2), ("It is %s.", "rpc_fail", 4), ("It was.", "rpc_fail", 4),
        ("inner", "_", 1), ("marked", "N_", 1), ("bare words here", "{", 2),
        ("%d day", "ngettext", 1), ("%d days", "ngettext", 2), ("end", "f", 3)], key=str))
    table = '''static const struct option_rule r[] = { { 'n', "limit", "N", "limit", OPTION_NUMBER,
        "at most N" } };
    static const struct show_column c[] = { [A] = { "NAME", SHOW_FIXED, SHOW_BOLD } };
    const struct command c = { .name = "x y", .summary = "what it is", .usage = "x ID" };'''
    expect("tables", [x.text for x in literals_of(table) if x.wanted({})],
           ["N", "at most N", "NAME", "what it is", "x ID"])
    expect("same", same_conversions("%s has %zu", "%2$zu de %1$s"), True)
    expect("other", same_conversions("%s has %zu", "%s de %s"), False)
    expect("less", same_conversions("%s has %zu", "%s"), False)
    expect("stars", same_conversions("%.*s", "%s"), False)
    expect("blank", typography("Lequel ?") is None, False)
    expect("no blank", typography("Lequel\u00a0?"), None)
    expect("apostrophe", typography("l'un") is None, False)
    entry = Entry("Which one?")
    expect("missing", entry_faults(entry, None), ["not translated"])
    translated = Entry("Which one?")
    translated.msgstr, translated.fuzzy = ["Lequel\u00a0?"], True
    expect("fuzzy", entry_faults(entry, translated), ["marked fuzzy"])
    expect("sentence", bool(SENTENCE.search("Which one?")), True)
    expect("no sentence", bool(SENTENCE.search("tuyau-%s.txt")), False)
    print("words self-test: %d failed" % bad)
    return 1 if bad else 0


def template(root):
    found = extract(root, [])
    po_write(sys.stdout, "Content-Type: text/plain; charset=UTF-8\n", found.values())
    return 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    commands = {"update": update, "check": check, "template": template}
    if len(sys.argv) != 3 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    return commands[sys.argv[1]](sys.argv[2])


if __name__ == "__main__":
    sys.exit(main())
