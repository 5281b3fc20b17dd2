"""Finding: filters, what is near, watches, the inbox in its parts, digest and value."""

import json

import pytest

from test_events import names, past
from test_tips import FIXTURES, held, fixture_tips
from world import wait_until

DAY = 86400


@pytest.fixture
def pair(world):
    return world.told_circle("alice", "bruno")


@pytest.fixture
def market(pair):
    """The 30 tips and asks of the fixtures, given by alice; bruno, and the name of each id."""
    alice, bruno = pair
    given = {}
    for line in fixture_tips():
        fields = {"title" if line["kind"] == "tip" else "text": line["text"]}
        fields["tags"] = line.get("tags", [])
        if line.get("company"):
            fields["company"] = line["company"]
        method, _, ask = line["kind"].partition(".")
        if ask:
            fields["ask"] = ask.replace("whereabouts", "news")
        given[alice.rpc(method, {"fields": fields})["id"]] = line["id"]
    held(bruno, list(given))
    return alice, bruno, given


def titles(objects):
    return {o.get("title") or o.get("text") for o in objects}


# ---- filters ----


def test_filters(pair):
    alice, bruno = pair
    given = {
        "wifi": alice.tip(
            *("Wi-Fi à refaire", "-c", "Laiterie du Val d'Oust", "--warm", "3"),
            *("--tag", "réseau", "--tag", "wifi", "--need", "Le chef de projet a le budget."),
        ),
        "crm": alice.tip("CRM à changer", "-c", "Kerambrun SAS", "--warm", "1", "--tag", "it"),
        "ask": alice.json("ask", "intro", "Qui achète chez Val d'Oust ?", "-c", "Val d'Oust"),
        "mine": bruno.tip("Wi-Fi pour un budget de chef", "--warm", "4"),
    }
    held(alice, [given["mine"]["id"]])
    held(bruno, [o["id"] for o in given.values()])
    by_id = {o["id"]: name for name, o in given.items()}

    def found(*words, by="search"):
        return {by_id[o["id"]] for o in bruno.json(by, *words)}

    def listed(*words):
        return found("--all", *words, by="inbox")

    for both in (found, listed):
        assert both("from:alice") == {"wifi", "crm", "ask"}
        assert both("-from:alice") == {"mine"}
        assert both("kind:tip") == {"wifi", "crm", "mine"}
        assert both("kind:intro") == both("-kind:tip") == {"ask"}
        assert both("tag:WIFI") == both("tag:réseaux") == {"wifi"}
        assert both("kind:tip", "-tag:it") == {"wifi", "mine"}
        assert both("company:val d'oust") == both('company:"Val d’Oust"') == {"wifi", "ask"}
        assert both("company:kerambr") == {"crm"}
        assert both("warm:>=3") == {"wifi", "mine"} and both("warm:3") == {"wifi"}
        assert both("warm:<2") == {"crm"} and both("warm:>1", "warm:<=3") == {"wifi"}
        assert both("age:<1h", "kind:ask") == {"ask"} and both("age:>1h") == set()
        assert both('"chef de projet"') == both('"CHEF DE PROJET"') == {"wifi"}
        assert both("kind:tip", "from:alice", "tag:it", "state:open") == {"crm"}
        assert both("state:expired") == set()
    assert found("wifi") == {"wifi", "mine"}
    assert found("wifi", "-from:bruno") == {"wifi"}
    assert found("chef budget -réseau") == {"mine"}, "a word that must not be there"
    assert found('wifi "budget de chef"') == {"mine"}
    assert found("wifi", "tag:it") == set()

    for bad in ("warm:x", "warm:>", "age:7d", "age:<7", "kind:chose", "state:gone", "tag:", '"non'):
        bruno.fails(2, "T-USAGE", "search", "wifi", bad)
        bruno.fails(2, "T-USAGE", "inbox", bad)
    bruno.fails(3, "T-NOT-FOUND", "search", "from:zoe")


def test_what_is_near_comes_behind(market):
    _, bruno, names_by_id = market
    near = {}
    first = {}
    for row in (FIXTURES / "queries.tsv").read_text().splitlines()[1:]:
        query, words, synonyms, unwanted = row.split("\t")[:4]
        hits = bruno.rpc("search", {"query": query})
        flags = [hit["near"] for hit in hits]
        assert flags == sorted(flags), "what is near stands behind"
        first[query] = {names_by_id[h["id"]] for h in hits if not h["near"]}
        near[query] = {names_by_id[h["id"]] for h in hits if h["near"]}
        assert not first[query] & set(unwanted.split()), query
        assert set(synonyms.split()) <= near[query] | first[query], query
        assert set(words.split()) <= near[query] | first[query], query
    assert "T22" in near["directeur financier"] and "T07" in near["recrutement"]


def test_synonyms_are_the_owners_to_edit(market):
    _, bruno, names_by_id = market

    def found(query):
        return {names_by_id[h["id"]] for h in bruno.json("search", query)}

    assert found("DAF") == {"T22", "T25"} and found("labeur") == set()
    (bruno.home / "synonyms").write_text("# à nous\nlabeur | scierie\n")
    assert found("labeur") == {"T30"} and found("DAF") == set()
    (bruno.home / "synonyms").unlink()
    assert found("DAF") == {"T22", "T25"}


# ---- watches ----


def test_routes_are_met_exactly(market):
    """Who is told of what: the fixtures' members, one after the other in bruno's place."""
    _, bruno, names_by_id = market
    routes = dict(
        row.split("\t")[:2]
        for row in (FIXTURES / "routes.tsv").read_text().splitlines()
        if not row.startswith("#")
    )
    told = 0
    for line in (FIXTURES / "members.jsonl").read_text().splitlines():
        member = json.loads(line)
        without = [f"-{word}" for word in member["except"]]
        for word in member["watch"]:
            bruno.json("watch", "add", " ".join([word, *without]))
        matched = {
            names_by_id[o["id"]]: o for o in bruno.json("inbox", "--all") if o["matched"]
        }
        assert set(matched) == set(routes[member["member"]].split()), member["member"]
        for one in matched.values():
            assert set(one["matched"]) <= set(member["watch"]) and one["part"] == "for-you"
        told += len(matched)
        for watch in bruno.json("watch", "list"):
            bruno.tuyau("watch", "remove", str(watch["number"]))
    assert told == 17
    assert bruno.json("watch", "list") == []


def test_a_watch(pair):
    alice, bruno = pair
    made = bruno.json("watch", "add", "entrepôt", "-tag:wifi", "kind:tip")
    assert made["schema"] == 1 and made["number"] == 1 and made["notify"] == "now"
    assert made["query"] == "entrepôt -tag:wifi kind:tip" and made["hits"] == 0
    assert made["circle"] is None and made["last_hit"] is None
    bruno.fails(7, "T-WATCH-EXISTS", "watch", "add", "ENTREPOT -tag:wifi kind:tip")
    quiet = bruno.json("watch", "add", "payroll", "--digest", "-C", "vendredi-18h")
    assert quiet["notify"] == "digest" and quiet["circle"] == "vendredi-18h"
    hit = alice.tip("Deux entrepôts à vendre")
    calm = alice.tip("Payroll tender")
    no = [
        alice.tip("Un entrepôt", "--tag", "wifi"),
        alice.json("ask", "supplier", "Un entrepôt ?"),
        alice.tip("Autre chose", "-c", "Entrepôts de Redon"),
    ]
    own = bruno.tip("Entrepôt à moi")
    held(bruno, [o["id"] for o in (hit, calm, own, *no)])
    listed = {o["id"]: o for o in bruno.inbox()}
    assert listed[hit["id"]]["matched"] == ["entrepôt"]
    assert listed[calm["id"]]["matched"] == ["payroll"]
    assert all(listed[o["id"]]["matched"] == [] for o in (own, *no))
    # the inbox gives them first
    assert {o["id"] for o in bruno.json("inbox")[:2]} == {hit["id"], calm["id"]}

    def told():
        return [e["object"] for e in past(bruno) if e["event"] in ("tip.matched", "ask.matched")]

    wait_until(told, what="the event")
    wait_until(lambda: names(past(bruno)).count("tip.new") == 5, what="all are told")
    assert [o["id"] for o in told()] == [hit["id"]] and told()[0]["matched"] == ["entrepôt"]
    wait_until(lambda: bruno.json("watch", "list")[1]["hits"] == 1, what="the count")
    bruno.restart()
    after = bruno.json("watch", "list")
    assert [w["query"] for w in after] == [made["query"], "payroll"]
    assert [w["hits"] for w in after] == [1, 1] and after[0]["last_hit"]
    assert [w["notify"] for w in after] == ["now", "digest"]
    assert bruno.tuyau("watch", "-q").out.split() == ["1", "2"]
    assert bruno.tuyau("watch", "list").out.splitlines()[0].split("\t")[1] == made["query"]
    assert bruno.json("watch", "remove", "1") == {"schema": 1, "number": 1}
    bruno.fails(3, "T-NOT-FOUND", "watch", "remove", "1")
    bruno.restart()
    assert [w["number"] for w in bruno.json("watch", "list")] == [2]
    assert alice.json("watch", "list") == [], "watches are private"
    for bad in (["add"], ["add", "-tag:it"], ["add", "?!"], ["remove"], ["remove", "x"], ["wat"]):
        bruno.fails(2, "T-USAGE", "watch", *bad)
    bruno.fails(2, "T-USAGE", "watch", "add", "warm:9x")
    bruno.fails(3, "T-NOT-FOUND", "watch", "add", "from:zoe")


def test_what_a_watch_would_have_matched(pair):
    alice, bruno = pair
    hit = alice.tip("Deux entrepôts à vendre")
    ask = alice.json("ask", "news", "Un entrepôt ?")
    no = [
        alice.tip("Un entrepôt", "--tag", "wifi"),
        alice.tip("Autre chose", "-c", "Entrepôts de Redon"),
        bruno.tip("Entrepôt à moi"),
    ]
    held(bruno, [o["id"] for o in (hit, ask, *no)])
    query = ["entrepôt", "-tag:wifi"]
    found = bruno.json("watch", "test", *query)
    assert found["schema"] == 1 and found["more"] is False
    assert [o["id"] for o in found["objects"]] == [ask["id"], hit["id"]], "newest first"
    assert bruno.tuyau("watch", "test", *query, "-q").out.split() == [ask["id"], hit["id"]]
    assert len(bruno.tuyau("watch", "essaie", *query).out.splitlines()) == 2
    assert bruno.json("watch", "list") == [], "nothing is kept"
    # exactly what the watch matches then
    bruno.json("watch", "add", *query)
    assert {o["id"] for o in bruno.inbox() if o["matched"]} == {ask["id"], hit["id"]}
    one = bruno.json("watch", "test", *query, "--limit", "1")
    assert [o["id"] for o in one["objects"]] == [ask["id"]] and one["more"] is True
    assert bruno.json("watch", "test", "charpente")["objects"] == []
    assert "nothing" in bruno.tuyau("watch", "test", "charpente").err
    company = bruno.json("watch", "test", "company:redon", "kind:tip")["objects"]
    assert [o["id"] for o in company] == [no[1]["id"]]
    for bad in (["test"], ["test", "-tag:it"], ["test", "?!"], ["test", "warm:9x"]):
        bruno.fails(2, "T-USAGE", "watch", *bad)
    bruno.fails(3, "T-NOT-FOUND", "watch", "test", "from:zoe")


def test_a_muted_watch_matches_nothing(pair):
    alice, bruno = pair
    made = bruno.json("watch", "add", "entrepôt")
    assert made["muted"] is False and made["muted_until"] is None
    muted = bruno.json("watch", "mute", "1")
    assert muted["muted"] is True and muted["muted_until"] is None and muted["query"] == "entrepôt"
    first = alice.tip("Un entrepôt")
    held(bruno, [first["id"]])
    bruno.restart()
    assert bruno.json("watch", "list")[0]["muted"] is True
    assert bruno.tuyau("veille").out.split("\t")[4] == "muted"
    second = alice.tip("Un autre entrepôt")
    held(bruno, [second["id"]])
    wait_until(lambda: "tip.new" in names(past(bruno)), what="it is told")
    assert "tip.matched" not in names(past(bruno))
    assert not any(o["matched"] for o in bruno.inbox())
    assert bruno.json("watch", "unmute", "1")["muted"] is False
    assert {o["id"] for o in bruno.inbox() if o["matched"]} == {first["id"], second["id"]}
    until = bruno.json("watch", "mute", "1", "--until", "14d")
    assert until["muted"] is True and until["muted_until"] > made["created"]
    assert not any(o["matched"] for o in bruno.inbox())
    bruno.restart("--clock-offset", str(15 * 86400))
    assert bruno.json("watch", "list")[0]["muted"] is False
    assert "is muted until" in bruno.tuyau("watch", "silence", "1", "--until", "30d").out
    third = alice.tip("Encore un entrepôt")
    held(bruno, [third["id"]])
    bruno.tuyau("watch", "entends", "1")
    bruno.fails(3, "T-NOT-FOUND", "watch", "mute", "2")
    for bad in (["mute"], ["mute", "x"], ["mute", "1", "--until", "gestern"], ["unmute", "0"]):
        bruno.fails(2, "T-USAGE", "watch", *bad)


def test_a_watch_on_a_person(pair):
    alice, bruno = pair
    bruno.json("watch", "add", "from:alice", "warm:>=4")
    hot = alice.tip("Chaud", "--warm", "4")
    cold = alice.tip("Froid", "--warm", "1")
    held(bruno, [hot["id"], cold["id"]])
    matched = {o["id"]: o["matched"] for o in bruno.inbox()}
    assert matched == {hot["id"]: ["from:alice warm:>=4"], cold["id"]: []}


# ---- the inbox, digest, value ----


def test_the_inbox_in_its_parts(world):
    alice, bruno = world.circle("alice", "bruno")
    bruno.json("watch", "add", "wifi")
    ending = bruno.json("ask", "intro", "Qui connaît Saint-Clair ?", "--until", "10d")
    tips = [alice.tip(f"Tuyau {i}") for i in range(3)]
    ask = alice.json("ask", "news", "Toujours chez Truc ?")
    named = alice.tip("Pour toi", "--for", "bruno")
    wifi = alice.tip("Wi-Fi ici")
    others = [o["id"] for o in (*tips, ask, named, wifi)]
    held(bruno, others)
    parts = {o["id"]: o["part"] for o in bruno.json("inbox")}
    assert ending["id"] not in parts
    bruno.restart("--clock-offset", str(9 * DAY))
    listed = bruno.json("inbox")
    parts = {o["id"]: o["part"] for o in listed}
    assert parts[named["id"]] == parts[wifi["id"]] == "for-you"
    assert parts[ending["id"]] == "moves" and parts[ask["id"]] == "asks"
    assert all(parts[o["id"]] == "tips" for o in tips)
    order = [o["part"] for o in listed]
    assert order[:3] == ["for-you", "for-you", "moves"] and len(order) == 7
    # old ones of a long list are for you all the same
    assert {o["id"] for o in bruno.json("inbox", "--limit", "2")} == {named["id"], wifi["id"]}
    assert {o["id"] for o in bruno.json("inbox", "--for-me")} == {named["id"], wifi["id"]}


def test_digest(pair):
    alice, bruno = pair
    assert bruno.tuyau("digest", "--mail").out == "", "no mail of nothing"
    bruno.json("watch", "add", "wifi")
    wifi = alice.tip("Wi-Fi\u00a0ici", "-c", "Val d'Oust")
    ask = alice.json("ask", "news", "Toujours\nchez Truc ?" * 40)
    tip = alice.tip("Autre")
    held(bruno, [o["id"] for o in (wifi, ask, tip)])
    digest = bruno.json("digest")
    assert digest["schema"] == 1 and digest["since"]
    assert [o["id"] for o in digest["for_you"]] == [wifi["id"]]
    assert [o["id"] for o in digest["asks"]] == [ask["id"]]
    assert [o["id"] for o in digest["tips"]] == [tip["id"]] and digest["moves"] == []
    text = bruno.tuyau("digest", "--since", "2w").out
    assert "1 for you, 1 ask, 1 other tip." in text and "FOR YOU" in text and "(wifi)" in text
    mail = bruno.tuyau("digest", "--mail").out
    head, body = mail.split("\n\n", 1)
    assert head.startswith("Subject: Tuyau: 1 for you, 1 ask, 1 other tip\n")
    assert "charset=utf-8" in head and max(map(len, body.splitlines())) < 400
    assert set(bruno.tuyau("digest", "-q").out.split()) == {wifi["id"], ask["id"], tip["id"]}
    bruno.restart("--clock-offset", str(3 * DAY))
    assert bruno.json("digest")["for_you"] == []
    assert len(bruno.json("digest", "--since", "7d")["tips"]) == 1
    bruno.fails(2, "T-USAGE", "digest", "--since", "bientôt")


def test_value(pair):
    alice, bruno = pair
    empty = bruno.json("value")
    assert empty["given"]["tips"] == empty["received"]["tips"] == empty["asks"]["asked"] == 0
    tips = [alice.tip("Un"), alice.tip("Deux", "--life", "1d"), bruno.tip("Trois")]
    ask = bruno.json("ask", "intro", "Qui ?")
    held(bruno, [o["id"] for o in tips])
    held(alice, [ask["id"]])
    value = bruno.json("value", "--since", "30d")
    assert value["schema"] == 1 and value["first_contact_s"] is None
    assert (value["given"]["tips"], value["received"]["tips"]) == (1, 2)
    assert value["asks"] == {"asked": 1, "open": 1, "solved": 0}
    assert value["received"]["won"] == 0 and value["received"]["amounts"] == []
    bruno.restart("--clock-offset", str(2 * DAY))
    assert bruno.json("value")["received"]["open"] == 1
    assert bruno.json("value", "--since", "1d")["received"]["tips"] == 0
    rows = [line.split() for line in bruno.tuyau("value").out.splitlines()]
    assert ["tips", "1", "2"] in rows
    bruno.fails(2, "T-USAGE", "value", "--since", "x")
