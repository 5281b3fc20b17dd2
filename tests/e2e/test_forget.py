"""Forgetting: erased texts are gone from every store that could be reached, and who has confirmed."""

import random
import time

from life import holds
from world import wait_until

NAME = "Noé Kervella"
PHONE = "06 39 98 55 10"
WORD = "brontosaure"  # stands in the title, and so in the index of words of everybody
DAY = 86400


def give(node, *options, title=f"Wi-Fi à refaire, {WORD}"):
    return node.json(
        "tip", title, "-c", "Laiterie du Val d'Oust", "--role", "resp. logistique",
        "--who", NAME, "--phone", PHONE, "--told", "--why-private", f"{NAME} me doit un service",
        *options,
    )  # fmt: skip


def clean(node, *texts):
    wait_until(lambda: not holds(node, *texts), timeout=60, what=f"{node.name}'s store is clean")


def events(node):
    return node.rpc("events", {"since": "0", "limit": 200})["events"]


def forgotten(node, id):
    rows = [row for row in node.json("forget") if row["id"] == id]
    return rows[0] if rows else None


def unconfirmed(row):
    return sorted(n["from"] for n in row["nodes"] if not n["confirmed"])


def test_what_is_forgotten_leaves_every_store_and_who_is_away_erases_it_later(world):
    nodes = alice, bruno, chloe, david = world.circle("alice", "bruno", "chloe", "david")
    sealed = NAME, PHONE, "0639985510"
    id = give(david)["id"]
    other = bruno.tip("Chariots à louer")["id"]
    world.agree(nodes)
    assert alice.json("claim", id, f"J'appelle {NAME}")["state"] == "awarded"
    alice.json("done", id, "--won", "--amount", "8000", f"{NAME} a signé")
    world.agree(nodes)
    for node in (bruno, chloe):
        assert not holds(node, *sealed), node.name
    assert all(holds(node, WORD) for node in nodes)
    assert NAME in holds(david, NAME)  # the card and the note wait there, in clear
    digest = world.agree(nodes)["digest"]

    chloe.stop()
    wait_until(lambda: not david.peer("Chloé Dupuis")["state"] == "connected", what="chloe is away")
    dry = david.json("forget", id, "--dry-run")
    assert dry["dry_run"] and dry["objects"][0]["why"] == "forgotten"
    assert dry["objects"][0]["retracted"] >= 3 and dry["objects"][0]["title"].endswith(WORD)
    david.fails(2, "T-USAGE", "forget", id)  # nobody can be asked
    assert david.json("show", id)["state"] == "won"

    done = david.json("forget", id, "--yes")["objects"][0]
    assert (done["confirmed"], done["of"]) == (2, 3), done
    assert unconfirmed(done) == ["chloe"]
    away = next(n for n in done["nodes"] if n["from"] == "chloe")
    assert not away["online"] and away["offline_since"]
    assert not holds(david, *sealed, WORD)
    for node in (alice, bruno):
        clean(node, *sealed, WORD)
    for node in (alice, bruno, david):
        error = node.fails(3, "T-NOT-FOUND", "show", id)
        assert "was erased on" in error["message"], error
    said = david.tuyau("forget", id, "--yes")
    assert said.out.startswith(f"{id}\tforgotten\t2\t3\tchloe"), said
    again = david.json("forget", id, "--dry-run")["objects"][0]
    assert again["already"] is True

    david.restart()
    alice.restart()
    chloe.start()
    world.meet(nodes)
    wait_until(lambda: forgotten(david, id)["confirmed"] == 3, what="chloe confirms")
    for node in nodes:
        clean(node, *sealed, WORD)
        node.fails(3, "T-NOT-FOUND", "show", id)
        assert [o["id"] for o in node.json("search", "state:any", "chariots")] == [other]
    assert world.agree(nodes)["digest"] != digest
    bruno.restart("--rebuild")  # all that is shown is made from the logs again
    world.meet(nodes)
    bruno.fails(3, "T-NOT-FOUND", "show", id)
    clean(bruno, *sealed, WORD)
    for node in nodes:
        assert node.circle()["missing_payloads"] == 0


def test_what_somebody_else_gave_is_erased_here_only_and_stays_away(world):
    nodes = alice, bruno, david = world.circle("alice", "bruno", "david")
    id = give(david)["id"]
    world.agree(nodes)
    bruno.json("watch", "add", WORD)
    done = bruno.json("forget", id, "--yes")["objects"][0]
    assert done["why"] == "here" and done["from"] == "david" and done["nodes"] == []
    assert done["asked"] is True
    told = wait_until(
        lambda: [e for e in events(david) if e["event"] == "erase.requested"], what="david is asked"
    )
    assert (told[0]["id"], told[0]["from"]) == (id, "bruno")
    bruno.json("watch", "remove", "1")
    bruno.rpc("scrub")
    assert not holds(bruno, WORD)
    assert alice.json("show", id)["title"].endswith(WORD)
    assert "here" in bruno.fails(3, "T-NOT-FOUND", "show", id)["message"]
    alice.json("claim", id)  # with the award the tip is said again
    world.agree(nodes)
    bruno.fails(3, "T-NOT-FOUND", "show", id)
    bruno.restart()
    world.meet(nodes)
    bruno.fails(3, "T-NOT-FOUND", "show", id)
    bruno.rpc("scrub")
    assert not holds(bruno, WORD)
    assert bruno.circle()["missing_payloads"] == 0


def test_all_that_names_a_person_or_a_company_is_found_and_forgotten(world):
    nodes = alice, david = world.circle("alice", "david")
    named = give(david)["id"]
    shouted = alice.tip("NOE KERVELLA cherche un électricien")["id"]
    company = david.tip("Onduleurs", "-c", "LAITERIE DU VAL D OUST SCA")["id"]
    noted = david.tip("Câbles", "--why-private", "pour kervella, noé")["id"]
    kept = david.tip("Kervella tout court")["id"]
    david.json("watch", "add", "noé kervella")
    world.agree(nodes)
    found = david.json("forget", "--person", NAME, "--dry-run")
    assert {o["id"]: o["why"] for o in found["objects"]} == {
        named: "forgotten", shouted: "here", noted: "forgotten",
    }  # fmt: skip
    assert found["watches"] == [1] and found["letters"] == []
    by_company = david.json("forget", "--company", "Laiterie du Val d'Oust", "--dry-run")
    assert {o["id"] for o in by_company["objects"]} == {named, company}
    assert david.json("forget", "--person", "Nobody Here", "--yes")["objects"] == []

    done = david.json("forget", "--person", NAME, "--yes")
    assert {o["id"] for o in done["objects"]} == {named, shouted, noted}
    assert david.json("watch", "list") == []
    assert not holds(david, NAME, "noe kervella", "NOE KERVELLA", PHONE)
    assert david.json("show", kept)["id"] == kept
    assert alice.json("show", shouted)["id"] == shouted
    wait_until(lambda: forgotten(david, named)["confirmed"] == 1, what="alice confirms")
    clean(alice, NAME, PHONE)


def test_what_was_over_long_ago_is_forgotten_together(world):
    alice, bruno = world.circle("alice", "bruno")
    old = alice.tip("Grue ancienne")["id"]
    world.agree([alice, bruno])
    bruno.json("claim", old)
    bruno.json("done", old, "--won")
    wait_until(lambda: alice.json("show", old)["state"] == "won", what="alice knows")
    young = alice.tip("Grue neuve", "--life", "90d")["id"]
    alice.restart("--clock-offset", str(20 * DAY))
    found = alice.json("forget", "--closed-before", "30d", "--dry-run")["objects"]
    assert found == []
    found = alice.json("forget", "--closed-before", "10d", "--yes")["objects"]
    assert [o["id"] for o in found] == [old]
    assert alice.json("show", young)["id"] == young


def test_withdrawn_things_are_listed_with_their_receipts(world):
    alice, bruno = world.circle("alice", "bruno")
    id = alice.tip(f"Cuve {WORD}")["id"]
    world.agree([alice, bruno])
    alice.json("withdraw", id)
    wait_until(lambda: forgotten(alice, id)["confirmed"] == 1, what="bruno confirms")
    assert forgotten(alice, id)["why"] == "withdrawn"
    assert "you took it back" in alice.fails(3, "T-NOT-FOUND", "show", id)["message"]
    assert "whoever gave it" in bruno.fails(3, "T-NOT-FOUND", "show", id)["message"]
    for node in (alice, bruno):
        clean(node, WORD)


def test_kills_while_things_are_forgotten_lose_nothing(world):
    alice, bruno = world.circle("alice", "bruno")
    dice = random.Random(20261123)
    tips = [alice.tip(f"Treuil {WORD} numéro {i}")["id"] for i in range(8)]
    kept = alice.tip("Treuil à garder")["id"]
    world.agree([alice, bruno])
    for id in tips:
        with_whom = alice if dice.random() < 0.5 else bruno
        try:
            alice.rpc("forget", {"id": id}, timeout=5)
        except (OSError, AssertionError):
            pass
        time.sleep(dice.random() * 0.05)
        with_whom.kill()
        with_whom.start()
    world.meet([alice, bruno])
    for id in tips:
        alice.json("forget", id, "--yes")
        wait_until(lambda: forgotten(alice, id)["confirmed"] == 1, what="bruno confirms")
    for node in (alice, bruno):
        clean(node, WORD)
        assert node.json("show", kept)["id"] == kept
        assert "what=incarnation" not in node.log_text()
    world.agree([alice, bruno])


def test_own_letters_that_name_a_person_go_and_leave_the_file(world):
    alice, farid = world.circle("alice", "farid")
    ask = farid.json(
        *("ask", "vouch", "Pouvez-vous rassurer leur directrice ?", "--lang", "fr"),
        *("-c", "Assurances Beaumanoir", "--role", "la directrice financière"),
    )["id"]
    world.agree([alice, farid])
    number = alice.json(
        *("vouch", "write", ask, "--relation", "cliente depuis mars 2022", "--limits", "le reste"),
        *("--fact", f"{NAME} a suivi nos deux chantiers", "--phone", "01 99 00 45 67"),
    )["number"]
    alice.json("vouch", "sign", number)
    assert holds(alice, "deux chantiers")
    found = alice.json("forget", "--person", NAME.upper(), "--dry-run")
    assert found["letters"] == [number] and found["objects"] == []
    assert alice.json("forget", "--person", NAME, "--yes")["letters"] == [number]
    assert alice.json("vouch", "list") == []
    assert not holds(alice, NAME, "deux chantiers")
