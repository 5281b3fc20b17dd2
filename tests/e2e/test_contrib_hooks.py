"""The hooks and recipes of contrib/hooks, with stand-ins for notify-send and sendmail."""

import configparser
import json
import os
import re
import shutil
import subprocess

import pytest

from world import BIN, ROOT, run, wait_until

HOOKS = ROOT / "contrib" / "hooks"

pytestmark = pytest.mark.skipif(not shutil.which("jq"), reason="jq is not installed")

STAND_IN = """#!/usr/bin/python3
import json, os, sys
text = sys.stdin.read() if NAME == "sendmail" else ""
with open(OUT, "a") as out:
    out.write(json.dumps([sys.argv[1:], text]) + "\\n")
"""


def stand_in(world, name):
    """A program of this name in a directory for PATH, which notes how it is called."""
    where = world.dir / "bin"
    where.mkdir(exist_ok=True)
    out = world.dir / f"{name}.called"
    program = where / name
    program.write_text(STAND_IN.replace("NAME", repr(name)).replace("OUT", repr(str(out))))
    program.chmod(0o755)
    return out


def calls(out):
    return [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []


def path(world):
    return f"{world.dir / 'bin'}:{BIN}:/usr/bin:/bin"


def install(node, name, *events):
    where = node.home / "hooks"
    where.mkdir(mode=0o700, exist_ok=True)
    shutil.copy(HOOKS / name, where / name)
    (where / name).chmod(0o700)
    for event in events:
        (where / event).symlink_to(name)


@pytest.mark.parametrize(
    "lang, title",
    [("fr_FR.UTF-8", "Un tuyau de bruno"), ("C", "A tip from bruno"), ("de", "A tip from bruno")],
)
def test_notify_speaks_the_language_of_the_owner(world, lang, title):
    shown = stand_in(world, "notify-send")
    event = {"event": "tip.new", "object": {"title": "Wi-Fi", "from": "bruno"}}
    env = {"PATH": path(world), "LANG": lang, "TUYAU_EVENT": "tip.new"}
    run([HOOKS / "notify"], env, input=json.dumps(event))
    assert calls(shown)[0][0][-2:] == [title, "Wi-Fi"]


def test_notify_shows_what_is_for_the_owner(world):
    alice, bruno = world.told_circle("alice", "bruno")
    shown = stand_in(world, "notify-send")
    bruno.tuyau("watch", "add", "wifi")
    bruno.stop()
    # as its head says
    head = (HOOKS / "notify").read_text()
    events = re.search(r"for event in (.*?); do", head, re.S).group(1)
    install(bruno, "notify", *events.replace("\\\n#", " ").split())
    bruno.start(env={"PATH": path(world)})
    world.meet([alice, bruno])
    alice.tip("Toiture")
    alice.tip("Wi-Fi <b>& câbles</b>", "-c", "Val d'Oust")
    alice.json("ask", "news", "Who runs the wifi of Verrerie?")
    wait_until(lambda: len(calls(shown)) == 2, what="two notifications")
    said = sorted(args for args, _ in calls(shown))
    assert said == [
        ["--app-name=Tuyau", "--", "A tip from alice", "Wi-Fi &lt;b&gt;&amp; câbles&lt;/b&gt; · Val d'Oust"],
        ["--app-name=Tuyau", "--", "alice asks", "Who runs the wifi of Verrerie?"],
    ]
    assert bruno.rpc("status")["hooks"]["failed"] == 0
    assert "T-" not in bruno.log_text()


def test_notify_knows_the_digest(world):
    shown = stand_in(world, "notify-send")
    digest = {
        "event": "digest",
        "count": 3,
        "objects": [{"title": "Toiture"}, {"text": "Who buys?"}],
    }
    env = {"PATH": path(world), "TUYAU_EVENT": "digest"}
    run([HOOKS / "notify"], env, input=json.dumps(digest))
    assert calls(shown)[0][0][2:] == ["Tuyau: 3 new", "Toiture; Who buys?"]


def test_the_digest_is_mailed_if_there_is_something(world):
    alice, bruno = world.told_circle("alice", "bruno")
    sent = stand_in(world, "sendmail")
    env = dict(bruno.home_env, PATH=path(world), TUYAU_HOME=str(bruno.home))
    run([HOOKS / "mail-digest", "me@example.org"], env)
    assert calls(sent) == [], "nothing came"
    alice.tip("Toiture à refaire")
    wait_until(lambda: "Toiture à refaire" in bruno.titles(), what="it came")
    run([HOOKS / "mail-digest", "me@example.org", "2d"], env)
    ((args, mail),) = calls(sent)
    assert args == ["-t"]
    head, body = mail.split("\n\n", 1)
    assert head.splitlines()[0] == "To: me@example.org"
    assert head.splitlines()[1].startswith("Subject: Tuyau: ")
    assert "Content-Type: text/plain; charset=utf-8" in head
    assert "Toiture à refaire" in body


def test_the_timer_is_one(world):
    for name in ("tuyau-digest.service", "tuyau-digest.timer", "tuyaud.service"):
        unit = configparser.ConfigParser(strict=False, interpolation=None)
        unit.optionxform = str
        unit.read(ROOT / "contrib" / "systemd" / name)
        assert unit["Unit"]["Description"].startswith("Tuyau: ")
    if shutil.which("systemd-analyze"):
        calendar = "Mon..Fri 08:00"
        assert calendar in (ROOT / "contrib/systemd/tuyau-digest.timer").read_text()
        run(["systemd-analyze", "calendar", calendar], {"PATH": os.environ["PATH"]})


def test_the_status_line_counts_what_is_for_you(world):
    alice, bruno = world.told_circle("alice", "bruno")
    env = dict(bruno.home_env, PATH=path(world), TUYAU_HOME=str(bruno.home))
    assert run([HOOKS / "tmux-status"], env).out == ""
    bruno.tuyau("watch", "add", "wifi")
    for title in ("Wi-Fi", "Toiture", "Wi-Fi encore"):
        alice.tip(title)
    wait_until(lambda: len(bruno.titles()) == 3, what="all came")
    assert run([HOOKS / "tmux-status"], env).out == "tuyau: 2\n"
    bruno.stop()
    assert run([HOOKS / "tmux-status"], env).out == ""


def recipe(word):
    """The line of the README that has this word."""
    (line,) = [
        line.strip()
        for line in (HOOKS / "README.md").read_text().splitlines()
        if line.startswith("    ") and word in line
    ]
    return line


def test_the_recipes_work(world):
    alice, bruno = world.told_circle("alice", "bruno")
    env = dict(bruno.home_env, PATH=path(world), TUYAU_HOME=str(bruno.home))
    tip = alice.tip("Toiture", "-c", "Val d'Oust")
    ask = alice.json("ask", "news", "Who buys?")
    wait_until(lambda: len(bruno.titles()) == 2, what="both came")
    wait_until(lambda: bruno.tuyau("events", "--json").out.count("ask.new") == 1, what="told")
    bruno.tuyau("claim", tip["short"])
    wait_until(lambda: bruno.json("show", tip["short"])["award"], what="the award")

    def said(word, line=None):
        return run(["sh", "-c", line or recipe(word)], env).out

    assert "1\ttip.new\n" in said("group_by(.event)")
    rows = [line.split("\t") for line in said("@tsv").splitlines()]
    assert sorted(row[3] for row in rows) == ["Toiture", "Who buys?"]
    assert {row[0] for row in rows} == {tip["short"], ask["short"]}
    assert said("group_by(.from)") == "alice\t1\n"
    assert said("first_contact_due").split()[1:] == [tip["short"], "Toiture"]
    followed = recipe("--follow").replace("--follow", "--since 0")
    assert said("", followed) == "alice: Toiture\n"
    # the hook of the last one
    text = (HOOKS / "README.md").read_text().split("`hooks/tip.new`:\n\n")[1]
    script = re.sub("^    ", "", text, flags=re.M)
    hook = world.dir / "tip.new"
    hook.write_text(script)
    hook.chmod(0o700)
    home = world.dir / "me"
    home.mkdir()
    event = {"event": "tip.new", "object": {"title": "Toiture"}}
    run([hook], {"PATH": env["PATH"], "HOME": str(home)}, input=json.dumps(event))
    assert (home / "tips.jsonl").read_text() == '{"title":"Toiture"}\n'


def test_the_scripts_are_shell_without_extras(world):
    for name in ("notify", "mail-digest", "tmux-status"):
        text = (HOOKS / name).read_text()
        assert text.startswith("#!/bin/sh\n") and "set -eu" in text
        assert os.access(HOOKS / name, os.X_OK)
        subprocess.run(["sh", "-n", HOOKS / name], check=True)
        if shutil.which("shellcheck"):
            subprocess.run(["shellcheck", HOOKS / name], check=True)
