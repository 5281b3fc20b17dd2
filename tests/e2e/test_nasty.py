"""What must not reach a terminal does not: 280 strings (nasty.py), typed, received, and shown.

Three walls, each looked at alone: the daemon refuses to write such a text and takes no record for
readable that holds one; the daemon's log and answers are clean; and the program shows nothing raw
even if a daemon says it.
"""

import csv
import io
import json
import os
import pty
import select
import socket
import subprocess
import termios
import threading
from concurrent.futures import ThreadPoolExecutor

import msgpack
import pytest

from life import shown
from nasty import NASTY, is_refused, is_utf8, leak
from test_hooks import install
from test_tips import DAY
from world import BIN, SANITIZER, TUYAU, TUYAUD, Rpc, RpcError, wait_until

UNCHECKED = BIN / "tuyaud-unchecked"
CLEAR_LINE = b"\r\x1b[K"  # of the progress of join, ours
# What an argument can be. Neither the rest nor a NUL is a text for MessagePack here (PROTOCOL 2).
TYPED = {name: data for name, data in NASTY.items() if is_utf8(data) and b"\0" not in data}


# ---- running tuyau, by bytes ----


def piped(node, *args, stdin=b""):
    """(exit code, stdout, stderr) of tuyau in a pipe, as bytes."""
    done = subprocess.run(
        [TUYAU, "--home", node.home, "--no-start", *args],
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=node.home_env,
        cwd=node.world.dir,
        timeout=60,
    )
    assert not SANITIZER.search(done.stderr.decode(errors="replace")), (args, done.stderr)
    return done.returncode, done.stdout, done.stderr


def on_screen(node, *args):
    """(exit code, all that a terminal of 100 columns gets) without colours."""
    leader, follower = pty.openpty()
    mode = termios.tcgetattr(follower)
    mode[1] &= ~termios.OPOST  # line feeds as they are
    termios.tcsetattr(follower, termios.TCSANOW, mode)
    termios.tcsetwinsize(follower, (40, 100))
    process = subprocess.Popen(
        [TUYAU, "--home", node.home, "--no-start", *args],
        stdin=subprocess.DEVNULL,
        stdout=follower,
        stderr=follower,
        env=dict(node.home_env, NO_COLOR="1", TERM="xterm"),
        cwd=node.world.dir,
    )
    os.close(follower)
    shown = b""
    while select.select([leader], [], [], 60)[0]:
        try:
            data = os.read(leader, 65536)
        except OSError:  # closed at the other end
            break
        shown += data
        if not data:
            break
    os.close(leader)
    rc = process.wait(60)
    assert not SANITIZER.search(shown.decode(errors="replace")), (args, shown)
    return rc, shown.replace(CLEAR_LINE, b"")


def is_clean(args, *outputs):
    for out in outputs:
        if args[0] == "calendar":
            out = out.replace(b"\r\n", b"\n")  # as RFC 5545 wants it
        assert not leak(out), (args, leak(out), out[:2000])


def looks_clean(node, *args):
    """Runs a command that only reads, in all the ways there are; nothing of it leaks."""
    rc, out, err = piped(node, *args)
    is_clean(args, out, err)
    assert rc == 0, (args, err)
    rc, shown = on_screen(node, *args)
    is_clean(args, shown)
    assert rc == 0, (args, shown)
    rc, out, err = piped(node, *args, "--json")
    is_clean(args, out, err)
    for line in out.splitlines():
        json.loads(line)
    rc, out, err = piped(node, *args, "-q")
    is_clean(args, out, err)


def at_once(function, *calls):
    """Calls it with each of these arguments, a few at a time."""
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda call: function(*call), calls))


READS = (
    ["inbox"],
    ["inbox", "--all"],
    ["search", "kind:tip", "--limit", "1000"],
    ["search", "kind:ask", "--limit", "1000"],
    ["events"],
    ["digest"],
    ["digest", "--mail"],
    ["value"],
    ["status"],
    ["circle", "list"],
    ["circle", "show"],
    ["circle", "show", "--all"],
    ["profile", "show"],
    ["watch", "list"],
    ["vouch", "list"],
    ["calendar", "--names"],
    ["audit"],
    ["forget"],
)


def files_are_clean(place):
    """What export wrote: no controls, and no cell that a spreadsheet would calculate."""
    files = [path for path in place.rglob("*") if path.is_file()]
    for path in files:
        data = path.read_bytes()
        if path.suffix in (".csv", ".ics", ".vcf"):
            data = data.replace(b"\r\n", b"\n")
        assert not leak(data), (path, leak(data))
        if path.suffix in (".json", ".ndjson"):
            whole = path.suffix == ".json"
            for document in [data] if whole else data.splitlines():
                json.loads(document)
        if path.suffix == ".csv":
            text = path.read_bytes().decode()
            for row in list(csv.reader(io.StringIO(text, newline="")))[1:]:
                assert not [c for c in row if c[:1] in FORMULA and c], (path, row)
    return {path.name for path in files}


FORMULA = tuple("=+-@\t\r\n")


# ---- the daemon ----


def refused(rpc, method, params):
    """The code of a refusal, or None."""
    try:
        rpc.call(method, params)
    except RpcError as error:
        assert error.exit in (2, 3, 5, 6, 7), (method, params, error)
        assert not leak(str(error).encode()), (method, error)
        return error
    return None


@pytest.fixture
def pair(world):
    """alice and bruno, with something of each that can be acted on."""
    nodes = [world.node(name, level="debug") for name in ("alice", "bruno")]
    alice, bruno = nodes
    alice.new()
    bruno.join(alice.invite())
    world.meet(nodes)
    yield alice, bruno
    for node in nodes:
        assert not leak(node.log.read_bytes()), node.name


def places(theirs, held, ask, mine):
    """Where a text can be put: (method, params with TEXT in them, may it have line feeds)."""
    tip = [
        *("title", "company", "domain", "siren", "place", "sector", "size", "role", "when"),
        *("reward", "lang", "budget", "link", "for"),
    ]
    asks = ["company", "place", "role", "skills", "person", "why", "lang", "when", "for"]
    person = [
        *("name", "company", "seat", "sells", "looks_for", "not_for", "zone", "languages", "reach")
    ]
    card = ["name", "phone", "email", "best_time"]
    answer = ["name", "role", "company", "phone", "email", "as_of"]
    clean = {"title": "Un tuyau", "told": True, "need": "x"}  # or a title may have lines
    for field in tip:
        yield "tip", {"fields": {**clean, field: "TEXT"}}, False
    yield "tip", {"fields": {**clean, "tags": ["ok", "TEXT"]}}, False
    yield "tip", {"fields": {**clean, "need": "TEXT"}}, True
    yield "tip", {"fields": clean, "why_private": "TEXT"}, False
    for field in card:
        yield "tip", {"fields": clean, "card": {field: "TEXT"}}, False
    for field in asks:
        yield "ask", {"fields": {"ask": "news", "text": "Q", field: "TEXT"}}, False
    for field in ("text", "blurb"):
        yield "ask", {"fields": {"ask": "intro", "text": "Q", field: "TEXT"}}, True
    for field in person:
        yield "profile_set", {"fields": {field: "TEXT"}}, False
    yield "watch_add", {"query": "TEXT"}, False
    yield "invite", {"name": "TEXT"}, False
    yield "edit", {"id": mine, "fields": {"title": "TEXT"}}, False
    yield "claim", {"id": theirs, "note": "TEXT"}, True
    yield "pass", {"id": theirs, "fields": {"reason": "TEXT"}}, False
    yield "thank", {"id": held, "text": "TEXT"}, True
    for field in ("amount", "currency", "reason"):
        yield "done", {"id": held, "step": "won", "fields": {field: "TEXT"}}, False
    yield "done", {"id": held, "step": "won", "fields": {"text": "TEXT"}}, True
    yield "give_back", {"id": held, "fields": {"reason": "TEXT"}}, False
    yield "give_back", {"id": held, "fields": {"text": "TEXT"}}, True
    for field in answer:
        yield "answer", {"id": ask, "fields": {"told": True, field: "TEXT"}}, False
    yield "answer", {"id": ask, "fields": {"text": "TEXT"}}, True
    for field in ("for", "about", "relation", "since", "limits", "call"):
        yield "vouch_write", {"id": ask, field: "TEXT"}, False
    yield "vouch_write", {"id": ask, "facts": ["TEXT"]}, False


def put(value, text):
    """The same with the text in its place."""
    if isinstance(value, dict):
        return {k: put(v, text) for k, v in value.items()}
    if isinstance(value, list):
        return [put(v, text) for v in value]
    return text if value == "TEXT" else value


def test_what_is_typed(pair):
    """No field of anything takes what may not be shown; everything else comes out as it went in."""
    alice, bruno = pair
    theirs, held = (bruno.tip("Un tuyau de Bruno")["id"] for _ in range(2))
    ask = bruno.json("ask", "vouch", "Qui nous recommande ?")["id"]
    mine = alice.tip("Un tuyau d'Alice")["id"]
    told = install(bruno, "tip.new", "#!/bin/sh\ncat >>OUT\n")
    wait_until(lambda: {theirs, held, ask} <= {o["id"] for o in alice.inbox()})
    alice.json("claim", held)
    shown(alice, held, state="awarded")
    count = 0
    with Rpc(alice.socket) as rpc:
        for i, (method, params, lines) in enumerate(places(theirs, held, ask, mine)):
            bad = [(name, data) for name, data in TYPED.items() if is_refused(data, lines)]
            for name, data in bad if i == 0 else bad[i % 6 :: 6]:  # there is one check for all
                error = refused(rpc, method, put(params, data.decode()))
                assert error and error.exit in (2, 3), (method, params, name, error)
                count += 1
        assert count > 1000
        given = {}
        for name, data in TYPED.items():
            text = data.decode()
            if is_refused(data) or not text.strip():
                continue
            tags = [text] if len(data) <= 40 else []
            fields = {"title": text, "need": text, "company": text, "role": text, "place": text}
            try:
                tip = rpc.call("tip", {"fields": {**fields, "tags": tags}, "why_private": text})
            except RpcError as error:
                assert error.code == "T-USAGE" and len(data) > 120, (name, error)
                continue
            given[tip["id"]] = {**fields, "tags": tags}
            if len(given) % 4 == 0:
                rpc.call("ask", {"fields": {"ask": "intro", "text": text, "blurb": text}})
                refused(rpc, "watch_add", {"query": text})
        assert len(given) > 100
        rpc.call("profile_set", {"fields": {"company": NASTY["html"].decode(), "sells": "=1+1"}})
    alice.world.agree([alice, bruno])
    for node in (alice, bruno):
        place = node.world.dir / f"out-{node.name}"
        node.json("export", str(place), "--all")
        assert {"tips.csv", "calendar.ics", "members.vcf"} <= files_are_clean(place)
    wait_until(lambda: len(told.read_bytes().splitlines()) > 100, 60, "hooks ran")
    assert not leak(told.read_bytes()), leak(told.read_bytes())
    for line in told.read_text().splitlines():
        assert json.loads(line)["event"] == "tip.new"
    with Rpc(bruno.socket) as rpc:
        for id, fields in given.items():
            seen = rpc.call("show", {"id": id})
            assert seen["title"] == fields["title"] and seen["need"] == fields["need"]
            assert seen["company"]["name"] == fields["company"] and seen["tags"] == fields["tags"]
    shows = [["show", ask], *(["show", id] for id in list(given)[::15])]
    at_once(looks_clean, *([alice, *args] for args in READS))
    at_once(looks_clean, *([bruno, *args] for args in (*READS[:6], *shows)))


def test_bytes_that_are_no_text_on_the_local_socket(pair):
    alice, _ = pair
    before = alice.titles()
    for name, data in NASTY.items():
        if name in TYPED:
            continue
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(20)
        with sock:
            sock.connect(str(alice.socket))
            text = data.decode("utf-8", "surrogateescape")
            request = [0, 1, "tip", [{"fields": {"title": text}}]]
            sock.sendall(msgpack.packb(request, unicode_errors="surrogateescape"))
            sock.shutdown(socket.SHUT_WR)
            unpacker = msgpack.Unpacker(raw=False)
            while part := sock.recv(65536):
                unpacker.feed(part)
            for answer in unpacker:
                assert answer[2] and answer[3] is None, (name, answer)
    assert alice.titles() == before


def test_a_peer_who_does_not_check(world):
    """His records are kept and passed on, and are nothing: what they hold is shown to nobody."""
    alice = world.node("alice", level="debug")
    alice.new()
    mallory = world.node("mallory", start=False)
    mallory.start(program=UNCHECKED)
    bad = {name: data for name, data in NASTY.items() if is_refused(data)}
    name = NASTY["ESC title"].decode() + NASTY["bidi file name"].decode()
    person = {"name": name, "company": name, "sells": name}
    mallory.rpc("join", {"code": alice.invite(), "profile": person})
    wait_until(lambda: alice.circle()["online"] == 2, what="mallory is in")
    ids = {}
    with Rpc(mallory.socket) as rpc:
        for i, (what, data) in enumerate(bad.items()):
            text = f"raw:{data.hex()}"
            if i % 3 == 0:
                made = rpc.call("tip", {"fields": {"title": "Un tuyau", "tags": [text]}})
            elif i % 3 == 1:
                made = rpc.call("tip", {"fields": {"title": text, "company": text}})
            else:
                made = rpc.call("ask", {"fields": {"ask": "intro", "text": "Q", "role": text}})
            ids[made["id"]] = what
        clean = rpc.call("tip", {"fields": {"title": "Un tuyau propre"}})
    honest = alice.tip("Un tuyau honnête")
    world.agree([alice, mallory])
    with Rpc(alice.socket) as rpc:
        for id, what in ids.items():
            error = refused(rpc, "show", {"id": id})
            assert error and error.code == "T-NOT-FOUND", what
        assert rpc.call("show", {"id": clean["id"]})["title"] == "Un tuyau propre"
        (used,) = [
            e["name"]
            for e in rpc.call("events", {"since": "0", "limit": 200})["events"]
            if e["event"] == "invite.used"
        ]
        assert "\ufffd" in used and not leak(used.encode()), used
    assert honest["id"] in {o["id"] for o in alice.inbox()}
    for args in (*READS, *(["show", id] for id in list(ids)[::30])):
        rc, out, err = piped(alice, *args)
        is_clean(args, out, err)
        rc, out, err = piped(alice, *args, "--json")
        is_clean(args, out, err)
        is_clean(args, on_screen(alice, *args)[1])
    assert not leak(alice.log.read_bytes())


# ---- the program ----

ALL = " | ".join(data.decode() for data in NASTY.values() if is_utf8(data))
FIRM = {"schema", "file", "exit", "number", "id", "device"}  # what no peer can choose
SHAPES = FIRM | {"kind", "ask", "state", "part", "event", "position", "what", "why"}


def poisoned(value, text, keep=SHAPES):
    """The same with `text` in the place of every text, but for those of some keys."""
    if isinstance(value, dict):
        return {k: v if k in keep else poisoned(v, text, keep) for k, v in value.items()}
    if isinstance(value, list):
        return [poisoned(v, text, keep) for v in value]
    return text if isinstance(value, str) else value


def many(rows, keep=SHAPES):
    """As many rows as there are texts, each all of one."""
    texts = [data.decode() for data in NASTY.values() if is_utf8(data)]
    return [poisoned(rows[i % len(rows)], text, keep) for i, text in enumerate(texts)]


class Liar(threading.Thread):
    """A daemon on the socket of a home that says what it is told to: {method: result}, or for an
    RpcError its map."""

    def __init__(self, node):
        super().__init__()
        self.answers = {}
        self.unknown = set()  # asked for, and not among the answers
        node.socket.parent.mkdir(parents=True, mode=0o700)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(node.socket))
        self.listener.listen()
        self.over = False
        self.start()

    def run(self):
        while not self.over:
            with self.listener.accept()[0] as sock:
                try:
                    self.talk(sock)
                except ConnectionError:  # it had heard enough
                    pass

    def talk(self, sock):
        unpacker = msgpack.Unpacker(raw=False)
        while data := sock.recv(65536):
            unpacker.feed(data)
            for _, msgid, method, _ in unpacker:
                sock.sendall(self.answer(msgid, method))

    def answer(self, msgid, method):
        result = self.answers.get(method)
        if result is None:
            self.unknown.add(method)
            result = RpcError({"code": "T-METHOD", "message": "?", "hint": "", "exit": 1})
        error = result.error if isinstance(result, RpcError) else None
        said = [1, msgid, error, None if error else result]
        return msgpack.packb(said, unicode_errors="surrogateescape")

    def end(self):
        self.over = True
        with socket.socket(socket.AF_UNIX) as last:
            last.connect(self.listener.getsockname())
        self.join()
        self.listener.close()


def said_by_daemons(alice, bruno):
    """What real daemons answer when there is something of everything: {method: result}"""
    tip = {"title": "T", "need": "N", "company": "C", "role": "R", "told": True, "warmth": 3}
    tip.update(tags=["a", "b"], place="P", sector="S", reward="W", budget="1-5k", link="client")
    card = {"name": "Noé", "phone": "0", "email": "e@example.fr", "best_time": "9h"}
    id = alice.rpc("tip", {"fields": tip, "card": card, "why_private": "pour moi"})["id"]
    other = alice.rpc("tip", {"fields": {**tip, "claims": "pick"}, "life_s": DAY})["id"]
    ask = alice.rpc("ask", {"fields": {"ask": "vouch", "text": "Q", "blurb": "B"}})["id"]
    bruno.rpc("watch_add", {"query": "T"})
    alice.world.agree([alice, bruno])
    bruno.rpc("claim", {"id": id, "note": "moi"})
    bruno.rpc("claim", {"id": other, "note": "moi"})
    bruno.rpc("answer", {"id": ask, "fields": {"text": "A", "company": "C", "as_of": "2026"}})
    letter = {"for": "d", "about": "a", "relation": "r", "facts": ["f"], "limits": "l", "call": "01 99 00 45 67"}
    bruno.rpc("vouch_write", {"id": ask, **letter})
    shown(bruno, id, state="awarded")
    bruno.rpc("done", {"id": id, "step": "won", "fields": {"amount": "10", "text": "oui"}})
    bruno.rpc("thank", {"id": id, "text": "merci", "share": True})
    wait_until(lambda: alice.rpc("show", {"id": id}).get("thanks"), what="thanks")
    shown(alice, ask, state="answered")
    shows = [n.rpc("show", {"id": i}) for n in (alice, bruno) for i in (id, other, ask)]
    both = [n.rpc("inbox", {"all": True}) for n in (alice, bruno)]
    said = {
        "inbox": {**both[0], "objects": both[0]["objects"] + both[1]["objects"]},
        "search": bruno.rpc("search", {"query": "T"}),
        "events": alice.rpc("events", {"since": "0", "limit": 200}),
        "vouch_list": bruno.rpc("vouch_list"),
        "watch_list": bruno.rpc("watch_list"),
        "vouch_write": bruno.rpc("vouch_list")[0],
        "vouch_sign": bruno.rpc("vouch_sign", {"id": ask}),
        "withdraw": alice.rpc("withdraw", {"id": other}),
        "shows": shows,
    }
    for method in ("audit", "calendar", "export"):
        said[method] = {**bruno.rpc(method), "position": None}  # there is one page
    said["forget_find"] = alice.rpc("forget_find", {"person": "Noé"})
    said["forget"] = alice.rpc("forget", {"id": other})
    said["forget_status"] = alice.rpc("forget_status")
    for method in ("value", "status", "circle_list", "circle_show", "profile_show", "invite"):
        said[method] = alice.rpc(method)
    said["events"]["events"] += bruno.rpc("events", {"since": "0", "limit": 200})["events"]
    return said


def lies(said, keep=SHAPES):
    """The same with nothing but nasty texts in it."""
    answers = {method: poisoned(result, ALL, keep) for method, result in said.items()}
    for method in ("search", "vouch_list", "watch_list", "circle_list", "forget_status"):
        answers[method] = many(said[method], keep)
    answers["inbox"]["objects"] = many(said["inbox"]["objects"], keep)
    answers["events"] = {"events": many(said["events"]["events"], keep), "more": False}
    answers["events"]["position"] = "0"
    answers["circle_show"]["members"] = many(said["circle_show"]["members"], keep)
    answers["new"] = {**answers["circle_show"], "recovery_key": ALL}
    answers["join"] = {**answers["new"], "inviter": ALL}
    answers["progress"] = {"schema": 1, "have": 1, "want": 1, "missing": 0, "in_sync": True}
    for method in ("profile_set", "watch_add", "vouch_send", "vouch_revoke", "undo", "delivery"):
        same = {"profile_set": "profile_show", "watch_add": "watch_list", "undo": "withdraw"}
        answers[method] = answers[same.get(method, "vouch_sign")]
    answers["watch_add"] = answers["watch_list"][0]
    answers["vouch_revoke"] = {**answers["vouch_sign"], "revocation": ALL}
    answers["vouch_revoke"]["revocation_signature"] = ALL
    answers["delivery"] = {"schema": 1, "id": ALL, "peers": 2, "have_it": 0, "online": 0}
    answers["delivery"].update(calling=0, last_seen={"name": ALL, "at": ALL})
    return answers


OBJECTS = ["tip", "ask", "claim", "award", "done", "give_back", "pass", "edit", "thank"]
OBJECTS += ["answer", "accept", "solved", "show"]
FORGETS = ["forget", "7KQ2", "--dry-run"], ["forget", "--person", "x", "--dry-run"]
ACTS = ["claim", "give-back", "pass", "withdraw", "undo", "thank", "solved", "accept"]
WRITES = [
    ["tip", "x"],
    ["tip", "x", "--wait"],
    ["ask", "intro", "x"],
    *([verb, "7KQ2"] if verb != "undo" else [verb] for verb in ACTS),
    ["claim", "7KQ2", "note"],
    ["award", "7KQ2", "x"],
    ["done", "7KQ2", "--won"],
    ["edit", "7KQ2", "--warm", "3"],
    ["answer", "7KQ2", "x"],
    ["profile", "set", "name=x"],
    ["watch", "add", "x"],
    ["invite", "x"],
    ["new", "x", "--as", "x", "--company", "x", "--sells", "x"],
    ["join", "TUYAU:AAAA", "--as", "x", "--company", "x", "--sells", "x"],
    ["vouch", "write", "7KQ2", "--limits", "x"],
    ["vouch", "sign", "7KQ2"],
    ["vouch", "send", "7KQ2", "--out", "OUT"],
    ["vouch", "revoke", "7KQ2", "--out", "OUT"],
    ["notice", "7KQ2"],
    ["notice", "7KQ2", "--lang", "fr"],
    *FORGETS,
]


@pytest.fixture
def lied_to(world, pair):
    """(a home whose daemon lies, that daemon, what real ones said)"""
    said = said_by_daemons(*pair)
    victim = world.node("victim", start=False)
    liar = Liar(victim)
    yield victim, liar, said
    liar.end()
    assert not liar.unknown


def two_ways(node, *args):
    """Runs a command in a pipe and on a screen; nothing of it leaks."""
    for rc, *outputs in (piped(node, *args), on_screen(node, *args)):
        is_clean(args, *outputs)
        assert 0 <= rc <= 9, (args, rc)


def every_way(node, *args):
    """And for programs: JSON is JSON."""
    two_ways(node, *args)
    is_clean(args, *piped(node, *args, "-q")[1:])
    rc, out, err = piped(node, *args, "--json")
    is_clean(args, out, err)
    for line in (*out.splitlines(), *(err.splitlines() if rc else ())):
        json.loads(line)


def test_a_daemon_may_say_anything(lied_to):
    """Each text of each answer is nasty: the program prints none of it raw, and does not break."""
    victim, liar, said = lied_to
    out = victim.world.dir / "out"
    out.mkdir()
    shaped, shapeless = lies(said), lies(said, FIRM)
    for method in OBJECTS:
        shaped[method] = poisoned(said["shows"][0], ALL)
    ways = (every_way, shaped, READS), (two_ways, shaped, WRITES), (two_ways, shapeless, READS)
    for way, liar.answers, commands in ways:
        calls = [[str(out) if a == "OUT" else a for a in args] for args in commands]
        at_once(way, *([victim, *args] for args in calls))
    for object in said["shows"]:
        for keep in (SHAPES, FIRM):
            liar.answers = {"show": poisoned(object, ALL, keep)}
            at_once(two_ways, [victim, "show", "7KQ2"], [victim, "show", "7KQ2", "--blurb"])
    assert files_are_clean(out)
    circle = {**shaped["circle_show"], "members": shaped["circle_show"]["members"][::50]}
    few = {method: shaped[method][:1] for method in ("circle_list", "vouch_list")}
    liar.answers = {**shaped, **few, "circle_show": circle}
    two_ways(victim, "export", "--about", "x")
    rc, *outputs = piped(victim, "export", str(out / "export"))
    is_clean(["export"], *outputs)
    assert rc == 0 and files_are_clean(out / "export"), outputs



def test_a_refusal_may_say_anything(lied_to):
    victim, liar, _ = lied_to
    fault = {"message": ALL, "hint": ALL, "retryable": False, "exit": 1, "recovery_key": ALL}
    for code in ("T-USAGE", ALL, "T-x\x1b[31m"):
        for text in (ALL, ALL[-3000:], ALL[:299] + "é"):
            fault.update(code=code, message=text, hint=text)
            liar.answers = {"inbox": RpcError(dict(fault)), "claim": RpcError(dict(fault))}
            at_once(every_way, [victim, "inbox"], [victim, "claim", "7KQ2"])
    liar.answers = {"inbox": {"objects": [{"title": "\udcff"}]}}
    assert victim.fails(1, "T-PROTOCOL", "inbox")


FORMS = (
    ["TEXT"],
    ["--TEXT"],
    ["-TEXT"],
    ["help", "TEXT"],
    ["show", "TEXT"],
    ["show", "--TEXT"],
    ["search", "TEXT"],
    ["inbox", "TEXT"],
    ["inbox", "--limit", "TEXT"],
    ["inbox", "--json=TEXT"],
    ["inbox", "-C", "TEXT"],
    ["tip", "TEXT"],
    ["tip", "x", "--warm", "TEXT"],
    ["tip", "x", "--for", "TEXT"],
    ["tip", "x", "--life", "TEXT"],
    ["tip", "--", "TEXT"],
    ["ask", "TEXT", "x"],
    ["ask", "intro", "x", "--until", "TEXT"],
    ["claim", "TEXT"],
    ["award", "7KQ2", "TEXT"],
    ["done", "7KQ2", "--won", "--amount", "TEXT"],
    ["watch", "TEXT"],
    ["watch", "add", "TEXT"],
    ["watch", "rm", "TEXT"],
    ["digest", "--since", "TEXT"],
    ["events", "--since", "TEXT"],
    ["profile", "TEXT"],
    ["profile", "set", "TEXT"],
    ["profile", "set", "TEXT=x"],
    ["profile", "set", "seat=TEXT"],
    ["profile", "show", "TEXT"],
    ["circle", "TEXT"],
    ["circle", "show", "TEXT"],
    ["invite", "--days", "TEXT"],
    ["invite", "TEXT"],
    ["join", "TEXT"],
    ["new", "TEXT"],
    ["vouch", "TEXT"],
    ["vouch", "write", "TEXT", "--limits", "x"],
    ["vouch", "send", "7KQ2", "--out", "TEXT"],
    ["verify", "TEXT"],
    ["verify", "/etc/hostname", "--key", "TEXT"],
    ["status", "TEXT"],
)


def test_arguments_may_be_anything(pair):
    """An error repeats what was typed; it repeats it harmless. What is no UTF-8 is refused."""
    alice, _ = pair
    names = [name for name, data in NASTY.items() if b"\0" not in data]

    def typed(form, name):
        args = [os.fsencode(word).replace(b"TEXT", NASTY[name]) for word in form]
        if form[0] == "TEXT" and NASTY[name] in (b"", b"-q", b"--json", b"--home=/tmp"):
            return
        rc, out, err = piped(alice, *args)
        failed = err.startswith((b"T-", b'{"schema":1,"error":'))
        assert 0 <= rc <= 9 and failed == (rc != 0), (args, rc, out, err)
        is_clean(args, out, err)
        if name.startswith("invalid"):
            assert rc != 0, args
            wanted = (2,) if form[0] not in ("verify",) else (2, 3)
            assert rc in wanted or form in BY_NAME, (args, rc, err)
        rc, shown = on_screen(alice, *args) if len(name) % 5 == 0 else (0, b"")
        is_clean(args, shown)

    pairs = [(FORMS[i % len(FORMS)], name) for i, name in enumerate(names)]
    pairs += [(form, "ESC red") for form in FORMS] + [(form, "invalid cut 3") for form in FORMS]
    at_once(typed, *pairs)


# Names of files and of things that are not there.
BY_NAME = (["help", "TEXT"], ["vouch", "send", "7KQ2", "--out", "TEXT"])
