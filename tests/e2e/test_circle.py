"""A circle comes to be: new, invite, join, and what an invite refuses."""

import calendar
import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from wire import Invite
from world import PEOPLE, RpcError, wait_until

HEX64 = re.compile(r"[0-9a-f]{64}")
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
DAYS_10 = 864000


def test_before_there_is_an_identity(world):
    alice = world.node("alice")
    status = alice.status()
    assert status["schema"] == 1
    assert status["member"] is None and status["circles"] == [] and status["peers"] == []
    assert status["listen"] == f"127.0.0.1:{alice.port}"
    assert status["clock_offset"] == 0
    assert status["version"]
    assert set(status["store"]) >= {"bytes", "entries"}
    for words in ((), ("inbox",), ("inbox", "--all")):
        hint = alice.fails(3, "T-NO-CIRCLE", *words)["hint"]
        assert "tuyau join CODE" in hint and "tuyau new NAME" in hint
    said = alice.tuyau(exit=3)
    assert said.out == "" and hint in said.err and said.err.count("\n") == 2
    assert alice.json("circle", "list") == []
    alice.fails(3, "T-NO-CIRCLE", "tip", "Trop tôt")
    alice.fails(3, "T-NO-CIRCLE", "invite")


def test_new_shows_the_recovery_key_once(world):
    alice = world.node("alice")
    made = alice.new("Vendredi 18h")
    assert made["schema"] == 1 and made["name"] == "Vendredi 18h" and made["charter"] is None
    assert HEX64.fullmatch(made["id"]) and made["state"] and made["epoch"]
    assert made["recovery_key"].startswith("TUYAUKEY:")
    (row,) = made["members"]
    assert HEX64.fullmatch(row["member"])
    assert row["name"] == PEOPLE["alice"][0] and row["company"] == PEOPLE["alice"][1]
    assert row["role"] == "keeper" and row["online"] is True
    assert len(row["devices"]) == 1 and set(row["devices"][0]) >= {"device", "label"}

    key = made["recovery_key"]
    shown = alice.json("circle", "show")
    assert "recovery_key" not in shown and shown["id"] == made["id"]
    assert "recovery_key" not in alice.new("Lundi")
    for path in alice.home.rglob("*"):
        if path.is_file():
            assert key.encode() not in path.read_bytes(), path
    assert key not in alice.log_text()


def test_two_circles_are_told_apart(world):
    alice = world.node("alice")
    friday = alice.new("Vendredi 18h")
    alice.fails(7, "T-CIRCLE-EXISTS", "new", "vendredi 18H")
    monday = alice.new("Été à Rennes")
    rows = alice.json("circle", "list")
    assert {r["name"] for r in rows} == {"Vendredi 18h", "Été à Rennes"}
    assert all(r["members"] == r["online"] == 1 for r in rows)

    error = alice.fails(2, "T-CIRCLE-WHICH", "tip", "Dans lequel ?")
    assert "-C" in error["message"] + error["hint"]
    by_name = alice.tip("Un", "-C", "Vendredi 18h")
    by_slug = alice.tip("Deux", "-C", "vendredi-18h")
    by_id = alice.tip("Trois", "-C", monday["id"][:8])
    folded = alice.tip("Quatre", "-C", "ete a rennes")
    assert by_name["circle"] == by_slug["circle"] == "vendredi-18h"
    assert by_id["circle"] == folded["circle"] == "ete-a-rennes"
    alice.fails(3, "T-CIRCLE-UNKNOWN", "tip", "Cinq", "-C", "samedi")
    assert {o["title"] for o in alice.inbox("-C", "vendredi-18h")} == {"Un", "Deux"}
    assert {o["title"] for o in alice.inbox()} == {"Un", "Deux", "Trois", "Quatre"}
    assert friday["id"] != monday["id"]


@pytest.mark.parametrize("count", [3, 6])
def test_members_join_by_invite(world, count):
    nodes = world.circle(*list(PEOPLE)[:count])
    digests = set()
    for node in nodes:
        shown = node.json("circle", "show")
        assert [m["name"] for m in shown["members"]].count(node.full_name) == 1
        assert {m["name"] for m in shown["members"]} == {n.full_name for n in nodes}
        assert {m["company"] for m in shown["members"]} == {PEOPLE[n.name][1] for n in nodes}
        assert all(m["online"] for m in shown["members"])
        roles = [m["role"] for m in shown["members"]]
        assert roles.count("keeper") == 1 and roles.count("member") == count - 1
        status = node.status()
        (row,) = status["circles"]
        assert row["missing_payloads"] == 0 and row["indexed"] and row["entries"] > 0
        digests.add(row["digest"])
        assert len(status["peers"]) == count - 1
        for peer in status["peers"]:
            assert set(peer) >= {"member", "name", "device", "address", "state", "since", "rtt_ms"}
            assert peer["state"] == "connected" and RFC3339.fullmatch(peer["since"])
        wait_until(
            lambda: all(p["in_sync"] for p in node.rpc("status")["peers"]),
            what=f"{node.name} is in sync with all",
        )
    assert len(digests) == 1
    members = nodes[0].json("circle", "members")
    assert len(members) == count
    lines = nodes[1].tuyau("circle", "members").out.splitlines()
    assert len(lines) == count and all("\t" in line for line in lines)


def test_join_tells_who_invited_and_shows_the_key_once(world):
    alice = world.node("alice")
    bruno = world.node("bruno")
    alice.new()
    alice.tip("Un tuyau d'avant")
    joined = bruno.join(alice.invite())
    assert joined["schema"] == 1 and joined["name"] == "Vendredi 18h"
    assert joined["recovery_key"].startswith("TUYAUKEY:")
    assert joined["inviter"] == PEOPLE["alice"][0]
    # once the first sync is complete: what was there before is here already
    assert {m["name"] for m in joined["members"]} == {PEOPLE["alice"][0], PEOPLE["bruno"][0]}
    assert "Un tuyau d'avant" in bruno.titles()
    assert "recovery_key" not in bruno.json("circle", "show")


def test_join_no_wait_and_from_standard_input(world):
    alice = world.node("alice")
    bruno = world.node("bruno")
    chloe = world.node("chloe")
    alice.new()
    bruno.json("join", "-", "--no-wait", *bruno.person(), input=alice.invite() + "\n")
    code = alice.invite()
    typed = " ".join(code.lower()[i : i + 21] for i in range(0, len(code), 21))
    chloe.json("join", typed.replace("tuyau:", "TUYAU:"), *chloe.person())
    world.meet([alice, bruno, chloe])


def test_invite_says_what_it_is(world):
    alice = world.node("alice")
    alice.new()
    made = alice.json("invite", "bruno")
    assert made["schema"] == 1 and made["id"] and RFC3339.fullmatch(made["expires"])
    assert re.fullmatch(r"TUYAU:[A-Z2-7]{141}", made["invite"])
    invite = Invite(made["invite"])
    assert (invite.version, invite.flags, invite.port) == (1, 0, alice.port)
    assert invite.address == bytes(10) + b"\xff\xff\x7f\0\0\x01"
    assert alice.json("circle", "show")["id"].startswith(invite.circle.hex())
    plain = alice.tuyau("invite")
    assert re.fullmatch(r"TUYAU:[A-Z2-7]{141}\n", plain.out)
    assert made["invite"] not in plain.out
    qr = alice.tuyau("invite", "--qr").out.splitlines()
    assert len(qr) >= 20 and "TUYAU:" in qr[-1]
    out = world.dir / "invite.txt"
    alice.tuyau("invite", "--out", out)
    assert out.read_text().startswith("TUYAU:") and out.stat().st_mode & 0o777 == 0o600
    alice.fails(2, "T-USAGE", "invite", "--days", "31")
    alice.fails(2, "T-USAGE", "invite", "--days", "0")


def test_a_used_invite_is_refused(world):
    alice, bruno = world.circle("alice", "bruno")
    chloe = world.node("chloe")
    code = alice.invite()
    emma = world.node("emma")
    emma.join(code)
    error = chloe.fails(6, "T-INVITE-USED", "join", code, *chloe.person())
    assert "used" in error["message"] and error["retryable"] is False
    assert chloe.status()["circles"] == []
    assert alice.circle()["members"] == 3
    chloe.join(bruno.invite())  # a fresh one works, of any member
    world.meet([alice, bruno, chloe, emma])


def test_a_used_invite_is_refused_after_a_restart_too(world):
    alice, bruno = world.circle("alice", "bruno")
    code = bruno.invite()
    chloe = world.node("chloe")
    chloe.join(code)
    bruno.restart()
    david = world.node("david")
    david.fails(6, "T-INVITE-USED", "join", code, *david.person())


def test_an_expired_invite_says_when(world):
    alice = world.node("alice")
    alice.new()
    made = alice.json("invite")
    # the newcomer's own clock says so: nobody is asked
    late = world.node("bruno", "--clock-offset", str(DAYS_10))
    error = late.fails(6, "T-INVITE-EXPIRED", "join", made["invite"], *late.person())
    assert made["expires"][:10] in error["message"], error
    # the newcomer's clock is behind: the inviter says so
    alice.restart("--clock-offset", str(DAYS_10))
    behind = world.node("chloe")
    error = behind.fails(6, "T-INVITE-EXPIRED", "join", made["invite"], *behind.person())
    assert made["expires"][:10] in error["message"], error
    assert behind.status()["circles"] == []
    human = behind.tuyau("join", made["invite"], *behind.person(), exit=6)
    assert "\nT-INVITE-EXPIRED " in human.err and human.out == ""


def test_an_invite_of_one_second(world):
    alice = world.node("alice")
    bruno = world.node("bruno")
    alice.new()
    made = alice.json("invite", "--seconds", "1")
    end = calendar.timegm(time.strptime(made["expires"], "%Y-%m-%dT%H:%M:%SZ"))
    wait_until(lambda: time.time() > end, 10, "its date passes")
    error = bruno.fails(6, "T-INVITE-EXPIRED", "join", made["invite"], *bruno.person())
    assert made["expires"][:10] in error["message"]


def test_joining_again_is_a_conflict(world):
    alice, bruno = world.circle("alice", "bruno")
    code = alice.invite()
    error = bruno.fails(7, "T-ALREADY-MEMBER", "join", code, *bruno.person())
    assert "Vendredi 18h" in error["message"] or "already" in error["message"]
    alice.fails(7, "T-ALREADY-MEMBER", "join", code, *alice.person())
    assert alice.circle()["members"] == 2
    chloe = world.node("chloe")
    chloe.join(code)  # nobody has used it up
    world.meet([alice, bruno, chloe])


def test_what_is_no_invite(world):
    alice = world.node("alice")
    alice.new()
    code = alice.invite()
    bruno = world.node("bruno")
    later = Invite(code)
    later.version = 2
    flagged = Invite(code)
    flagged.flags = 1
    wrong = [
        code[:-1],
        code[:40],
        "TUYAU:",
        code + "A",
        code[6:],
        code[:50] + "1" + code[51:],
        code[:50] + "é" + code[51:],
        code[:50] + "!" + code[51:],
        code[:50] + code[51:],
        later.code(),
        flagged.code(),
        "bonjour",
        "TUYAUKEY:" + code[6:],
    ]
    for text in wrong:
        error = bruno.fails(2, "T-INVITE-BAD", "join", text, *bruno.person())
        assert error["message"]
    bruno.fails(2, "T-USAGE", "join", *bruno.person())
    assert bruno.status()["circles"] == []
    bruno.join(code)


def test_an_inviter_that_is_away(world):
    alice = world.node("alice")
    alice.new()
    code = alice.invite()
    alice.stop()
    bruno = world.node("bruno")
    error = bruno.fails(1, "T-UNREACHED", "join", code, "--timeout", "1", *bruno.person())
    assert error["retryable"] is True and error["hint"]
    assert f"127.0.0.1:{alice.port}" in error["message"]
    assert bruno.status()["circles"] == []
    alice.start()
    bruno.join(code)
    world.meet([alice, bruno])


def test_a_code_with_another_key_or_secret(world):
    alice = world.node("alice")
    alice.new()
    bruno = world.node("bruno")
    secret = Invite(alice.invite())
    secret.secret = bytes(16)
    bruno.fails(6, "T-INVITE-UNKNOWN", "join", secret.code(), *bruno.person())
    key = Invite(alice.invite())
    key.link_pk = bytes([key.link_pk[0] ^ 1]) + key.link_pk[1:]
    bruno.fails(1, "T-UNREACHED", "join", key.code(), "--timeout", "1", *bruno.person())
    assert alice.circle()["members"] == 1
    bruno.join(alice.invite())


def test_two_joins_at_once_use_an_invite_once(world):
    """Two people with the same code: one is in, the other is told that it was used."""
    alice = world.node("alice")
    alice.new()
    code = alice.invite()
    pair = [world.node("bruno"), world.node("chloe")]
    with ThreadPoolExecutor(2) as pool:
        ran = list(
            pool.map(lambda n: n.tuyau("join", code, "--json", *n.person(), exit=None), pair)
        )
    assert sorted(r.rc for r in ran) == [0, 6], ran
    loser = ran[0] if ran[0].rc else ran[1]
    assert loser.error["code"] == "T-INVITE-USED"
    winner = pair[0] if ran[0].rc == 0 else pair[1]
    world.meet([alice, winner])


def test_profiles_travel(world):
    alice, bruno = world.circle("alice", "bruno")
    shown = bruno.json("profile", "show", "alice")
    assert shown["name"] == PEOPLE["alice"][0] and shown["sells"] == PEOPLE["alice"][2]
    changed = alice.json("profile", "set", "sells=fibre et Wi-Fi", "looks-for=PME bretonnes")
    assert changed["sells"] == "fibre et Wi-Fi" and changed["company"] == PEOPLE["alice"][1]

    def seen():
        profile = bruno.json("profile", "show", "alice")
        return profile["sells"] == "fibre et Wi-Fi" and profile["looks_for"] == "PME bretonnes"

    wait_until(seen, what="the profile arrives")
    assert bruno.json("profile")["name"] == PEOPLE["bruno"][0]
    bruno.fails(3, "T-NOT-FOUND", "profile", "show", "zoe")
    bruno.fails(2, "T-USAGE", "profile", "set", "sels=faute")
    world.agree([alice, bruno])


def test_a_wrong_param_is_not_passed_over(world):
    alice = world.node("alice")
    with pytest.raises(RpcError) as caught:
        alice.rpc("status", {"circel": "x"})
    assert caught.value.code == "T-USAGE" and "circel" in caught.value.error["message"]
    with pytest.raises(RpcError) as caught:
        alice.rpc("who", {"id": "7KQ2"})
    assert caught.value.code == "T-METHOD"
