"""What people read: French where it is asked for, and then nothing else; English else."""

import os
import pty
import re
import subprocess
import sys

import msgpack
import pytest

from world import BIN, ROOT, TUYAU, TUYAUD, Rpc, environment, run, wait_until

sys.path.insert(0, str(ROOT / "contrib" / "po"))
import words  # noqa: E402

FRENCH = {"LANG": "fr_FR.UTF-8"}
NBSP = "\u00a0"


# ---- what is English ----


def runs_of(text):
    """The pieces of a sentence that are printed as they are."""
    for line in text.split("\n"):
        for piece in words.CONVERSION.split(line):
            yield piece.strip()


def english():
    """Pieces of the source's sentences that no translation has: pattern -> sentence."""
    entries = [e for e in words.po_read(ROOT / "contrib" / "po" / "fr.po").values() if e.msgid]
    french = "\n".join(t for e in entries for t in e.msgstr)
    found = {}
    for entry in entries:
        for text in filter(None, (entry.msgid, entry.plural)):
            for piece in runs_of(text):
                sentence = len(piece) >= 10 and " " in piece
                label = piece == text and re.fullmatch(r"[A-Z][A-Za-z-]{3,}", piece)
                if words.COMMAND.match(piece):
                    continue
                if (sentence or label) and not re.search(
                    rf"(?<!\w){re.escape(piece)}(?!\w)", french
                ):
                    found[piece] = text
    return found


ENGLISH = english()


def english_in(text):
    text = re.sub(r"\s+", " ", re.sub(r"^T-[A-Z-]+", "", text, flags=re.M))
    return sorted(p for p in ENGLISH if re.search(rf"(?<!\w){re.escape(p)}(?![\w-])", text))


class Screen:
    """A terminal of 80 columns; French unless said otherwise. Remembers all that was on it."""

    def __init__(self):
        self.seen = []

    def run(self, args, env, input=""):
        terminal, end = pty.openpty()
        import fcntl
        import struct
        import termios

        fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
        process = subprocess.Popen(
            [str(a) for a in args],
            stdin=end if input else subprocess.DEVNULL,
            stdout=end,
            stderr=end,
            env=dict(env, TERM="xterm", NO_COLOR="1"),
            cwd="/",
            start_new_session=True,
        )
        os.close(end)
        if input:
            os.write(terminal, input.encode())
        text = b""
        while True:
            try:
                data = os.read(terminal, 65536)
            except OSError:
                break
            if not data:
                break
            text += data
        os.close(terminal)
        process.wait(60)
        shown = text.decode().replace("\r\n", "\n")
        self.note(args, shown)
        return shown

    def note(self, args, text):
        self.seen.append((" ".join(str(a) for a in args[1:]), text))

    def tuyau(self, node, *args, input="", env=None):
        """On the terminal, then in a pipe if it changes nothing."""
        full = dict(node.home_env, **FRENCH, **(env or {}))
        return self.run([TUYAU, "--home", node.home, "--no-start", *args], full, input)

    def both(self, node, *args):
        piped = node.tuyau(*args, exit=None, env=FRENCH)
        self.note(piped.args, piped.out + piped.err)
        return self.tuyau(node, *args)

    def check(self):
        bad = {args: english_in(text) for args, text in self.seen}
        assert not any(bad.values()), "\n".join(
            f"{args}: {', '.join(map(repr, pieces))}\n{dict(self.seen)[args]}"
            for args, pieces in bad.items()
            if pieces
        )


@pytest.fixture
def screen():
    made = Screen()
    yield made
    made.check()


# ---- the tests of this file ----


def test_the_pieces_of_english_are_found():
    assert len(ENGLISH) > 600
    assert english_in("T-X Your name (--as): ") == []
    assert "Nobody else is online" in " ".join(english_in("Saved. Nobody else is online. It will go by itself."))
    assert "COMPANY" in english_in("  NOM  COMPANY  RÔLE")
    assert english_in("Personne d’autre n’est en ligne") == []


# ---- help and what needs no daemon ----


def test_help_is_french_for_each_command(world, screen):
    node = world.node("alice", start=False)
    rows = run([TUYAU, "help", "--json"], environment(world.dir, **FRENCH)).json
    assert len(rows) >= 30
    screen.both(node, "help")
    for row in rows:
        text = screen.tuyau(node, "help", row["name"])
        assert f"Usage{NBSP}: tuyau {row['name']}" in text
        assert text.startswith("  tuyau"), "examples come first"
    assert "donner un tuyau au cercle" in screen.tuyau(node, "aide", "donne")
    screen.tuyau(node, "tip", "--help")


def test_the_daemon_speaks_the_language_of_who_starts_it(world, screen):
    env = environment(world.dir, **FRENCH)
    assert "Fait passer tuyaux et demandes" in screen.run([TUYAUD, "--help"], env)
    home = world.dir / "file"
    home.write_text("x")
    config = world.dir / "config"
    config.mkdir(mode=0o700)
    for text in ("port = 1\n", "[a]\nx = 1\n", "log = loud\n", "lan = perhaps\n", "x\n", "listen = x\n"):
        (config / "tuyaud.conf").write_text(text)
        shown = screen.run([TUYAUD, "--home", config], env)
        assert shown.startswith("T-CONFIG") and ", ligne " in shown
    for args in (
        ["--nonsense"],
        ["word"],
        ["--log", "loud"],
        ["--listen", "x"],
        ["--clock-offset", "x"],
        ["--home", home],
        ["--home", ""],
        ["--home", f"/tmp/{'x' * 200}"],
    ):
        assert screen.run([TUYAUD, *args], env).startswith("T-")
    english = run([TUYAUD, "--help"], environment(world.dir))
    assert english.out.startswith("Usage: tuyaud [OPTIONS]\n")


@pytest.mark.parametrize(
    "env, french",
    [
        ({"LANG": "fr_FR.UTF-8"}, True),
        ({"LANG": "fr"}, True),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "fr_BE:en"}, True),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "fr_FR.UTF-8"}, True),
        ({"LANG": "C"}, False),
        ({"LANG": "C", "LANGUAGE": "fr"}, False),
        ({"LANG": "de_DE.UTF-8"}, False),
        ({"LANG": "fr_FR.UTF-8", "LANGUAGE": "en:fr"}, False),
        ({"LANG": "fr_FR.UTF-8", "LC_ALL": "C.UTF-8"}, False),
        ({"LANG": ""}, False),
    ],
)
def test_the_environment_chooses(world, env, french):
    ran = run([TUYAU, "help"], environment(world.dir, **env))
    assert ran.out.startswith("Usage : tuyau" if french else "Usage: tuyau") or (
        french and ran.out.startswith(f"Usage{NBSP}: tuyau")
    )
    failed = run([TUYAU, "nonsense", "--home", world.dir / "h"], environment(world.dir, **env), exit=2)
    assert ("Il n’y a pas de commande" in failed.err) == french


# ---- one daemon, clients of two languages ----


def test_each_client_is_answered_in_its_language(world):
    alice = world.node("alice")
    alice.new()
    french = alice.tuyau("show", "ZZZZ", exit=3, env=FRENCH)
    english = alice.tuyau("show", "ZZZZ", exit=3)
    assert "Rien ne commence par ZZZZ." in french.err
    assert "Nothing begins with ZZZZ." in english.err
    a = alice.fails(2, "T-USAGE", "tip", "x", "--warm", "3", "--budget", "lots")
    b = alice.fails(2, "T-USAGE", "tip", "x", "--warm", "3", "--budget", "lots", env=FRENCH)
    assert a["message"] != b["message"] and NBSP in b["message"]
    alice.tip("Wi-Fi pour trois entrepôts", "-c", "Laiterie", "--warm", "3")
    for command in (["inbox", "--all"], ["circle", "show"], ["value"], ["profile"], ["help"]):
        x, y = alice.json(*command), alice.json(*command, env=FRENCH)
        if command != ["help"]:
            assert x == y, "JSON is the same in all languages"
        else:
            assert [list(r) for r in x] == [list(r) for r in y]


def test_the_request_carries_the_language(world):
    alice = world.node("alice")

    def message(*arguments):
        with Rpc(alice.socket) as rpc:
            rpc.socket.sendall(msgpack.packb([0, 1, "inbox", list(arguments)]))
            return rpc.receive()[2]["message"]

    english = "You are in no circle yet."
    assert message() == message({}) == message({}, "en") == message({}, "xx") == english
    assert message({}, "fr") == "Vous n’êtes encore dans aucun cercle."
    with Rpc(alice.socket) as rpc:  # three arguments, a language that is no text
        rpc.socket.sendall(msgpack.packb([0, 1, "inbox", [{}, 7]]))
        with pytest.raises(ConnectionError):
            rpc.receive()


# ---- a circle's day, in French ----


def test_nothing_english_is_said_in_a_day_of_two_people(world, screen):
    alice, bruno = world.circle("alice", "bruno")
    both, one = screen.both, screen.tuyau
    both(alice, "status")
    both(alice, "inbox")
    both(alice, "circle", "list")
    both(alice, "circle", "show", "--all")
    both(bruno, "profile")
    one(alice, "profile", "set", "zone=Bretagne")
    both(alice, "invite", "chloe", "--days", "2")
    one(alice, "invite", "--qr")
    one(bruno, "watch", "add", "wifi")
    both(bruno, "watch", "list")

    given = one(alice, "tip", "Wi-Fi à refaire", "-c", "Laiterie", "--warm", "3", "--role", "DSI")
    assert re.search(r"  ouvert jusqu’au \d+ \S+ · le cercle voit.: titre, société, fonction", given)
    tip = alice.inbox()[0]["id"]
    wait_until(lambda: bruno.inbox(), what="bruno has it")
    inbox = both(bruno, "inbox")
    assert "POUR VOUS" in inbox and "ÂGE" in inbox
    both(bruno, "search", "wifi")
    both(bruno, "search", "rien", "du", "tout")
    shown = both(bruno, "show", tip)
    assert "Chaleur" in shown and "j’ai parlé pour vous" in shown
    one(bruno, "claim", tip, "J'appelle demain")
    both(bruno, "inbox")
    both(bruno, "show", tip)
    both(bruno, "claim", tip)
    both(alice, "claim", tip)
    both(bruno, "award", tip, "alice")
    one(bruno, "done", tip, "--contacted")
    one(bruno, "done", tip, "--won", "--amount", "8000")
    both(bruno, "done", tip, "--won")
    both(bruno, "done", tip, "--contacted", "--won")
    one(bruno, "thank", tip, "Merci !")
    both(alice, "show", tip)
    both(alice, "withdraw", tip)

    one(alice, "demande", "intro", "Qui achète chez Verrerie ?", "--until", "14d")
    ask = next(o["id"] for o in alice.inbox() if o["kind"] == "ask")
    wait_until(lambda: ask in [o["id"] for o in bruno.inbox()], what="bruno has the ask")
    both(bruno, "show", ask)
    one(bruno, "answer", ask, "--intro", "Je la connais")
    wait_until(lambda: alice.json("show", ask).get("answers"), what="the answer came")
    both(alice, "inbox")
    one(alice, "accept", ask)
    both(alice, "show", ask)
    one(alice, "solved", ask)
    one(alice, "tip", "À reprendre", "--life", "1d")
    one(alice, "ask", "news", "Où est M. Durand ?", "--to", "bruno")
    one(alice, "ask", "profile", "Une développeuse Java", "--hide-count")
    both(alice, "inbox", "--mine")
    both(bruno, "inbox", "due:<9d")
    both(alice, "edit")
    one(alice, "undo")
    one(bruno, "nouvelles", "Où est passé M. Durand ?", "--person", "M. Durand")
    for args in (["value"], ["digest"], ["digest", "--mail"], ["events"], ["audit"], ["version"]):
        both(bruno, *args)
    both(bruno, "watch", "test", "wifi")
    both(bruno, "watch", "mute", "1")
    both(bruno, "watch", "mute", "1", "--until", "14d")
    both(bruno, "watch", "unmute", "1")
    both(bruno, "watch", "remove", "1")
    both(bruno, "calendar")
    both(bruno, "calendar", world.dir / "agenda.ics")
    screen.note([0, "agenda"], (world.dir / "agenda.ics").read_text())
    both(alice, "notice", tip)
    both(bruno, "notice", tip)
    one(bruno, "export", world.dir / "export")
    screen.note([0, "export"], next((world.dir / "export").glob("[A-Z]*")).read_text())
    both(bruno, "export", world.dir / "export")
    both(bruno, "export", "--about", "Durand")
    both(bruno, "export", "--about", "Personne Inconnue")
    both(alice, "forget", "--dry-run", "--person", "Durand")
    both(alice, "forget", tip, "--dry-run")
    one(alice, "forget", tip, input="non\n")
    one(alice, "oublie", tip, "--yes")
    both(alice, "forget")
    both(alice, "show", tip)
    both(alice, "audit")


def test_nothing_english_is_said_about_letters(world, screen):
    alice, bruno = world.circle("alice", "bruno")
    both, one = screen.both, screen.tuyau
    ask = bruno.json(
        *("ask", "vouch", "Pouvez-vous rassurer leur directrice ?"),
        *("-c", "Beaumanoir", "--role", "la directrice", "--lang", "fr"),
    )
    wait_until(lambda: alice.inbox(), what="the request is there")
    both(alice, "vouch", "list")
    both(alice, "vouch", "write", ask["id"])
    both(alice, "vouch", "sign", "ZZZZ")
    both(alice, "vouch", "sign", ask["id"])
    given = ["--relation", "cliente", "--fact", "délais tenus", "--limits", "les grands comptes"]
    both(alice, "vouch", "write", ask["id"], *given)
    one(alice, "vouch", "sign", ask["id"])
    where = world.dir / "mail"
    where.mkdir()
    one(alice, "vouch", "send", ask["id"], "--out", where)
    letter = next(where.glob("*.txt"))
    both(alice, "vouch", "list")
    both(alice, "verify", letter)
    both(bruno, "verify", letter)
    text = letter.read_text()
    letter.write_text(text.replace("délais", "delais"))
    both(bruno, "verify", letter)
    letter.write_text(text[: len(text) // 2])
    both(bruno, "verify", letter)
    letter.write_text(text)
    both(bruno, "verify", letter, "--key", "x")
    both(bruno, "verify", world.dir / "nothing")
    wait_until(lambda: bruno.json("vouch", "get", ask["id"], "--out", where), what="it came")
    both(bruno, "vouch", "get", ask["id"], "--out", where)
    one(alice, "vouch", "revoke", ask["id"], "--out", where)
    both(alice, "verify", letter)
    editor = world.dir / "editor"
    editor.write_text(f'#!/bin/sh\ncp "$1" {world.dir}/form\nexit 1\n')
    editor.chmod(0o700)
    one(alice, "vouch", "write", ask["id"], "-e", env={"EDITOR": str(editor), "VISUAL": ""})
    screen.note([0, "the form"], (world.dir / "form").read_text())
    one(alice, "tip", "-e", env={"EDITOR": str(editor), "VISUAL": ""})
    screen.note([0, "the form of a tip"], (world.dir / "form").read_text())


def test_nothing_english_is_said_when_it_fails(world, screen):
    nobody = world.node("chloe", start=False)
    screen.both(nobody, "inbox")
    alice = world.node("alice")
    both = screen.both
    both(alice, "inbox")
    both(alice, "status")
    both(alice, "circle", "list")
    alice.new()
    for args in (
        ["tip"],
        ["tip", "x", "--warm", "7"],
        ["tip", "x", "--warm"],
        ["tip", "x", "--colour", "red"],
        ["tip", "x", "--told=1"],
        ["tip", "x", "--life", "x"],
        ["tip", "x", "--life", "400d"],
        ["tip", "x" * 5000],
        ["tip", "x", "--who", "Noé"],
        ["tip", "x", "--for", "nobody"],
        ["tip", "x", "--for", "@nothing"],
        ["tip", "x", "--link", "x"],
        ["tip", "x", "--claims", "x"],
        ["tip", "x", *["--tag=a"] * 9],
        ["tip", "x", "--budget", "lots"],
        ["tip", "x", "--lang", "x" * 40],
        ["ask"],
        ["ask", "news", "x", "--to", "alice"],
        ["vouch", "get", "ZZZZ"],
        ["done", "ZZZZ", "--won", "--amount", "lots"],
        ["ask", "money", "x"],
        ["ask", "intro"],
        ["ask", "intro", "x", "--until", "2020-01-01"],
        ["ask", "intro", "x", "--until", "soon"],
        ["show"],
        ["show", "UUUU"],
        ["show", "ZZZZ"],
        ["claim", "ZZ"],
        ["award", "ZZZZ"],
        ["done", "ZZZZ"],
        ["join"],
        ["join", "TUYAU:AAAA"],
        ["join", "x", "--timeout", "0"],
        ["new"],
        ["new", "x", "--inside", "--between"],
        ["new", "Vendredi 18h", "--as", "Alice"],
        ["invite", "--days", "90"],
        ["profile", "show", "nobody"],
        ["profile", "set"],
        ["profile", "set", "x=y"],
        ["profile", "edit"],
        ["circle", "dance"],
        ["circle", "leave"],
        ["-C", "nothing", "inbox"],
        ["inbox", "words"],
        ["inbox", "kind:x"],
        ["inbox", "state:x"],
        ["inbox", "warm:x"],
        ["inbox", "age:x"],
        ["inbox", "from:nobody"],
        ["inbox", "from:"],
        ["inbox", '"x'],
        ["inbox", "--limit", "x"],
        ["search"],
        ["search", *"abcdefghijklmnopqrstuvwxyz"],
        ["value", "--since", "x"],
        ["events", "--since", "x"],
        ["watch", "add"],
        ["watch", "remove", "x"],
        ["watch", "remove", "9"],
        ["watch", "dance"],
        ["vouch"],
        ["vouch", "dance"],
        ["vouch", "write"],
        ["vouch", "sign", "x", "--fact", "y"],
        ["verify"],
        ["undo"],
        ["forget", "ZZZZ", "--yes"],
        ["forget", "--person", "x", "--company", "y"],
        ["forget", "--closed-before", "x"],
        ["forget", "--person", "x", "--yes"],
        ["notice"],
        ["notice", "ZZZZ"],
        ["notice", "ZZZZ", "--lang", "de"],
        ["calendar", "a", "b"],
        ["calendar", "/nowhere/x.ics"],
        ["export", "/nowhere/x"],
        ["export", "--about", "!"],
        ["audit", "--since", "x"],
        ["watch", "mute", "9"],
        ["watch", "test"],
        ["status", "x"],
        ["dance"],
        ["invit"],
        ["who", "x"],
        ["--wait=x", "inbox"],
        ["--json=,", "inbox"],
        ["tip", b"\xff".decode("utf-8", "surrogateescape")],
        ["tip", "x", "--need", "-"],
    ):
        both(alice, *args)
    screen.run([TUYAU, "--home", world.dir / "alice.log", "inbox"], environment(world.dir, **FRENCH))
    screen.run([TUYAU, "--home", alice.home, "stop"], environment(world.dir, **FRENCH))
    alice.process.wait(30)
    alice.process = None


def test_questions_are_french(world, screen):
    alice = world.node("alice")
    shown = screen.tuyau(alice, "new", "Cercle", input="Alice Martin\nArmor\nréseaux\nPME\n")
    assert f"Votre société (--company){NBSP}: " in shown
    assert f"Le cercle est créé{NBSP}: Cercle, 1 membre." in shown
    assert "clé de secours" in shown


def test_the_demonstration_is_french():
    env = environment("/tmp", **FRENCH, TUYAU_BIN=str(BIN), TERM="xterm")
    shown = run([ROOT / "contrib" / "demo"], env, timeout=300.0)
    assert shown.out.splitlines()[-1].startswith("demo: passed: 6 démons")
    assert english_in(shown.out + shown.err) == []


# ---- widths ----


def test_columns_stand_below_their_accented_names(world):
    alice, bruno = world.circle("alice", "bruno")
    lines = Screen().tuyau(alice, "circle", "show").splitlines()
    head = next(line for line in lines if "SOCIÉTÉ" in line)
    rows = [line for line in lines if "keeper" in line or "member" in line.split()]
    assert len(rows) == 2
    for row in rows:
        at = head.index("SOCIÉTÉ")
        assert row[at - 2 : at] == "  " and row[at] != " "
        assert row[head.index("RÔLE") :].startswith(("keeper", "member"))
    shown = Screen().tuyau(alice, "profile").splitlines()
    starts = {line.index(text) for line in shown for text in ("Alice Martin", "Armor") if text in line}
    assert len(starts) == 1
    value = Screen().tuyau(alice, "value").splitlines()
    assert len({len(line) for line in value[:7]}) == 1
