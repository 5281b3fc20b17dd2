"""What is derived from the logs can be thrown away at any moment: it is made again, the same."""

import os
import pty
import shutil
import struct
import subprocess

from world import TUYAU, TUYAUD, run

WORDS = ("chaudière", "pompe", "éolienne", "redon", "cabl")


def seen(node):
    """What somebody sees: by id, and the order of what one giver gave (that of others given within
    the same second may change, man tuyaud)."""
    inbox = node.inbox()
    found = {word: node.json("search", word) for word in WORDS}
    shown = {}
    for one in inbox:
        shown[one["id"]] = node.json("show", one["id"])
        del shown[one["id"]]["delivery"]  # who has it: not of the store
    for listed in (inbox, *found.values()):
        for one in listed:
            one.pop("delivery", None)
    people = sorted({one["from"] for one in inbox})
    orders = [
        [one["id"] for one in listed if one["from"] == person]
        for listed in (inbox, *found.values())
        for person in people
    ]
    for listed in (inbox, *found.values()):
        listed.sort(key=lambda one: one["id"])
    return inbox, found, shown, orders, node.json("profile")


def filled(world):
    alice, bruno = world.circle("alice", "bruno")
    for number in range(12):
        giver = (alice, bruno)[number % 2]
        giver.tip(f"Chaudière {number} à changer", "--place", "Redon", "--tag", "pompe")
        giver.tip(f"Câblage {number}", "--need", "Une éolienne.")
    world.agree([alice, bruno])
    return alice, bruno


def test_a_rebuild_changes_nothing(world):
    alice, bruno = filled(world)
    before = seen(alice)
    assert len(before[0]) == 24 and len(before[1]["cabl"]) == 12
    alice.stop()
    alice.start("--rebuild")
    assert "what=rebuilt" in alice.log_text()
    assert seen(alice) == before
    world.meet([alice, bruno])
    alice.tip("Éolienne neuve")
    bruno.tip("Éolienne d'occasion")
    world.agree([alice, bruno])
    assert len(alice.json("search", "éolienne")) == 14
    said = run([TUYAUD, "--home", alice.home, "--rebuild"], alice.home_env, exit=7)
    assert "T-ALREADY-RUNNING" in said.err and "tuyau stop" in said.err


def test_a_rebuild_may_be_killed(world, dice):
    alice, bruno = filled(world)
    before = seen(alice)
    alice.stop()
    for _ in range(6):
        alice.start("--rebuild", wait=False)
        try:
            alice.process.wait(dice.uniform(0, 0.25))
        except subprocess.TimeoutExpired:
            pass
        alice.kill()
    alice.start()
    assert seen(alice) == before
    world.meet([alice, bruno])


def nodes(data):
    """Where the rows of an LMDB file begin: what its leaf pages point to, not what lies about in them."""
    for page in range(0, len(data), 4096):
        flags, lower = struct.unpack_from("<HH", data, page + 10)
        if flags & 2 and 16 <= lower <= 4096:
            yield from (page + at for (at,) in struct.iter_unpack("<H", data[page + 16 : page + lower]))


def test_damage_to_what_is_derived_loses_nothing(world):
    alice, bruno = filled(world)
    before = seen(alice)
    alice.stop()
    data = bytearray(alice.data.read_bytes())
    # The row `objects` of the table meta: 24 bytes (8 and their checksum) under a key of 7.
    node = struct.pack("<HHHH", 24, 0, 0, 7) + b"objects"
    places = [at for at in nodes(data) if data.startswith(node, at)]
    assert places
    for at in places:
        data[at + len(node) + 23] ^= 1
    alice.data.write_bytes(data)
    alice.start()
    given = alice.tip("Pompe donnée malgré tout")
    bruno.tip("Pompe reçue malgré tout")
    world.agree([alice, bruno])
    assert alice.circle()["indexed"] is False and bruno.circle()["indexed"] is True
    assert "what=view_damaged" in alice.log_text()
    assert given["id"] in [one["id"] for one in bruno.inbox()]
    alice.restart()
    assert alice.circle()["indexed"] is True
    now = seen(alice)
    assert {one["title"] for one in now[0]} == {one["title"] for one in before[0]} | {
        "Pompe donnée malgré tout",
        "Pompe reçue malgré tout",
    }
    assert given["id"] in now[2]


def a_tuyaud_that(world, script):
    """The directory of a tuyau that starts this shell script as its tuyaud."""
    programs = world.dir / "programs"
    programs.mkdir()
    shutil.copy2(TUYAU, programs)
    (programs / "tuyaud").write_text("#!/bin/sh\n" + script)
    (programs / "tuyaud").chmod(0o755)
    return programs / "tuyau"


def test_why_a_start_failed_is_found_behind_much_that_was_said(world):
    alice = world.node("alice", start=False)
    tuyau = a_tuyaud_that(
        world,
        "i=0; while [ $i -lt 200 ]; do i=$((i + 1))\n"
        'echo "Making lists and search again: $i of 200 entries." >&2; done\n'
        'echo "T-STORE-IO The disk is broken." >&2; echo "Look at it." >&2; exit 1\n',
    )
    ran = run([tuyau, "--home", alice.home, "status"], alice.home_env, exit=1)
    assert ran.err == "T-STORE-IO The disk is broken.\n  Look at it.\n"


def test_a_person_sees_how_far_a_start_is(world):
    alice = world.node("alice", start=False)
    tuyau = a_tuyaud_that(
        world,
        'echo "Making lists and search again: 1 of 2 entries." >&2\n'
        'echo "T-STORE-IO The disk is broken." >&2; exit 1\n',
    )
    terminal, end = pty.openpty()
    process = subprocess.Popen(
        [tuyau, "--home", alice.home, "status"],
        env=dict(alice.home_env, NO_COLOR="1"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=end,
    )
    os.close(end)
    assert process.wait(60) == 1
    said = os.read(terminal, 65536).decode()
    os.close(terminal)
    lines = [line.strip() for line in said.splitlines()]
    assert lines[:2] == [
        "Making lists and search again: 1 of 2 entries.",
        "T-STORE-IO The disk is broken.",
    ]
