"""Answers to asks: how far they got, what nobody learns, asks for some only, letters handed over."""

from test_life import give, holds, show, shown
from world import run, wait_until, TUYAU

DAY = 86400


def answered(bruno, id, count):
    return wait_until(
        lambda: len(show(bruno, id).get("answers", [])) == count and show(bruno, id)["answers"]
    )


def states(node, id):
    return {a["from"]: a["state"] for a in show(node, id).get("answers", [])}


def test_an_answer_goes_from_sent_to_done(world):
    nodes = bruno, chloe, emma = world.circle("bruno", "chloe", "emma")
    id = bruno.json("ask", "intro", "Qui achète chez Verrerie ?", "-c", "Verrerie")["id"]
    world.agree(nodes)
    chloe.json("answer", id, "--intro", "Je la connais")
    emma.json("answer", id, "--relay", "Mon frère y travaille")
    answered(bruno, id, 2)
    assert states(bruno, id) == {"chloe": "sent", "emma": "sent"}
    assert states(chloe, id) == {"chloe": "sent"}
    bruno.fails(6, "T-NOT-ALLOWED", "done", id, "--met", "--with", "chloe")
    bruno.json("accept", id, "chloe")
    bruno.json("accept", id, "emma")
    wait_until(lambda: states(chloe, id) == {"chloe": "accepted"})
    for step in ("asked", "agreed", "introduced", "met"):
        chloe.json("done", id, f"--{step}")
        wait_until(lambda s=step: states(bruno, id)["chloe"] == s)
    error = bruno.fails(5, "T-AMBIGUOUS", "done", id, "--done")
    assert "--with" in error["hint"]
    assert states(bruno, id)["emma"] == "accepted"
    bruno.json("done", id, "--done", "--with", "chloe")
    wait_until(lambda: states(chloe, id) == {"chloe": "done"})
    bruno.json("solved", id)
    assert states(bruno, id) == {"chloe": "done", "emma": "accepted"}


def test_a_refusal_is_kept_by_the_answerer_and_the_asker_sees_it_lapse(world):
    nodes = bruno, chloe = world.circle("bruno", "chloe")
    id = bruno.json("ask", "intro", "Qui achète chez Verrerie ?", "--until", "25d")["id"]
    late = bruno.json("ask", "profile", "Un chef de projet", "--until", "25d")["id"]
    world.agree(nodes)
    chloe.json("answer", id, "Je lui demande")
    chloe.json("answer", late, "Peut-être")
    answered(bruno, id, 1)
    answered(bruno, late, 1)
    bruno.json("accept", id)
    wait_until(lambda: states(chloe, id) == {"chloe": "accepted"})
    chloe.json("done", id, "--asked")
    wait_until(lambda: states(bruno, id) == {"chloe": "asked"})
    world.agree(nodes)
    before = bruno.status()["circles"][0]["digest"]
    chloe.json("done", id, "--refused")
    bruno.fails(6, "T-NOT-ALLOWED", "done", id, "--refused")
    assert states(chloe, id) == {"chloe": "refused"}
    assert id not in [o["id"] for o in chloe.json("inbox") if o["part"] == "moves"]
    world.agree(nodes)
    assert bruno.status()["circles"][0]["digest"] == before  # nothing was written
    assert states(bruno, id) == {"chloe": "asked"}
    for node in nodes:
        node.restart("--clock-offset", str(6 * DAY))
    assert states(bruno, id) == {"chloe": "asked"}
    for node in nodes:
        node.restart("--clock-offset", str(8 * DAY))
    world.meet(nodes)
    assert states(bruno, id) == {"chloe": "lapsed"} and states(chloe, id) == {"chloe": "refused"}
    assert states(bruno, late) == {"chloe": "lapsed"}
    bruno.json("accept", late)  # it is not too late
    wait_until(lambda: states(chloe, late) == {"chloe": "accepted"})
    chloe.json("done", id, "--agreed")  # nor here: she thought it over
    wait_until(lambda: states(bruno, id) == {"chloe": "agreed"})


def test_the_count_of_answers_is_hidden(world):
    nodes = bruno, chloe, emma = world.circle("bruno", "chloe", "emma")
    ask = bruno.json("ask", "profile", "Comptable, mi-temps", "--hide-count")
    id = ask["id"]
    assert ask["hide_count"] is True
    world.agree(nodes)
    chloe.json("answer", id, "--me", "Moi")
    answered(bruno, id, 1)
    assert show(bruno, id)["answered"] == 1
    world.agree(nodes)
    seen = show(emma, id)
    assert seen["answered"] is None and seen["state"] == "open" and "answers" not in seen
    assert states(chloe, id) == {"chloe": "sent"}
    chloe.json("withdraw", id)
    wait_until(lambda: show(bruno, id)["answered"] == 0)
    world.agree(nodes)
    assert show(emma, id)["state"] == "open"


def test_an_ask_for_some_is_read_and_answered_by_them_only(world):
    nodes = bruno, chloe, emma, farid = world.circle("bruno", "chloe", "emma", "farid")
    secret = "Qu'est devenue Maud Kervella, de Truc ?"
    ask = bruno.json("ask", "news", secret, "--to", "chloe", "--to", "emma")
    id = ask["id"]
    assert ask["to"] == ["chloe", "emma"]
    bruno.fails(3, "T-NOT-FOUND", "ask", "news", "Et lui ?", "--to", "personne")
    bruno.fails(2, "T-USAGE", "ask", "news", "Et lui ?", "--to", "bruno")
    world.agree(nodes)
    assert [o["id"] for o in chloe.json("search", "Kervella")] == [id]
    assert farid.tuyau("show", id, "--json", exit=None).rc == 3
    assert farid.json("search", "Kervella") == [] and farid.inbox() == []
    chloe.json("answer", id, "--moved", "Machin SA", "--as-of", "2026-01")
    got = answered(bruno, id, 1)[0]
    assert got["company"] == "Machin SA" and got["as_of"] == "2026-01"
    assert "answers" not in show(emma, id)
    edited = bruno.json("edit", id, "--need", secret + " (la comptable)")
    assert edited["text"].endswith("(la comptable)")
    wait_until(lambda: show(emma, id)["text"].endswith("(la comptable)"))
    bruno.json("accept", id)
    bruno.json("solved", id)
    for node in (bruno, chloe, emma):
        shown(node, id, state="solved")
    world.agree(nodes)
    assert farid.tuyau("show", id, "--json", exit=None).rc == 3
    farid.stop()
    assert not holds(farid, "Kervella")
    farid.start()
    said = bruno.tuyau("ask", "news", "Paul est-il encore chez Truc ?").err
    assert "--to" in said


def test_a_letter_reaches_the_asker_and_its_revocation_too(world, tmp_path):
    nodes = alice, farid, emma = world.circle("alice", "farid", "emma")
    id = farid.json("ask", "vouch", "Pouvez-vous rassurer leur directrice ?", "--lang", "fr",
                    "--role", "la directrice")["id"]  # fmt: skip
    world.agree(nodes)
    emma.json("answer", id, "--call", "Je l'appelle demain")
    farid.fails(3, "T-NOT-FOUND", "vouch", "get", id)
    alice.json("vouch", "write", id, "--relation", "cliente", "--fact", "délais tenus",
               "--limits", "au-delà de 500 personnes")  # fmt: skip
    alice.json("vouch", "sign", id)
    sent = alice.json("vouch", "send", id, "--out", str(tmp_path))
    assert sent["asker"] == "farid"
    alice.json("vouch", "send", id, "--out", str(tmp_path))  # once more is the same
    answers = {a["from"]: a for a in answered(farid, id, 2)}
    assert answers["alice"]["how"] == "letter" and answers["emma"]["how"] == "call"
    assert "letter" not in answers["alice"]
    assert "answers" not in show(emma, id) or [a["from"] for a in show(emma, id)["answers"]] == ["emma"]

    mail = tmp_path / "got"
    mail.mkdir()
    got = farid.json("vouch", "get", id, "--out", str(mail))
    assert (got["state"], got["from"], got["number"]) == ("good", "alice", sent["number"])
    assert got["text"] == sent["text"] and got["signature"] == sent["signature"]
    assert (mail / got["file"]).read_text() == sent["text"]
    ran = run([TUYAU, "--home", farid.home, "verify", mail / got["file"], "--json"], farid.home_env)
    assert ran.json["letter"]["number"] == sent["number"], ran
    emma.fails(6, "T-NOT-ALLOWED", "vouch", "get", id)
    alice.json("vouch", "revoke", sent["number"], "--out", str(tmp_path))
    wait_until(lambda: farid.json("vouch", "get", id, "--out", str(mail))["state"] == "revoked")
    assert "revoked" in farid.tuyau("vouch", "get", id, "--out", str(mail)).err
    farid.restart("--clock-offset", str(89 * DAY))
    world.agree(nodes)
    emma.stop()
    assert not holds(emma, "délais tenus")
    emma.start()


def test_first_contacts_are_found_by_when_they_are_due(world):
    nodes = alice, bruno, david = world.circle("alice", "bruno", "david")
    first = give(david)["id"]
    second = give(david)["id"]
    give(david)
    world.agree(nodes)

    def due(node, filter, *options):
        return {o["id"] for o in node.json("inbox", filter, *options)}

    assert due(alice, "due:<2d") == set()
    alice.json("claim", first)
    alice.json("claim", second)
    shown(david, second, state="awarded")
    assert due(alice, "due:<3d") == {first, second} and not due(alice, "due:<1d")
    assert due(david, "due:<3d") == {first, second} and not due(bruno, "due:<3d")
    found = alice.json("search", "wifi", "due:<3d", "tag:wifi")
    assert {o["id"] for o in found} == {first, second}
    alice.json("done", first, "--contacted")
    assert due(alice, "due:<3d") == {second}
    for node in nodes:
        node.restart("--clock-offset", str(3 * DAY))
    assert due(alice, "due:<=0d") == {second} and not due(alice, "due:>1d")
    alice.fails(2, "T-USAGE", "inbox", "due:2d")
    alice.fails(2, "T-USAGE", "watch", "add", "due:<2d")
