"""A tip travels: giving, finding, showing; what programs and people see of it."""

import json
import re
import time

import pytest

from world import ROOT, RpcError, wait_until

ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{16}")
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
FIXTURES = ROOT / "tests" / "fixtures" / "tips"
DAY = 86400


@pytest.fixture
def pair(world):
    return world.circle("alice", "bruno")


def seconds(text):
    return time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def held(node, ids):
    def all_there():
        for one in ids:
            try:
                node.rpc("show", {"id": one})
            except RpcError as error:
                assert error.code == "T-NOT-FOUND"
                return False
        return True

    return wait_until(all_there, what=f"{ids} at {node.name}", every=0.01)


def test_a_tip_travels(pair):
    alice, bruno = pair
    given = alice.tip(
        "Wi-Fi à refaire, 3 entrepôts",
        *("-c", "Laiterie du Val d'Oust", "--role", "resp. logistique", "--warm", "3"),
        *("--tag", "wifi", "--tag", "réseau", "--told", "--need", "Trois sites, budget voté."),
        *("--link", "client", "--budget", "5-20k", "--when", "2026-03", "--place", "Redon"),
        *("--reward", "un café", "--lang", "fr", "--claims", "pick", "--for", "bruno"),
    )
    began = time.monotonic()
    held(bruno, [given["id"]])
    assert time.monotonic() - began < 5, "a connected friend has it in seconds"
    shown = bruno.json("show", given["id"])
    for one in (given, shown):
        assert one["schema"] == 1 and ID.fullmatch(one["id"])
        assert one["id"].startswith(one["short"]) and len(one["short"]) >= 4
        assert one["kind"] == "tip" and one["circle"] == "vendredi-18h" and one["from"] == "alice"
        assert RFC3339.fullmatch(one["created"]) and RFC3339.fullmatch(one["expires"])
        assert round((seconds(one["expires"]) - seconds(one["created"])) / DAY) == 30
        assert one["state"] == "open" and one["title"] == "Wi-Fi à refaire, 3 entrepôts"
        assert one["company"]["name"] == "Laiterie du Val d'Oust"
        assert one["role"] == "resp. logistique" and one["warmth"] == 3 and one["told"] is True
        assert one["tags"] == ["wifi", "réseau"] and one["matched"] == []
        assert one["need"] == "Trois sites, budget voté." and one["lang"] == "fr"
        assert (one["link"], one["budget"], one["when"]) == ("client", "5-20k", "2026-03")
        assert (one["place"], one["reward"], one["claims"]) == ("Redon", "un café", "pick")
        assert one["for"] == "bruno" and isinstance(one["next"], list)
        assert set(one["delivery"]) == {"peers", "have_it"} and one["delivery"]["peers"] == 1
    assert given["mine"] is True and shown["mine"] is False
    wait_until(
        lambda: alice.json("show", given["id"])["delivery"] == {"peers": 1, "have_it": 1},
        what="the giver sees that it arrived",
    )
    listed = bruno.json("inbox")
    assert [o["id"] for o in listed] == [given["id"]]
    assert bruno.json("show", given["short"].lower())["id"] == given["id"]


def test_the_shortest_tip(pair):
    alice, bruno = pair
    given = alice.tip("Payroll tender in March")
    assert given["company"] is None and given["tags"] == [] and given["need"] is None
    held(bruno, [given["id"]])
    assert bruno.json("show", given["id"])["title"] == "Payroll tender in March"


def test_show_without_an_id_is_of_the_last_one(pair):
    alice, bruno = pair
    error = alice.fails(2, "T-USAGE", "show")
    assert "tuyau show ID" in error["hint"]
    given = alice.tip("La dernière donnée")
    assert alice.json("show")["id"] == given["id"]
    assert alice.tuyau("show", "-q").out == given["id"] + "\n"
    asked = alice.json("ask", "intro", "Qui achète ici ?", "--blurb", "Bonjour")
    assert alice.tuyau("show", "--blurb").out == "Bonjour\n"
    alice.json("show", given["short"])
    assert alice.json("show")["id"] == given["id"]
    alice.fails(3, "T-NOT-FOUND", "show", "ZZZZ")
    assert alice.json("show")["id"] == given["id"], "what was not found was not shown"
    assert (alice.home / "last").stat().st_mode & 0o777 == 0o600
    held(bruno, [given["id"], asked["id"]])
    bruno.fails(2, "T-USAGE", "show")  # what others gave was not shown here
    bruno.json("inbox")
    bruno.fails(2, "T-USAGE", "show")  # a list is not one thing


def test_inbox_is_of_others(pair):
    alice, bruno = pair
    mine = alice.tip("De moi")
    theirs = bruno.tip("De lui")
    asked = bruno.json("ask", "intro", "Qui achète chez Saint-Clair ?", "-c", "Saint-Clair")
    held(alice, [theirs["id"], asked["id"]])
    assert {o["id"] for o in alice.json("inbox")} == {theirs["id"], asked["id"]}
    assert {o["id"] for o in alice.json()} == {theirs["id"], asked["id"]}  # tuyau alone
    assert {o["id"] for o in alice.json("inbox", "--mine")} == {mine["id"]}
    assert {o["id"] for o in alice.inbox()} == {mine["id"], theirs["id"], asked["id"]}
    assert {o["id"] for o in alice.json("inbox", "kind:tip")} == {theirs["id"]}
    assert {o["id"] for o in alice.json("inbox", "kind:intro")} == {asked["id"]}
    assert {o["id"] for o in alice.inbox("from:alice")} == {mine["id"]}
    assert len(alice.inbox("--limit", "1")) == 1
    for_me = bruno.tip("Pour toi", "--for", "alice")
    held(alice, [for_me["id"]])
    assert [o["id"] for o in alice.json("inbox", "--for-me")] == [for_me["id"]]
    alice.fails(2, "T-USAGE", "inbox", "blabla")


@pytest.mark.parametrize(
    "kind,days", [("profile", 30), ("intro", 14), ("vouch", 30), ("news", 14), ("supplier", 30)]
)
def test_every_kind_of_ask(pair, kind, days):
    alice, bruno = pair
    text = f"Une demande « {kind} », s'il vous plaît"
    given = alice.json("ask", kind, text, "-c", "Éts Lefèvre", "--tag", "achats")
    assert given["kind"] == "ask" and given["ask"] == kind and given["text"] == text
    assert round((seconds(given["expires"]) - seconds(given["created"])) / DAY) == days
    held(bruno, [given["id"]])
    shown = bruno.json("show", given["id"])
    assert (shown["kind"], shown["ask"], shown["text"]) == ("ask", kind, text)
    assert shown["company"]["name"] == "Éts Lefèvre" and shown["from"] == "alice"
    assert shown["tags"] == ["achats"]


def test_asks_have_fields_of_their_own(pair):
    alice, bruno = pair
    given = alice.json(
        *("ask", "profile", "Développeur Java, deux ans", "--skills", "Java, SQL"),
        *("--place", "Rennes", "--role", "chef d'équipe", "--why", "projet", "--until", "5d"),
        *("--blurb", "Bonjour,\nnous cherchons…"),
    )
    assert given["skills"] == "Java, SQL" and given["why"] == "projet"
    assert round((seconds(given["expires"]) - seconds(given["created"])) / DAY) == 5
    held(bruno, [given["id"]])
    assert bruno.json("show", given["id"])["blurb"] == "Bonjour,\nnous cherchons…"
    assert bruno.tuyau("show", given["id"], "--blurb").out == "Bonjour,\nnous cherchons…\n"


def test_needs_come_from_standard_input(pair):
    alice, _ = pair
    need = "Première ligne.\n\n\tDeuxième, avec une tabulation."
    given = alice.json("tip", "Titre", "--need", "-", input=need + "\n")
    assert given["need"] == need
    asked = alice.json("ask", "news", "-", input="Toujours chez Truc ?\n")
    assert asked["text"] == "Toujours chez Truc ?"


def test_a_long_title_becomes_the_text(pair):
    alice, _ = pair
    words = "Ils changent de CRM au premier trimestre et le directeur veut comparer " * 3
    given = alice.tip(words.strip())
    assert given["need"] == words.strip()
    assert given["title"].endswith("…") and len(given["title"].encode()) <= 120
    assert words.startswith(given["title"][:-1].rstrip())
    alice.fails(2, "T-USAGE", "tip", words, "--need", "le texte est pris")


def test_what_a_tip_may_not_be(pair):
    alice, _ = pair
    error = alice.fails(2, "T-USAGE", "tip", "Titre", "--warm", "7")
    assert "0 to 5" in error["message"] + error["hint"]
    alice.fails(2, "T-USAGE", "tip", "Titre", "--warm", "-1")
    alice.fails(2, "T-USAGE", "tip")
    alice.fails(2, "T-USAGE", "tip", "")
    alice.fails(2, "T-USAGE", "tip", "Titre", "--need", "x" * 2001)
    alice.fails(2, "T-USAGE", "tip", "Titre", "-c", "x" * 121)
    alice.fails(2, "T-USAGE", "tip", "Titre", *[w for i in range(9) for w in ("--tag", f"t{i}")])
    alice.fails(2, "T-USAGE", "tip", "Titre", "--life", "91d")
    alice.fails(2, "T-USAGE", "tip", "Titre", "--life", "bientôt")
    alice.fails(2, "T-USAGE", "tip", "Titre", "--link", "voisin")
    alice.fails(2, "T-USAGE", "tip", "Titre", "--claims", "beaucoup")
    alice.fails(2, "T-USAGE", "tip", "Ligne\x1b[2J")
    alice.fails(2, "T-USAGE", "tip", "Gauche\u202eetiord")
    alice.fails(2, "T-USAGE", "tip", b"pas de l'UTF-8 \xff".decode("utf-8", "surrogateescape"))
    error = alice.fails(2, "T-USAGE", "tip", "Titre", "--compny", "X")
    assert "--company" in error["hint"] + error["message"]
    alice.fails(2, "T-USAGE", "ask", "autre", "texte")
    alice.fails(2, "T-USAGE", "ask", "intro")
    alice.fails(2, "T-USAGE", "ask", "intro", "x" * 1001)
    alice.fails(1, "T-NOT-YET", "contact")
    assert alice.inbox() == []


def test_tips_expire(world):
    alice, bruno = world.circle("alice", "bruno")
    short = alice.tip("Bientôt fini", "--life", "1d")
    long = alice.tip("Encore longtemps", "--life", "90d")
    held(bruno, [short["id"], long["id"]])
    bruno.restart("--clock-offset", str(2 * DAY))
    assert [o["id"] for o in bruno.json("inbox")] == [long["id"]]
    assert bruno.json("show", short["id"])["state"] == "expired"
    assert bruno.json("show", long["id"])["state"] == "open"
    assert {o["id"] for o in bruno.inbox("state:expired")} == {short["id"]}
    assert bruno.status()["clock_offset"] == 2 * DAY
    world.agree([alice, bruno])  # what is shown never changes what is held


def test_prefixes(pair):
    alice, _ = pair
    error = alice.fails(3, "T-NOT-FOUND", "show", "0000")
    assert "0000" in error["message"]
    given = alice.tip("Wi-Fi à refaire")
    wrong = given["id"][:3] + ("0" if given["id"][3] != "0" else "1")
    error = alice.fails(3, "T-NOT-FOUND", "show", wrong)
    assert given["short"] in error["message"] + error["hint"], error  # did you mean
    alice.fails(2, "T-USAGE", "show", given["id"][:3])
    alice.fails(2, "T-USAGE", "show", "pas un id !")
    alice.fails(2, "T-USAGE", "show", given["id"], given["id"])
    # Crockford: O is 0, I and L are 1
    typed = given["id"].lower().replace("0", "o").replace("1", "l")
    assert alice.json("show", typed)["id"] == given["id"]


def test_ambiguous_prefixes_are_told(pair):
    """4 characters are 20 bits: a few thousand objects make two alike for certain enough."""
    alice, _ = pair
    seen = {}
    twins = None
    with_rpc = alice.rpc
    for batch in range(80):
        for i in range(50):
            one = with_rpc("tip", {"fields": {"title": f"Tuyau {batch}.{i}"}})
            other = seen.setdefault(one["id"][:4], one)
            if other is not one:
                twins = (other, one)
                break
        if twins:
            break
    assert twins, "no two ids of 4,000 began alike: (1 - 2^-20)^(8 million) = 0.05 %"
    error = alice.fails(5, "T-AMBIGUOUS", "show", twins[0]["id"][:4])
    text = error["message"] + error["hint"]
    for twin in twins:
        shown = alice.json("show", twin["id"])
        assert shown["title"] == twin["title"]
        assert len(shown["short"]) > 4 and shown["short"] in text, error
        assert alice.json("show", shown["short"])["id"] == twin["id"]


def test_json_fields_quiet_and_tabs(pair):
    alice, bruno = pair
    one = bruno.tip("Wi-Fi à refaire", "-c", "Laiterie", "--warm", "3", "--tag", "wifi")
    two = bruno.tip("Avec\u00a0espace insécable", "--warm", "0")
    held(alice, [one["id"], two["id"]])
    picked = alice.tuyau("inbox", "--json=id,title").json
    assert [set(o) for o in picked] == [{"id", "title"}] * 2
    assert {o["id"] for o in picked} == {one["id"], two["id"]}
    assert alice.tuyau("show", one["id"], "--json=warmth").json == {"warmth": 3}
    assert alice.tuyau("show", one["id"], "-q").out == one["id"] + "\n"
    assert set(alice.tuyau("-q").out.split()) == {one["id"], two["id"]}
    lines = alice.tuyau("inbox").out.splitlines()
    assert len(lines) == 2 and "\x1b" not in "".join(lines)
    row = next(line for line in lines if one["id"] in line).split("\t")
    assert row[0] == one["id"] and "bruno" in row and "3" in row
    assert any("Wi-Fi à refaire" in cell for cell in row)
    given = bruno.tuyau("tip", "En tuyau", "-q").out
    assert ID.fullmatch(given.strip())
    tabs = bruno.tuyau("tip", "En colonnes").out.rstrip("\n").split("\t")
    assert ID.fullmatch(tabs[0]) and tabs[1] == "open"
    assert "title\t" in alice.tuyau("show", one["id"]).out.lower()
    assert alice.tuyau("status", "--json=listen").json == {"listen": f"127.0.0.1:{alice.port}"}


def test_global_options_stand_anywhere(pair):
    alice, _ = pair
    for args in (
        ["--json", "tip", "Un", "-C", "vendredi-18h"],
        ["tip", "-C", "vendredi-18h", "Deux", "--json"],
        ["-Cvendredi-18h", "tip", "--json", "Trois", "--no-input", "-y"],
        ["tip", "--json", "--", "--json"],
        ["tip", "--json", "--", "-C", "n'est plus une option"],
    ):
        given = alice.tuyau(*args).json
        assert given["circle"] == "vendredi-18h"
    assert set(alice.titles()) == {"Un", "Deux", "Trois", "--json", "-C n'est plus une option"}
    assert alice.tuyau("donne", "Cinq", "--json").json["title"] == "Cinq"
    assert alice.tuyau("demande", "news", "Six", "--json").json["ask"] == "news"


def test_search(pair):
    alice, bruno = pair
    given = {
        line["id"]: alice.json(
            *line["kind"].replace("whereabouts", "news").split("."),
            line["text"],
            *(["-c", line["company"]] if line.get("company") else []),
            *[word for tag in line.get("tags", []) for word in ("--tag", tag)],
        )["id"]
        for line in fixture_tips()
    }
    held(bruno, list(given.values()))
    names = {object_id: name for name, object_id in given.items()}
    wanted = found = 0
    for query, words, unwanted in fixture_queries():
        hits = bruno.json("search", query)
        for hit in hits:
            assert isinstance(hit["near"], bool) and isinstance(hit["score"], (int, float))
        ids = {names[hit["id"]] for hit in hits}
        wanted += len(words)
        found += len(words & ids)
        first = {names[hit["id"]] for hit in hits if not hit["near"]}
        assert not first & unwanted, (query, first)
    assert wanted == 47 and found >= 45, f"{found} of {wanted}"
    assert bruno.json("search", "zzzzzz") == []
    assert bruno.tuyau("search", "wifi", "-q").out.split()
    assert bruno.tuyau("search", "wifi", "from:alice", "--json").json
    assert bruno.tuyau("search", "wifi", "from:bruno", "--json").json == []
    bruno.fails(2, "T-USAGE", "search")
    bruno.fails(2, "T-USAGE", "search", "?!")


def fixture_tips():
    rows = [json.loads(line) for line in (FIXTURES / "tips.jsonl").read_text().splitlines()]
    assert len(rows) == 30
    return rows


def fixture_queries():
    """(query, wanted by words, not wanted) of the fixture."""
    rows = []
    for line in (FIXTURES / "queries.tsv").read_text().splitlines():
        if line.startswith("#") or not line.strip():
            continue
        cells = line.split("\t")
        rows.append(
            (cells[0], set((cells[1:2] or [""])[0].split()), set((cells[3:4] or [""])[0].split()))
        )
    return rows


def test_accents_and_hyphens_in_search(pair):
    alice, bruno = pair
    one = alice.tip("Cyber-sécurité à revoir", "-c", "Éts Lefèvre", "--need", "L'entrepôt brûle")
    held(bruno, [one["id"]])
    for query in ("cybersécurité", "CYBER securite", "cyber-securite", "lefevre", "entrepot"):
        assert [o["id"] for o in bruno.json("search", query)] == [one["id"]], query
    assert bruno.json("search", "cyber", "zzz") == []


def test_wait(pair):
    alice, bruno = pair
    given = alice.tuyau("tip", "Attendu", "--wait", "--json").json
    assert given["delivery"] == {"peers": 1, "have_it": 1}
    assert held(bruno, [given["id"]])
    given = alice.tuyau("tip", "Attendu encore", "--wait=1", "--json").json
    assert given["delivery"]["have_it"] == 1


def test_wait_alone_says_at_once_that_nobody_is_there(world, pair):
    alice, bruno = pair
    bruno.stop()
    wait_until(lambda: alice.circle()["online"] == 1, what="alice sees that bruno is gone")
    began = time.monotonic()
    ran = alice.tuyau("--json", "tip", "Seule", "--wait", exit=8)
    assert time.monotonic() - began < 20, "not after all the time that it may take"
    assert ran.out == ""
    document = json.loads(ran.err)
    assert document["error"]["code"] == "T-UNDELIVERED" and document["id"]
    message = document["error"]["message"]
    assert "Saved" in message and "Nobody else is online" in message
    assert "bruno" in message.lower()
    bruno.start()
    world.agree([alice, bruno])
    assert bruno.titles() == ["Seule"]


def test_whom_it_is_for_is_somebody_of_the_circle(pair):
    alice, bruno = pair
    bruno.json("profile", "set", "seat=Assurances")

    def seat_known():
        return alice.json("profile", "show", "bruno")["seat"] == "Assurances"

    wait_until(seat_known, what="bruno's seat")
    for whom in ("bruno", "Bruno Le Gall", "BRUNO", "@assurances"):
        assert alice.tip("Pour toi", "--for", whom)["for"] == whom
    assert "for" not in alice.tip("Pour tous", "--for", "any")
    error = alice.fails(3, "T-NOT-FOUND", "tip", "Pour qui", "--for", "brunno")
    assert "brunno" in error["message"]
    error = alice.fails(3, "T-NOT-FOUND", "ask", "intro", "Qui ?", "--for", "@plombier")
    assert "plombier" in error["message"]
    assert "Pour qui" not in alice.titles(), "nothing of it was written"


def test_a_budget_is_one_of_the_bands(pair):
    alice, _ = pair
    for band in ("0-1k", "1-5k", "5-20k", "20-100k", "100k+"):
        assert alice.tip("Wi-Fi", "--budget", band)["budget"] == band
    error = alice.fails(2, "T-USAGE", "tip", "Wi-Fi", "--budget", "7000")
    assert "5-20k" in error["message"]


def test_fields_survive_as_typed(pair):
    alice, bruno = pair
    texts = {
        "emoji": "👩🏽‍🚒 e\u0301 日本語 — «guillemets»",
        "tsv": 'a\tb"c\\d',
        "html": "<b>&amp;</b> $(rm) `x` ; ' %s %n",
        "long": "é" * 1000,
    }
    ids = {}
    for name, text in texts.items():
        ids[name] = alice.json("tip", name, "--need", text)["id"]
    held(bruno, list(ids.values()))
    for name, text in texts.items():
        assert bruno.json("show", ids[name])["need"] == text
        assert len(bruno.tuyau("show", ids[name]).out.splitlines()) < 30


def test_help_and_version(world):
    nobody = world.node("nobody", start=False)
    version = nobody.tuyau("version").out
    assert re.fullmatch(r"tuyau \d+\.\d+\.\d+\n", version)
    assert nobody.tuyau("--version").out == version == nobody.tuyau("-V").out
    assert nobody.json("version")["version"] == version.split()[1]
    overview = nobody.tuyau("help").out
    for command in "new invite join profile tip ask inbox show search circle status version".split():
        assert f"  {command} " in overview
        help_of = nobody.tuyau("help", command).out
        assert "Usage: tuyau " + command in help_of and help_of.startswith("  tuyau")
        assert nobody.tuyau(command, "--help").out == help_of == nobody.tuyau("-h", command).out
    assert nobody.tuyau("--help").out == overview
    error = nobody.fails(2, "T-USAGE", "tipp", "x")
    assert "tip" in error["hint"]
    human = nobody.tuyau("tipp", exit=2)
    assert human.out == "" and human.err.startswith("T-USAGE ")
