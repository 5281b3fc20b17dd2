"""What is derived from the logs can be thrown away at any moment: it is made again, the same."""

import struct
import subprocess

from world import TUYAUD, run

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
    for one in inbox:
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


def test_damage_to_what_is_derived_loses_nothing(world):
    alice, bruno = filled(world)
    before = seen(alice)
    alice.stop()
    # The row `objects` of the table meta: 24 bytes (8 and their checksum) under a key of 7.
    data = bytearray(alice.data.read_bytes())
    node = struct.pack("<HHHH", 24, 0, 0, 7) + b"objects"
    at = data.find(node)
    assert at >= 0
    while at >= 0:
        data[at + len(node) + 23] ^= 1
        at = data.find(node, at + 1)
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
