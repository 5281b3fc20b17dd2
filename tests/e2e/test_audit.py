"""audit: what a node did with data about persons, in ids and members only."""

from test_hooks import awarded_pair
from test_life import NAME, give, shown
from world import wait_until


def audit(node, *options):
    return [(row["what"], row["id"], row["member"]) for row in node.json("audit", *options)]


def test_what_a_tip_does_with_its_card_stands_in_the_audit_log_of_both(world):
    nodes = alice, bruno = world.circle("alice", "bruno")
    (row,) = alice.json("audit")
    assert row["what"] == "admitted" and row["member"] == "bruno" and row["id"] is None
    assert row["circle"] == "vendredi-18h" and row["count"] is None
    assert bruno.json("audit") == []

    id = give(bruno)["id"]
    plain = bruno.tip("Imprimante à changer", "--role", "accueil")["id"]
    world.agree(nodes)
    assert audit(bruno) == [("named", id, None)]
    alice.json("claim", id)
    shown(bruno, id, state="awarded")
    assert audit(bruno) == [("named", id, None), ("awarded", id, "alice")]
    wait_until(lambda: ("received", id, "bruno") in audit(alice), what="the card is noted")
    assert bruno.json("audit")[1]["title"] == "Wi-Fi à refaire, 3 entrepôts"

    bruno.json("withdraw", plain)
    assert audit(bruno)[2:] == [("withdrawn", plain, None)]
    assert bruno.json("audit")[2]["title"] is None  # erased: only its id stays
    before = audit(alice), audit(bruno)
    for node in nodes:
        assert NAME not in node.tuyau("audit").out
        node.restart()
    world.meet(nodes)
    assert (audit(alice), audit(bruno)) == before

    lines = bruno.tuyau("audit").out.splitlines()
    assert len(lines) == 3 and lines[1].split("\t")[1:4] == ["awarded", id, "alice"]
    assert bruno.tuyau("audit", "-q").out.split() == [id, id, plain]
    assert bruno.json("audit", "--since", "1min") == bruno.json("audit")
    bruno.fails(2, "T-USAGE", "audit", "--since", "yesterday")


def test_answers_with_a_card_and_letters_are_noted_and_old_rows_go(world):
    nodes = alice, bruno = world.circle("alice", "bruno")
    ask = alice.json("ask", "intro", "Qui connaît les achats ?", "-c", "Verrerie Saint-Clair")["id"]
    vouch = alice.json("ask", "vouch", "Pouvez-vous nous recommander ?", "-c", "Duval SA")["id"]
    world.agree(nodes)
    bruno.json("answer", ask, "--no")
    bruno.json("answer", ask, "--who", "Iris Quéméner", "--phone", "01 99 00 45 67", "--told")
    received = ("received", ask, "bruno")
    wait_until(lambda: received in audit(alice), what="the answer with a card is noted")
    bruno.json("vouch", "write", vouch, "--relation", "client", "--since", "2022",
               "--fact", "délais tenus", "--limits", "plus de 500 postes")  # fmt: skip
    bruno.json("vouch", "sign", vouch)
    bruno.json("vouch", "send", vouch, "--out", str(world.dir))
    bruno.json("vouch", "send", vouch, "--out", str(world.dir))  # said again, not done again
    bruno.json("vouch", "revoke", vouch, "--out", str(world.dir))
    wanted = [("answered", ask, "alice"), ("signed", vouch, None), ("sent", vouch, None),
              ("revoked", vouch, None)]  # fmt: skip
    assert sorted(audit(bruno)) == sorted(wanted)

    bruno.restart("--clock-offset", str(366 * 86400))
    assert bruno.json("audit") == []  # of the last 30 days
    wait_until(lambda: bruno.json("audit", "--since", "400d") == [], what="a year later it is gone")


def test_what_a_hook_was_told_and_what_was_forgotten_are_noted(world):
    alice, bruno, tip, _, _ = awarded_pair(world, "hooks.sealed = yes\n")
    wait_until(lambda: ("hooked", tip["id"], None) in audit(bruno), what="the hook is noted")
    alice.json("forget", tip["id"], "--yes")
    (row,) = [row for row in alice.json("audit") if row["what"] == "forgotten"]
    assert row["id"] == tip["id"] and row["count"] > 0 and row["title"] is None


def test_a_hook_without_sealed_fields_is_not_noted(world):
    _, bruno, _, _, _ = awarded_pair(world)
    assert "hooked" not in {what for what, _, _ in audit(bruno)}
