"""What a tip may say, and how it may go: many and pick, hidden companies, due times, amounts."""

import pytest

from test_life import NAME, PHONE, give, kinds, show, shown
from world import run, wait_until, TUYAU

HOUR, DAY = 3600, 86400


def seconds(text):
    import datetime

    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def test_many_take_a_tip_and_each_gets_its_card(world):
    nodes = alice, bruno, chloe, david = world.circle("alice", "bruno", "chloe", "david")
    id = give(david, "--claims", "many")["id"]
    world.agree(nodes)
    alice.json("claim", id)
    bruno.json("claim", id)
    wait_until(lambda: len(show(david, id).get("claimants", [])) == 2)
    david.fails(2, "T-USAGE", "award", id)
    david.json("award", id, "alice")
    david.json("award", id, "bruno")
    for node in (alice, bruno):
        assert shown(node, id, state="awarded")["sealed"]["phone"] == PHONE
    assert show(chloe, id)["state"] == "open" and "sealed" not in show(chloe, id)
    alice.json("done", id, "--won", "--amount", "5-20k")
    assert show(bruno, id)["state"] == "awarded"
    chloe.json("claim", id)
    wait_until(lambda: [c["from"] for c in show(david, id)["claimants"]] == ["chloe"])
    david.json("award", id)  # only one waits
    shown(chloe, id, state="awarded")


def test_a_hidden_company_shows_its_sector_size_and_place(world):
    nodes = alice, bruno, david = world.circle("alice", "bruno", "david")
    tip = david.json(
        "tip", "Toit de 3000 m2", "-c", "Verrerie Saint-Clair", "--hide-company", "--sector",
        "glass", "--size", "50-250", "--place", "Vannes", "--budget", "20-100k", "--reward",
        "a lunch", "--link", "client", "--life", "10d", "--for", "alice",
    )  # fmt: skip
    assert tip["sealed"] == {"company": "Verrerie Saint-Clair"}
    world.agree(nodes)
    seen = show(bruno, tip["id"])
    assert seen["company"] is None and "sealed" not in seen
    assert (seen["sector"], seen["size"], seen["place"]) == ("glass", "50-250", "Vannes")
    assert (seen["budget"], seen["reward"]) == ("20-100k", "a lunch")
    assert abs(seconds(seen["expires"]) - seconds(seen["created"]) - 10 * DAY) <= 1
    said = bruno.tuyau("show", tip["id"]).out
    assert "glass" in said and "50-250" in said and "Saint-Clair" not in said
    bruno.fails(6, "T-NOT-ALLOWED", "claim", tip["id"])
    assert alice.json("claim", tip["id"])["sealed"]["company"] == "Verrerie Saint-Clair"
    david.fails(2, "T-USAGE", "tip", "Toit", "--budget", "30k")
    david.fails(2, "T-USAGE", "tip", "Toit", "--life", "91d")
    david.fails(3, "T-NOT-FOUND", "tip", "Toit", "--for", "@plombier")
    alice.json("profile", "set", "seat=électricien")
    world.agree(nodes)
    seat = wait_until(lambda: david.json("tip", "Tableau", "--for", "@électricien"))["id"]
    world.agree(nodes)
    assert seat in [o["id"] for o in alice.json("inbox", "--for-me")]
    assert seat not in [o["id"] for o in bruno.json("inbox", "--for-me")]
    bruno.fails(6, "T-NOT-ALLOWED", "claim", seat)
    assert alice.json("claim", seat)["state"] == "awarded"
    said = david.tuyau("tip", "Wi-Fi pour Noé Kervella", "--who", NAME, "--told").err
    assert "undo" in said  # the circle sees the name


def test_a_first_contact_is_due_in_48_hours_and_may_go_to_another_after_twice_that(world):
    nodes = alice, bruno, david = world.circle("alice", "bruno", "david")
    id = give(david)["id"]
    world.agree(nodes)
    alice.json("claim", id)
    award = shown(david, id, state="awarded")["award"]
    assert seconds(award["first_contact_due"]) - seconds(award["at"]) == 48 * HOUR
    david.fails(7, "T-CLAIM-TAKEN", "award", id, "bruno")
    world.agree(nodes)
    for node in nodes:
        node.restart("--clock-offset", str(97 * HOUR))
    world.meet(nodes)
    wait_until(lambda: "tip.overdue" in kinds(david))
    assert id in [o["id"] for o in david.json("inbox") if o["part"] == "moves"]
    assert "award" in show(david, id)["next"]
    david.json("award", id, "bruno")
    assert wait_until(lambda: show(bruno, id).get("sealed"))["name"] == NAME
    wait_until(lambda: "sealed" not in show(alice, id))
    alice.fails(6, "T-NOT-ALLOWED", "done", id, "--contacted")


def test_amounts_are_between_the_two_and_value_sums_them(world):
    nodes = alice, bruno, david = world.circle("alice", "bruno", "david")
    ids = [give(david)["id"] for _ in range(5)]
    world.agree(nodes)
    for id in ids:
        alice.json("claim", id)
    for amount in ("lots", "8 000", "8000,50", "5-21k", "-3"):
        alice.fails(2, "T-USAGE", "done", ids[0], "--won", "--amount", amount)
    alice.fails(2, "T-USAGE", "done", ids[0], "--won", "--amount", "8", "--currency", "eur")
    alice.json("done", ids[0], "--won", "--amount", "8000", "--currency", "EUR")
    alice.json("done", ids[1], "--won", "--amount", "1250.50", "--currency", "EUR")
    alice.json("done", ids[2], "--won", "--amount", "5-20k", "--currency", "EUR")
    alice.json("done", ids[3], "--won", "--amount", "700")
    alice.json("done", ids[4], "--lost", "--amount", "99", "--because", "too-dear")
    error = alice.fails(7, "T-ALREADY", "done", ids[0], "--lost")
    assert "won on 20" in error["message"] and "--replace" in error["hint"]
    alice.json("done", ids[0], "--won", "--amount", "9000", "--currency", "EUR", "--replace")
    wanted = [
        {"currency": "EUR", "sum": "10250.50", "tips": 2, "bands": {"5-20k": 1}},
        {"currency": None, "sum": "700", "tips": 1, "bands": {}},
    ]

    def sums(node, side):
        return sorted(node.json("value")[side]["amounts"], key=lambda a: str(a["currency"] or "z"))

    assert sums(alice, "received") == wanted
    wait_until(lambda: sums(david, "given") == wanted)
    assert bruno.json("value")["received"]["amounts"] == []
    assert alice.json("value")["received"]["won"] == 4
    seen = shown(bruno, ids[0], state="closed")
    assert "outcome" not in seen and "9000" not in bruno.tuyau("show", ids[0], "--json").out
    said = alice.tuyau("value").out
    assert "10250.50" in said and "5-20k" in said
    alice.json("thank", ids[0], "Merci !")
    david.json("thank", ids[0], "De rien", "--back")
    both = wait_until(lambda: len(show(alice, ids[0]).get("thanks", [])) == 2 and show(alice, ids[0]))
    assert {t["from"]: t.get("back", False) for t in both["thanks"]} == {"alice": False, "david": True}
    assert "thanks" not in show(bruno, ids[0])


def test_who_passes_may_say_why(world):
    nodes = alice, david = world.circle("alice", "david")
    id = give(david)["id"]
    world.agree(nodes)
    assert "too-far" in alice.tuyau("help", "pass").out
    alice.json("pass", id, "--because", "too-far", "Rennes, désolée")
    passed = wait_until(lambda: show(david, id).get("passed_by"))
    assert passed == [{"from": "alice", "text": "Rennes, désolée", "reason": "too-far"}]


@pytest.mark.parametrize("name", ["EDITOR", "VISUAL"])
def test_a_tip_is_written_in_an_editor(world, name):
    alice = world.node("alice")
    alice.new()
    editor = world.dir / "editor"
    editor.write_text(
        '#!/bin/sh\nsed -i -e "s/^title:.*/title: Toit à refaire/" -e "s/^warm:.*/warm: 4/" '
        '-e "s/^who:.*/who: Noé Kervella/" -e "s/^told:.*/told: yes/" "$1"\n'
    )
    editor.chmod(0o755)
    env = dict(alice.home_env, **{name: str(editor)})
    ran = run([TUYAU, "--home", alice.home, "tip", "Toit", "-e", "--tag", "toit", "--json"], env)
    tip = ran.json
    assert (tip["title"], tip["warmth"], tip["tags"]) == ("Toit à refaire", 4, ["toit"])
    assert tip["sealed"] == {"name": "Noé Kervella"} and tip["told"] is True
    env[name] = "false"
    ran = run([TUYAU, "--home", alice.home, "tip", "-e", "--json"], env, exit=None)
    assert ran.rc == 1 and ran.error["code"] == "T-EDITOR"
