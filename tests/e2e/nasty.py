"""Strings that people, peers and files may bring, and that must not reach a terminal as they are.

NASTY: {name: bytes}, over 200. is_refused() says by PROTOCOL 8.4 which no field may hold; leak()
what a terminal was given that it must not be given.
"""

ESC = "\x1b"
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
SEPARATORS = "\u2028\u2029"

_SEQUENCES = {
    "red": "[31mrouge", "clear": "[2J", "home": "[H", "title": "]0;owned\x07",
    "title ST": "]2;owned\x1b\\", "clipboard": "]52;c;cm0gLXJm\x07", "link": "]8;;http://x/\x07y",
    "DCS": "P$q\"p\x1b\\", "reset": "c", "report": "[6n", "answerback": "[c", "screen": "[?1049h",
    "mouse": "[?1003h", "insert": "[4h", "scroll": "[1;1r", "charset": "(0", "APC": "_x\x1b\\",
    "PM": "^x\x1b\\", "SOS": "Xx\x1b\\", "bare": "", "cut": "[", "long": "[" + "1;" * 30 + "m",
    "keys": "[0;59;\"format c:\"p", "xterm": "[>0q", "sixel": "Pq#0;2;0;0;0\x1b\\",
    "iterm": "]1337;File=:AAAA\x07", "notify": "]777;notify;a;b\x07", "cursor": "[1A[2K",
}  # fmt: skip

_INVALID = {
    "bare continuation": b"a\x80b", "bare C1": b"a\x9b31mb", "C1 OSC": b"\x9d0;x\x9c",
    "overlong slash": b"a\xc0\xafb", "overlong NUL": b"a\xc0\x80b", "overlong ESC": b"\xc1\x9b[31m",
    "overlong 3": b"\xe0\x80\xaf", "overlong ESC 3": b"\xe0\x80\x9b[2J", "overlong 4": b"\xf0\x80\x80\xaf",
    "cut 2": b"a\xc3", "cut 3": b"a\xe2\x82", "cut 4": b"a\xf0\x9f\x98", "cut within": b"\xe2\x82a",
    "surrogate": b"\xed\xa0\x80", "surrogate pair": b"\xed\xa0\xbd\xed\xb8\x80", "low": b"\xed\xb0\x80",
    "too high": b"\xf4\x90\x80\x80", "5 bytes": b"\xf8\x88\x80\x80\x80", "6 bytes": b"\xfc\x84\x80\x80\x80\x80",
    "FE": b"\xfe\xffa", "FF": b"\xff", "latin 1": "été".encode("latin-1"),
    "utf 16": "né".encode("utf-16"), "cp1252": b"l\x92usine", "koi8": "да".encode("koi8-r"),
    "good then bad": "très\xa0bien ".encode() + b"\xf0\x28", "all high": bytes(range(128, 256)),
}  # fmt: skip

_HARMLESS = {
    # what shells, spreadsheets, formats and programs take for more than a text
    "formula =": "=1+1", "formula HYPERLINK": '=HYPERLINK("http://x/","y")', "formula +": "+1+1",
    "formula -": "-1+1", "formula @": "@SUM(A1)", "formula DDE": "=cmd|' /C calc'!A0",
    "csv quote": '","x"', "csv comma": "a,b;c", "csv quotes": '""""', "quote": "'", "double": '"',
    "backtick": "`id`", "subshell": "$(id)", "variable": "${HOME}", "pipe": "a | b", "and": "a && b",
    "redirect": "> /tmp/x", "semicolon": "; true", "glob": "*", "question": "?", "brackets": "[a-z]",
    "brace": "{a,b}", "tilde": "~", "history": "!!", "hash": "# not a comment", "backslash": "\\",
    "backslash n": "a\\nb", "backslash x": "\\x1b[31m", "backslash 0": "\\033[31m", "u": "\\u001b[31m",
    "printf s": "%s%s%s%s", "printf n": "%n%n", "printf wide": "%99999d", "printf star": "%*d",
    "printf positional": "%1$s", "percent": "100 %", "json end": '"}],"x":"', "json null": "null",
    "json number": "1e999", "html": "<script>alert(1)</script>", "html entity": "&lt;&#27;",
    "html comment": "<!-- x", "cdata": "<![CDATA[x]]>", "xml": '<?xml version="1.0"?>',
    "ics": "BEGIN:VEVENT", "ics end": "END:VTODO", "ics folded": "a;b:c,d\\n", "vcard": "END:VCARD",
    "vcard field": "TEL;TYPE=cell:+33", "mail": "Subject: x", "mime": "=?utf-8?q?=1B?=",
    "sql": "'; DROP TABLE tips; --", "path": "../../../etc/passwd", "path abs": "/etc/passwd",
    "path dots": "..", "path dot": ".", "path slash": "/", "path file": "file:///etc/passwd",
    "dash": "-", "dashes": "--", "option": "--json", "option value": "--home=/tmp", "short": "-q",
    "id": "7KQ2M9XDW3A1T0RB", "id short": "7KQ2", "id lower": "7kq2m9xdw3a1t0rb", "id o": "7KQO",
    "code": "T-USAGE x", "invite": "TUYAU:AAAA", "key": "TUYAUKEY:AAAA", "filter": "from:alice",
    "filters": 'warm:>=3 -tag:it "a b"', "filter empty": "company:", "minisig": "RWQf6LRCGA9i",
    "yes": "true", "number": "0", "negative": "-1", "big": "99999999999999999999", "nan": "NaN",
    "spaces": "a    b", "space first": " a", "space last": "a ", "comma": "a, b",
    "letter": "tuyau vouch v1", "utf7": "+ADw-script+AD4-", "url": "javascript:alert(1)",
    # what is letters, and still breaks screens or comparisons
    "nbsp": "a\xa0b", "zero width": "a\u200bb\u200cc\u200dd", "word joiner": "a\u2060b",
    "BOM": "\ufeffa", "soft hyphen": "a\xadb", "noncharacter": "a\uffffb\ufdd0",
    "noncharacter 2": "\U0010ffff", "private": "\ue000\U000f0000", "replacement": "\ufffd",
    "combining": "a" + "\u0301" * 40, "zalgo": "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́O",
    "combining first": "\u0301a", "enclosing": "a\u20dd", "variation": "\u2764\ufe0f\ufe0e",
    "decomposed": "e\u0301te\u0301", "ligature": "ﬁ œ æ ß", "fullwidth": "ＴＵＹＡＵ",
    "wide": "株式会社日本語", "hangul": "\u1112\u1161\u11ab", "hebrew": "שלום עולם", "arabic": "مرحبا بالعالم",
    "thai": "สวัสดี", "devanagari": "क्षत्रिय", "emoji": "😀", "family": "👨\u200d👩\u200d👧\u200d👦",
    "flag": "🇫🇷", "flag half": "🇫", "skin": "👍🏽", "keycap": "1\ufe0f\u20e3", "tag flag":
    "🏴\U000e0067\U000e0062\U000e007f", "homograph": "аlice", "homograph 2": "ɑlice", "dotless": "ıİ",
    "sharp s": "STRAẞE", "sigma": "ΣΑΣ", "math": "𝐚𝐥𝐢𝐜𝐞", "braille": "⠀", "ideographic space": "\u3000",
    "hangul filler": "\u3164", "mongolian": "\u180e", "interlinear": "\ufff9a\ufffab\ufffb",
    "deprecated": "\u206a\u206f", "invisible": "\u2061\u2062", "musical": "\U0001d173",
    "line drawing": "┌─┐", "superscript": "²", "fraction": "½", "roman": "Ⅻ", "arabic digits": "٣",
    "quotes": "“a” ‘b’ «c»", "dashes long": "—–−", "ellipsis": "…", "long": "x" * 120,
    "long wide": "界" * 40, "long word": "é" * 60, "empty": "",
}  # fmt: skip


def _all():
    found = {f"ESC {name}": ESC + s for name, s in _SEQUENCES.items()}
    found.update({f"C0 {i:02x}": f"a{chr(i)}b" for i in [*range(0x20), 0x7F]})
    found.update({f"C1 {i:02x}": f"a{chr(i)}31mb" for i in range(0x80, 0xA0)})
    found.update({f"bidi {ord(c):04x}": f"abc{c}def" for c in BIDI})
    found.update({f"separator {ord(c):04x}": f"a{c}b" for c in SEPARATORS})
    found["bidi file name"] = "facture\u202efdp.exe"
    found["crlf header"] = "a\r\nBcc: x"
    found["overwritten"] = "tip\rT-USAGE"
    found["formula TAB"], found["formula CR"] = "\t=1+1", "\r=1+1"
    found["nul last"] = "a\0"
    found.update(_HARMLESS)
    found = {name: text.encode() for name, text in found.items()}
    found.update({f"invalid {name}": data for name, data in _INVALID.items()})
    twice = [name for name, data in found.items() if list(found.values()).count(data) > 1]
    assert not twice and len(found) >= 200, twice
    return found


NASTY = _all()


def is_utf8(data):
    try:
        data.decode()
        return True
    except UnicodeDecodeError:
        return False


def _unfit(text, allowed):
    return [
        c
        for c in text
        if (ord(c) < 0x20 and c not in allowed)
        or 0x7F <= ord(c) < 0xA0
        or c in BIDI
        or c in SEPARATORS
    ]


def is_refused(data, lines=False):
    """PROTOCOL 8.4: no field holds it; `lines`: one of those that may have line feeds and tabs."""
    return not is_utf8(data) or bool(_unfit(data.decode(), "\n\t" if lines else ""))


def leak(data, tabs=True):
    """What in this output must not have reached a terminal; empty if nothing."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        return f"not UTF-8: {error}"
    return "".join(f"U+{ord(c):04X} " for c in _unfit(text, "\n\t" if tabs else "\n"))
