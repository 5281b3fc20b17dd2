"""The life of a tip and of an ask: claimed, awarded, its card for one only, its outcome for two."""

import os
import re

import pytest

from life import holds, kinds, show, shown
from world import wait_until

NAME = "Noé Kervella"
PHONE = "06 39 98 55 10"
EMAIL = "noe.kervella@example.fr"

ALONE = ("unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")


def give(node, *options):
    return node.json(
        "tip", "Wi-Fi à refaire, 3 entrepôts", "-c", "Laiterie du Val d'Oust",
        "--role", "resp. logistique", "--who", NAME, "--phone", PHONE, "--email", EMAIL, "--told",
        "--warm", "3", "--tag", "wifi", *options,
    )  # fmt: skip


def test_a_tip_goes_from_claim_to_outcome_and_its_card_to_one_only(world):
    nodes = alice, bruno, chloe, david = world.circle("alice", "bruno", "chloe", "david")
    tip = give(david)
    id = tip["id"]
    assert tip["state"] == "open" and tip["award"] is None
    assert tip["sealed"] == {"name": NAME, "phone": PHONE, "email": EMAIL}
    world.agree(nodes)
    assert "sealed" not in show(alice, id)
    assert show(alice, id)["next"] == ["claim", "pass"]

    claimed = alice.json("claim", id, "J'appelle cet après-midi")
    assert claimed["state"] == "awarded"
    assert claimed["award"]["to"] == "alice" and claimed["award"]["first_contact_due"]
    assert claimed["sealed"] == {"name": NAME, "phone": PHONE, "email": EMAIL}
    assert claimed["next"] == ["done", "give-back", "thank"]
    assert alice.json("claim", id)["state"] == "awarded"  # said again, nothing changes
    wait_until(lambda: "tip.claimed" in kinds(david), timeout=5)
    wait_until(lambda: "tip.awarded" in kinds(alice), timeout=5)

    error = bruno.fails(7, "T-CLAIM-TAKEN", "claim", id)
    assert "alice" in error["message"]
    david.fails(6, "T-NOT-ALLOWED", "claim", id)
    bruno.fails(6, "T-NOT-ALLOWED", "done", id, "--won")

    assert alice.json("done", id, "--contacted")["state"] == "contacted"
    shown(david, id, state="contacted")
    won = alice.json("done", id, "--won", "--amount", "8000", "Signé !")
    assert won["outcome"]["amount"] == "8000"
    seen = shown(david, id, state="won")
    assert seen["outcome"]["amount"] == "8000" and seen["outcome"]["text"] == "Signé !"
    for node in (bruno, chloe):
        others = shown(node, id, state="closed")
        assert "sealed" not in others and "outcome" not in others
        assert "step" not in others["award"]
    alice.fails(7, "T-ALREADY", "done", id, "--lost")
    assert alice.json("done", id, "--lost", "--replace")["state"] == "lost"
    shown(david, id, state="lost")
    given, received = david.json("value")["given"], alice.json("value")["received"]
    assert (given["met"], given["won"], given["lost"]) == (1, 0, 1)
    assert (received["met"], received["lost"]) == (1, 1)
    assert alice.json("value")["first_contact_s"] is not None
    assert bruno.json("value")["received"]["met"] == 0

    alice.json("thank", id, "Merci David", "--share")
    thanks = wait_until(lambda: show(chloe, id).get("thanks"))
    assert thanks[0]["from"] == "alice" and thanks[0]["text"] == "Merci David"

    world.agree(nodes)
    for node in (bruno, chloe):
        node.stop()
        assert holds(node, NAME, PHONE, EMAIL, "Signé !") == set()
    for node in (bruno, chloe):
        node.start()


def test_a_person_is_named_only_if_she_knows(world):
    alice = world.node("alice")
    alice.new()
    error = alice.fails(6, "T-TOLD", "tip", "Wi-Fi", "--who", NAME, "--role", "IT")
    assert "--told" in error["hint"]
    assert alice.json("tip", "Wi-Fi", "--role", "IT", "--phone", PHONE)["sealed"] == {
        "phone": PHONE
    }
    hidden = alice.json("tip", "Toit", "-c", "Verrerie", "--hide-company", "--sector", "glass")
    assert hidden["company"] is None and hidden["sealed"] == {"company": "Verrerie"}


def test_of_two_who_claim_in_a_partition_one_is_awarded(world):
    """All three run, each alone in a network of its own; then the networks are one again."""
    if os.geteuid() != 0:
        pytest.skip("a network of one's own needs root")
    nodes = alice, emma, david = world.circle("alice", "emma", "david")
    id = give(david)["id"]
    world.agree(nodes)
    for node in nodes:
        node.restart(wrapper=ALONE)
    for node in (alice, emma):
        claimed = node.json("claim", id)
        assert claimed["claimed"] and claimed["state"] == "open" and "sealed" not in claimed
    assert show(david, id)["award"] is None
    for node in nodes:
        node.restart()
    world.meet(nodes)
    (winner,) = {wait_until(lambda n=n: show(n, id)["award"])["to"] for n in nodes}
    won, lost = (alice, emma) if winner == "alice" else (emma, alice)
    assert shown(won, id, state="awarded")["sealed"]["name"] == NAME
    assert kinds(david).count("tip.awarded") == 1
    assert [c["from"] for c in show(david, id)["claimants"]] == [lost.name]  # he waits
    error = lost.fails(7, "T-CLAIM-TAKEN", "claim", id)
    assert won.name in error["message"]
    assert "sealed" not in show(lost, id)
    wait_until(lambda: "tip.taken" in kinds(lost), what="it is told")
    world.agree(nodes)
    lost.stop()
    assert holds(lost, NAME, PHONE, EMAIL) == set()
    lost.start()


def test_a_claim_waits_for_the_giver(world):
    nodes = alice, david = world.circle("alice", "david")
    id = give(david)["id"]
    world.agree(nodes)
    david.kill()
    wait_until(lambda: alice.circle()["online"] == 1, what="alice misses him")
    waits = alice.json("claim", id)
    assert waits["claimed"] and waits["state"] == "open" and waits["award"] is None
    assert waits["waiting_for"]["name"] == "david" and not waits["waiting_for"]["online"]
    assert "sealed" not in waits
    said = alice.tuyau("claim", id).out
    assert re.fullmatch(r"Claimed\. Waiting for david \(offline since \w+ \d+ \w+ [\d:]+\)\.\n", said)
    assert "Waiting for\tdavid (offline since " in alice.tuyau("show", id).out
    david.start()
    assert shown(alice, id, state="awarded")["sealed"]["phone"] == PHONE
    assert "waiting_for" not in show(alice, id)
    wait_until(lambda: "tip.awarded" in kinds(alice), what="it is told")


def test_what_is_given_back_goes_to_who_waits(world):
    nodes = alice, bruno, david = world.circle("alice", "bruno", "david")
    id = give(david, "--claims", "pick")["id"]
    world.agree(nodes)
    assert alice.json("claim", id, "moi !")["state"] == "open"
    bruno.json("claim", id)
    wait_until(lambda: len(show(david, id)["claimants"]) == 2)
    claimants = {c["from"]: c.get("text") for c in show(david, id)["claimants"]}
    assert claimants == {"alice": "moi !", "bruno": None}
    assert [c["from"] for c in show(bruno, id)["claimants"]] == ["bruno"]
    david.json("award", id, "bruno")
    assert shown(bruno, id, state="awarded")["sealed"]["name"] == NAME
    shown(alice, id, state="awarded")
    david.fails(7, "T-CLAIM-TAKEN", "award", id, "alice")
    bruno.json("give-back", id, "--because", "no-time")
    shown(alice, id, state="open")
    given_back = shown(david, id, state="open")
    assert [c["from"] for c in given_back["claimants"]] == ["alice"]
    assert given_back["passed_by"][0]["reason"] == "no-time"
    assert "passed_by" not in show(alice, id)
    david.json("award", id, "alice")
    assert shown(alice, id, state="awarded")["sealed"]["name"] == NAME
    bruno.fails(7, "T-CLAIM-TAKEN", "claim", id)


def test_taken_back_it_is_gone_everywhere(world):
    nodes = alice, bruno, david = world.circle("alice", "bruno", "david")
    id = give(david)["id"]
    kept = david.json("tip", "Autre chose")["id"]
    world.agree(nodes)
    taken = david.json("undo")
    assert taken["id"] == kept and taken["state"] == "withdrawn"
    david.fails(7, "T-TOO-LATE", "undo")
    assert david.json("edit", id, "--warm", "4")["warmth"] == 4
    wait_until(lambda: show(alice, id)["warmth"] == 4)
    alice.fails(6, "T-NOT-ALLOWED", "edit", id, "--warm", "5")
    alice.fails(6, "T-NOT-ALLOWED", "withdraw", id)
    assert david.json("withdraw", id)["state"] == "withdrawn"
    for node in nodes:
        wait_until(lambda n=node: n.tuyau("show", id, "--json", exit=None).rc == 3)
        wait_until(lambda n=node: n.inbox() == [])
    world.agree(nodes)


def test_an_ask_is_answered_for_the_asker_only(world):
    nodes = bruno, chloe, emma = world.circle("bruno", "chloe", "emma")
    ask = bruno.json("ask", "profile", "Développeur Java, deux ans, Rennes")
    id = ask["id"]
    world.agree(nodes)
    secret = "Je connais quelqu'un de très bien"
    chloe.json("answer", id, "--relay", secret)
    emma.json("answer", id, "--no")
    answered = shown(bruno, id, state="answered")
    assert answered["answers"][0]["text"] == secret and answered["answers"][0]["how"] == "relay"
    seen = shown(emma, id, state="answered", answered=1)
    assert "answers" not in seen and seen["passed"]
    world.agree(nodes)
    assert show(bruno, id)["answered"] == 1  # a no is seen by nobody
    wait_until(lambda: "ask.answered" in kinds(bruno), timeout=5)
    chloe.fails(6, "T-TOLD", "answer", id, "--who", NAME)

    bruno.json("accept", id, "chloe")
    wait_until(lambda: show(chloe, id)["answers"][0].get("accepted"))
    chloe.json("done", id, "--introduced")
    wait_until(lambda: show(bruno, id)["answers"][0]["step"] == "introduced")
    assert "award" not in show(emma, id) or show(emma, id)["award"] is None
    bruno.json("solved", id)
    for node in nodes:
        shown(node, id, state="solved")
    chloe.fails(7, "T-NOT-OPEN", "answer", id, "encore")
    emma.stop()
    assert holds(emma, secret) == set()
    emma.start()


@pytest.mark.parametrize("hours, alice_told, david_told", [(40, 1, 0), (60, 1, 1)])
def test_first_contacts_that_are_due_are_reminded_of(world, hours, alice_told, david_told):
    nodes = alice, david = world.circle("alice", "david")
    id = give(david)["id"]
    world.agree(nodes)
    alice.json("claim", id)
    shown(david, id, state="awarded")
    for node in nodes:
        node.restart("--clock-offset", str(hours * 3600))
    wait_until(lambda: kinds(alice).count("tip.due") == alice_told)
    wait_until(lambda: kinds(david).count("tip.overdue") == david_told)
    for node in nodes:  # told once for good
        node.restart("--clock-offset", str(hours * 3600 + 60))
    world.meet(nodes)
    assert "tip.due" not in kinds(alice) and "tip.overdue" not in kinds(david)


def test_an_awarded_tip_outlives_its_expiry_and_an_open_one_does_not(world):
    nodes = alice, david = world.circle("alice", "david")
    id = give(david, "--life", "20d")["id"]
    open_one = give(david, "--life", "20d")["id"]
    world.agree(nodes)
    expires = show(alice, id)["expires"]
    alice.json("claim", id)
    assert shown(david, id, state="awarded")["expires"] == expires
    world.agree(nodes)
    for node in nodes:
        node.restart("--clock-offset", str(70 * 86400))
    wait_until(lambda: david.tuyau("show", open_one, "--json", exit=None).rc == 3)
    assert shown(alice, id, state="awarded")["sealed"]["phone"] == PHONE
    alice.json("give-back", id)  # 70 days later it has expired
    for node in nodes:
        shown(node, id, state="expired")


def test_what_was_done_is_made_again_from_the_logs(world):
    nodes = alice, david = world.circle("alice", "david")
    id = give(david)["id"]
    world.agree(nodes)
    alice.json("claim", id)
    alice.json("done", id, "--meeting")
    before = [shown(node, id, state="meeting") for node in nodes]
    for node in nodes:
        node.restart("--rebuild")
    for node, said in zip(nodes, before):
        again = shown(node, id, state="meeting")
        assert again["sealed"] == said["sealed"] and again["award"] == said["award"]


def test_the_inbox_asks_for_my_moves_and_leaves_out_what_is_not_mine(world):
    nodes = alice, bruno, david = world.circle("alice", "bruno", "david")
    first = give(david)["id"]
    picked = give(david, "--claims", "pick")["id"]
    passed = give(david)["id"]
    world.agree(nodes)
    alice.json("claim", first)
    bruno.json("claim", picked)
    bruno.json("pass", passed)
    world.agree(nodes)

    def parts(node):
        return {o["id"]: o["part"] for o in node.json("inbox")}

    assert parts(alice)[first] == "moves"
    assert parts(bruno) == {picked: "tips"}  # the one is alice's, the other he does not want
    wait_until(lambda: parts(david).get(picked) == "moves")
    assert first not in parts(david)  # not overdue
    everything = {o["id"]: o["state"] for o in bruno.inbox()}
    assert everything[first] == "awarded" and everything[passed] == "open"
    alice.json("done", first, "--won")
    wait_until(lambda: first not in {o["id"] for o in bruno.inbox()})
    assert [o["id"] for o in bruno.json("search", "wifi", "state:closed")] == [first]
    assert [o["id"] for o in david.json("search", "wifi", "state:won")] == [first]
    assert first not in parts(alice)
