"""Hooks: programs of the owner that are run when something happens."""

import json
import os
import stat
import time

import pytest

from world import ASAN, wait_until

WAITING_MAX = 256  # daemon/hooks.h
LINES_SHOWN = 20  # daemon/hook_run.h

# Says what it was given: a line of JSON in the file beside it.
RECORDER = """#!/usr/bin/python3
import json, os, sys
fds = {n: os.readlink(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd")
       if os.path.exists(f"/proc/self/fd/{n}")}
text = sys.stdin.read()
line = {"event": json.loads(text), "lines": text.count("\\n"), "env": dict(os.environ),
        "fds": fds, "cwd": os.getcwd(), "args": sys.argv,
        "group": os.getpgrp() == os.getpid()}
with open(OUT, "a") as out:
    out.write(json.dumps(line) + "\\n")
"""


def directory(node):
    path = node.home / "hooks"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    node.home.chmod(0o700)
    return path


def install(node, name, text, mode=0o700):
    """A hook; what stands at OUT in its text is a file for it to write to."""
    path = directory(node) / name
    out = node.world.dir / f"{node.name}-{name}.out"
    kept = path.with_suffix(".making")
    kept.write_text(text.replace("OUT", repr(str(out)) if "python" in text else str(out)))
    kept.chmod(mode)
    kept.rename(path)
    return out


def lines(out):
    if not out.exists():
        return []
    return [json.loads(line) for line in out.read_text().splitlines(keepends=True) if line.endswith("\n")]


def alone(world, **more):
    """A node that is alone in its circle, its hooks not called by the founding."""
    node = world.node("alice", **more)
    node.new()
    return node


def hooks(node):
    return node.rpc("status")["hooks"]


def idle(node, ran, timeout=60.0):
    """Waits until so many runs are over, and gives the row of the status."""

    def done():
        row = hooks(node)
        return row if row["ran"] >= ran and row["running"] == row["waiting"] == 0 else None

    return wait_until(done, timeout, f"{ran} runs are over")


def alive(pid):
    try:
        return "Z" not in open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False


# ---- what a hook is given ----


def test_a_hook_gets_the_event_and_a_clean_process(world):
    alice = world.node("alice", env={"SECRET_TOKEN": "x", "DISPLAY": ":7", "LC_TIME": "C"})
    alice.new()
    out = install(alice, "tip.new", RECORDER)
    tip = alice.tip("Wi-Fi à refaire", "-c", "Val d'Oust", "--tag", "wifi")
    (given,) = wait_until(lambda: lines(out), what="the hook ran")
    event = given["event"]
    assert event["schema"] == 1 and event["event"] == "tip.new" and given["lines"] == 1
    assert event["object"]["id"] == tip["id"]
    assert event["object"]["title"] == "Wi-Fi à refaire"
    told = [json.loads(line) for line in alice.tuyau("events", "--json").out.splitlines()]
    assert event["position"] in [e["position"] for e in told if e["event"] == "tip.new"]
    env = given["env"]
    assert env["TUYAU_EVENT"] == "tip.new" and env["TUYAU_ID"] == tip["id"]
    assert env["TUYAU_HOME"] == str(alice.home)
    assert env["DISPLAY"] == ":7" and env["LC_TIME"] == "C" and env["PATH"]
    assert "SECRET_TOKEN" not in env and "UBSAN_OPTIONS" not in env
    # 0 to 2, and what python has open to look
    open_fds = {int(n): path for n, path in given["fds"].items()}
    assert sorted(open_fds)[:3] == [0, 1, 2]
    assert all(path.startswith("pipe:") for n, path in open_fds.items() if n < 3)
    assert all(n < 3 or path.startswith("/proc/") for n, path in open_fds.items()), open_fds
    assert given["cwd"] == "/" and given["group"] is True and len(given["args"]) == 1
    assert idle(alice, 1)["failed"] == 0


@pytest.mark.parametrize("languages", [{}, {"LANGUAGE": "de:it"}])
def test_a_hook_has_the_languages_of_its_owner(world, languages):
    alice = world.node("alice", env={"LANG": "en_US.UTF-8", **languages})
    alice.new()
    out = install(alice, "tip.new", RECORDER)
    alice.tip("Wi-Fi")
    (given,) = wait_until(lambda: lines(out), what="the hook ran")
    assert given["env"]["LANG"] == "en_US.UTF-8"
    assert given["env"].get("LANGUAGE") == languages.get("LANGUAGE")


def test_any_gets_every_event_after_the_hook_of_its_name(world):
    alice = world.node("alice")
    order = world.dir / "order"
    script = f'#!/bin/sh\necho "$TUYAU_EVENT ${{0##*/}}" >> {order}\n'
    install(alice, "any", script)
    install(alice, "tip.new", script)
    alice.restart()
    alice.new()
    alice.tip("Wi-Fi")
    wait_until(lambda: "tip.new any" in order.read_text(), what="both ran")
    said = order.read_text().split("\n")
    assert "circle.changed any" in said
    assert said.index("tip.new tip.new") < said.index("tip.new any")


def awarded_pair(world, config=""):
    alice = world.node("alice")
    bruno = world.node("bruno", start=False)
    out = install(bruno, "tip.awarded", RECORDER)
    thanked = install(bruno, "thanks.received", RECORDER)
    (bruno.home / "tuyaud.conf").write_text(config)
    bruno.start()
    alice.new()
    bruno.join(alice.invite())
    world.meet([alice, bruno])
    tip = alice.tip("Wi-Fi", "-c", "Val d'Oust", "--who", "Jeanne Kervella", "--phone", "0297000000", "--told")
    wait_until(lambda: tip["id"] in [o["id"] for o in bruno.inbox()], what="the tip came")
    bruno.tuyau("claim", tip["short"])
    (given,) = wait_until(lambda: lines(out), what="the award was told")
    return alice, bruno, tip, given["event"], thanked


def test_sealed_fields_are_left_out(world):
    alice, bruno, tip, event, thanked = awarded_pair(world)
    assert event["object"]["state"] == "awarded" and event["object"]["award"]["to"] == "bruno"
    assert "sealed" not in event["object"]
    assert "Kervella" not in json.dumps(event) and "0297000000" not in json.dumps(event)
    assert bruno.json("show", tip["short"])["sealed"]["name"] == "Jeanne Kervella"
    bruno.tuyau("done", tip["short"], "--contacted")
    bruno.tuyau("done", tip["short"], "--won", "--amount", "4200")
    wait_until(lambda: alice.json("show", tip["short"])["state"] == "won", what="won, at the giver")
    alice.tuyau("thank", tip["short"], "Bravo pour la suite")
    (given,) = wait_until(lambda: lines(thanked), what="the thanks were told")
    seen = given["event"]
    assert seen["from"] == "alice" and seen["object"]["id"] == tip["id"]
    assert seen["object"]["state"] == "closed"
    assert not {"outcome", "thanks", "sealed"} & seen["object"].keys()
    assert "step" not in seen["object"]["award"]
    assert "Bravo" not in json.dumps(seen) and "4200" not in json.dumps(seen)


def test_sealed_fields_are_given_if_the_owner_says_so(world):
    *_, event, _ = awarded_pair(world, "hooks.sealed = yes\n")
    assert event["object"]["sealed"]["name"] == "Jeanne Kervella"
    assert event["object"]["sealed"]["phone"] == "0297000000"


def test_of_an_ask_to_some_no_word_is_given(world):
    alice, bruno = world.told_circle("alice", "bruno")
    out = install(bruno, "ask.new", RECORDER)
    ask = alice.json("ask", "news", "What of Verrerie?", "--to", "bruno")
    (given,) = wait_until(lambda: lines(out), what="it was told")
    seen = given["event"]["object"]
    assert seen["id"] == ask["id"] and seen["from"] == "alice" and seen["private"] is True
    assert "Verrerie" not in json.dumps(given["event"])
    told = [json.loads(line) for line in bruno.tuyau("events", "--json").out.splitlines()]
    assert told[-1]["object"]["text"] == "What of Verrerie?", "the owner reads it"


# ---- what is not run ----


def spoil(path, how, world):
    if how == "writable-by-others":
        path.chmod(0o720)
    elif how == "not-executable":
        path.chmod(0o600)
    elif how == "not-a-file":
        path.unlink()
        path.mkdir(mode=0o700)
    elif how == "link":
        outside = world.dir / "outside"
        path.rename(outside)
        path.symlink_to(outside)
    elif how == "directory-not-safe":
        path.parent.chmod(0o770)
    elif how == "not-yours":
        os.chown(path, 65534, 65534)


@pytest.mark.parametrize(
    "how",
    ["writable-by-others", "not-executable", "not-a-file", "link", "directory-not-safe", "not-yours"],
)
def test_what_others_could_change_is_not_run_and_said_once(world, how):
    if how == "not-yours" and os.geteuid() != 0:
        pytest.skip("only root gives a file away")
    alice = alone(world)
    out = install(alice, "tip.new", RECORDER)
    spoil(alice.home / "hooks" / "tip.new", how, world)
    for i in range(3):
        alice.tip(f"tip {i}")
    why = "not-a-file" if how == "link" else how

    def refused():
        return [row["why"] for row in hooks(alice)["refused"] if row["hook"] == "tip.new"] == [why]

    wait_until(refused, what="it is refused")
    idle(alice, 0)
    assert not out.exists() and hooks(alice)["ran"] == 0
    assert alice.log_text().count(f"name=tip.new what=refused why={why}") == 1
    assert alice.log_text().count("A hook is not run") == 1
    assert len([text for text in alice.status()["notice"] if "hook" in text]) == 1
    assert f"why={why}" in alice.log_text()
    if how == "writable-by-others":  # mended: it runs without a restart
        (alice.home / "hooks" / "tip.new").chmod(0o700)
        alice.tip("after")
        assert wait_until(lambda: lines(out), what="it runs")[0]["event"]["object"]["title"] == "after"
        assert hooks(alice)["refused"] == []


def test_a_link_within_the_directory_will_do(world):
    alice = alone(world)
    out = install(alice, "notify", RECORDER)
    (alice.home / "hooks" / "tip.new").symlink_to("notify")
    alice.tip("Wi-Fi")
    assert wait_until(lambda: lines(out), what="it ran")[0]["event"]["event"] == "tip.new"


# ---- hooks that misbehave ----


def test_a_hook_that_sleeps_or_will_not_end_is_ended_and_holds_up_nobody(world):
    alice, bruno = world.told_circle("alice", "bruno")
    pids = world.dir / "pids"
    sleeper = f"#!/bin/sh\nsleep 1000 & echo $$ $! >> {pids}\nexec sleep 1000\n"
    install(alice, "tip.new", sleeper)
    stubborn = (
        "#!/usr/bin/python3\nimport os, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"print(os.getpid(), file=open({str(pids)!r}, 'a'))\ntime.sleep(1000)\n"
    )
    install(alice, "ask.new", stubborn)
    out = install(alice, "profile.changed", RECORDER)
    alice.tip("one")
    alice.json("ask", "news", "What of Verrerie?")
    wait_until(lambda: len(pids.read_text().split()) == 3, what="both run")
    running = [int(pid) for pid in pids.read_text().split()]
    assert hooks(alice)["running"] == 2 and all(alive(pid) for pid in running)
    # another kind goes on, and so does everybody else
    bruno.json("profile", "set", "sells=loyers impayés")
    wait_until(lambda: lines(out), what="another kind is told meanwhile")
    alice.tip("two")
    wait_until(lambda: "two" in bruno.titles(), what="the sync goes on")
    assert hooks(alice)["waiting"] == 1, "one at a time of a kind"
    wait_until(lambda: "event=ask.new what=killed signal=9" in alice.log_text(), 60, "it was killed")
    wait_until(lambda: not any(alive(pid) for pid in running), what="all of it has ended")
    log = alice.log_text()
    assert "event=tip.new what=late" in log and "event=tip.new what=killed signal=15" in log
    assert "event=ask.new what=late" in log
    wait_until(lambda: len(pids.read_text().split()) == 5, what="the next one of the kind runs")
    left = [int(pid) for pid in pids.read_text().split()[3:]]
    alice.stop()  # with a hook at work
    wait_until(lambda: not any(alive(pid) for pid in left), what="hooks end with the daemon")


def test_a_hook_that_says_a_megabyte_is_heard_in_part(world):
    alice = alone(world)
    install(
        alice,
        "tip.new",
        "#!/usr/bin/python3\nimport sys\nsys.stdout.write('bell\\x07 \\u202e\\x9b '.encode().decode())\n"
        "print()\nfor i in range(20000):\n    print('x' * 50)\nprint('y' * 5000, file=sys.stderr)\n",
    )
    alice.tip("Wi-Fi")
    assert idle(alice, 1)["failed"] == 0
    log = alice.log_text()
    said = [line for line in log.splitlines() if "event=tip.new output=" in line]
    assert len(said) == LINES_SHOWN and all(len(line) < 400 for line in said)
    assert said[0].endswith('output="bell\ufffd \ufffd\ufffd "')
    assert "\x07" not in log and "\u202e" not in log and "\x9b" not in log
    cut = int(log.split("what=output_cut bytes=")[1].split()[0])
    assert cut > 20000 * 50 - LINES_SHOWN * 50


def test_a_hook_that_fails_is_said_and_the_next_one_runs(world):
    alice = alone(world)
    out = world.dir / "count"
    install(alice, "tip.new", f"#!/bin/sh\nexec <&-\necho x >> {out}\necho broken >&2\nexit 1\n")
    install(alice, "ask.new", "#!/does/not/exist\n")
    alice.tip("one", "--need", "x" * 1900)
    alice.tip("two")
    alice.json("ask", "news", "What of Verrerie?")
    wait_until(lambda: hooks(alice)["failed"] == 3, what="all failed")
    assert out.read_text() == "x\nx\n"
    assert alice.log_text().count("event=tip.new what=failed exit=1") == 2
    assert 'event=tip.new output="broken"' in alice.log_text()
    assert "event=ask.new what=not_begun why=ENOENT" in alice.log_text()


def test_hooks_of_a_kind_run_in_order_and_what_is_too_much_is_counted(world):
    alice = alone(world)
    gate = world.dir / "gate"
    out = install(
        alice,
        "tip.new",
        f"#!/bin/sh\nwhile ! [ -e {gate} ]; do sleep 0.05; done\n"
        "sed 's/.*\"title\":\"\\([^\"]*\\)\".*/\\1/' >> OUT\n",
    )
    count = WAITING_MAX + 10
    alice.tip("first")
    wait_until(lambda: hooks(alice)["running"] == 1, what="the first one runs")
    for i in range(count):
        alice.rpc("tip", {"fields": {"title": f"tip {i}"}})
    wait_until(lambda: hooks(alice)["waiting"] + hooks(alice)["dropped"] == count, what="all were told")
    dropped = hooks(alice)["dropped"]
    assert dropped == 10
    assert "event=tip.new what=dropped" in alice.log_text()
    assert [text for text in alice.status()["notice"] if "faster than a hook" in text]
    gate.touch()
    idle(alice, 1 + count - dropped, 120)
    told = out.read_text().split("\n")[:-1]
    assert told == ["first"] + [f"tip {i}" for i in range(count - dropped)]


def test_what_happened_before_the_start_is_not_told_again(world):
    alice = alone(world)
    out = install(alice, "tip.new", RECORDER)
    alice.tip("before")
    wait_until(lambda: lines(out), what="it was told")
    alice.restart()
    alice.tip("after")
    wait_until(lambda: len(lines(out)) == 2, what="the next was told")
    assert [line["event"]["object"]["title"] for line in lines(out)] == ["before", "after"]


@pytest.mark.skipif(ASAN, reason="measures the program as it is installed")
def test_to_begin_a_hook_takes_no_long_turn_of_the_loop(world):
    alice = alone(world)
    install(alice, "tip.new", "#!/bin/sh\nexec cat > /dev/null\n")
    for i in range(50):
        alice.rpc("tip", {"fields": {"title": f"tip {i}"}})
    idle(alice, 50)
    loop = alice.status()["loop"]
    print("loop:", loop)
    assert loop["slow_own"] == 0, loop


# ---- quiet hours and the digest ----


def at_local(clock, zone_hours):
    """The --clock-offset with which it is that time of (local) tomorrow now."""
    day = 86400
    local = int(time.time()) + zone_hours * 3600
    hours, minutes, seconds = (int(part) for part in clock.split(":"))
    return (local // day + 1) * day + hours * 3600 + minutes * 60 + seconds - local


def test_quiet_hours_hold_hooks_and_end_with_a_digest(world):
    alice, bruno = world.told_circle("alice", "bruno")
    bruno.tuyau("watch", "add", "wifi")
    bruno.stop()
    outs = {n: install(bruno, n, RECORDER) for n in ("tip.matched", "digest", "peer.up", "any")}
    (bruno.home / "tuyaud.conf").write_text("quiet = 20:00-08:00\n")
    offset = str(at_local("07:59:20", 5))
    alice.restart("--clock-offset", offset)
    bruno.start("--clock-offset", offset, env={"TZ": "XXX-5"})
    world.meet([alice, bruno])
    assert hooks(bruno)["quiet"] is True
    wifi = alice.tip("Wi-Fi à refaire")
    roof = alice.tip("Toiture")

    def told():
        events = [json.loads(line) for line in bruno.tuyau("events", "--json").out.splitlines()]
        return [e["event"] for e in events if "object" in e] == ["tip.new", "tip.matched", "tip.new"]

    wait_until(told, what="both are told to who follows the events")
    row = hooks(bruno)
    assert row["quiet"] is True and row["ran"] == row["waiting"] == 0
    (given,) = wait_until(lambda: lines(outs["digest"]), 90, "the digest")
    event = given["event"]
    assert event["event"] == "digest" and event["count"] == 2 and event["more"] == 0
    assert event["events"] == {"tip.new": 1, "tip.matched": 1}
    assert [o["id"] for o in event["objects"]] == [wifi["id"], roof["id"]]
    assert event["at"].split("T")[1] >= "03:00:00Z" and event["since"] < event["at"]
    assert given["env"]["TUYAU_ID"] == ""
    wait_until(lambda: lines(outs["any"]), what="any has it too")
    # by day: what is matched at once, the other with the next digest
    assert hooks(bruno)["quiet"] is False
    alice.tip("Un autre toit")
    again = alice.tip("Wi-Fi encore")
    (given,) = wait_until(lambda: lines(outs["tip.matched"]), what="told at once")
    assert given["event"]["object"]["id"] == again["id"]
    wait_until(lambda: len(lines(outs["any"])) == 4, what="any has all of them")
    assert len(lines(outs["digest"])) == 1 and not lines(outs["peer.up"])


def test_without_quiet_hours_the_digest_comes_in_the_morning(world):
    alice, bruno = world.told_circle("alice", "bruno")
    bruno.stop()
    out = install(bruno, "digest", RECORDER)
    offset = str(at_local("07:59:40", 0))
    alice.restart("--clock-offset", offset)
    bruno.start("--clock-offset", offset)
    world.meet([alice, bruno])
    alice.tip("Toiture")
    bruno.tip("mine is no news")
    (given,) = wait_until(lambda: lines(out), 90, "the digest")
    assert given["event"]["events"] == {"tip.new": 1}


@pytest.mark.parametrize("value", ["20:00", "8-9", "20:00-20:00"])
def test_quiet_hours_that_are_none_are_refused_at_the_start(world, value):
    node = world.node("alice", start=False)
    node.home.mkdir(mode=0o700)
    (node.home / "tuyaud.conf").write_text(f"quiet = {value}\n")
    error = node.fails(2, "T-CONFIG", "status", start=True)
    assert "quiet hours" in error["message"]
