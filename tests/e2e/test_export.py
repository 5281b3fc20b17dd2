"""export: everything of one's own as files, whole or not at all; what is held about one person."""

import csv
import io
import json
import subprocess

from test_calendar import parsed
from test_life import NAME, PHONE, give, shown

ASKED = "Iris Quéméner"


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def rows(path):
    data = path.read_bytes()
    assert data.endswith(b"\r\n")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8"), newline="")))


def a_life(world):
    """Two who have given, asked, answered and signed; the ids."""
    nodes = alice, bruno, chloe = world.circle("alice", "bruno", "chloe")
    ids = {
        "tip": give(bruno)["id"],
        "formula": bruno.tuyau("tip", "=HYPERLINK(\"http://x\")", "--need", '+1, "2"\nthree', "-q").out.strip(),
        "other": chloe.tip("Salle à repeindre")["id"],
        "ask": bruno.json("ask", "intro", "Qui connaît les achats ?", "-c", "Verrerie")["id"],
        "vouch": alice.json("ask", "vouch", "Pouvez-vous nous recommander ?", "-c", "Duval")["id"],
    }  # fmt: skip
    world.agree(nodes)
    alice.json("claim", ids["tip"])
    shown(alice, ids["tip"], state="awarded")
    chloe.json("answer", ids["ask"], "--who", ASKED, "--phone", "01 99 00 45 67", "--told")
    for verb, *more in (
        ["write", "--relation", "client", "--since", "2022", "--fact", f"vu chez {ASKED}", "--limits", "le reste"],
        ["sign"],
        ["revoke", "--out", str(world.dir)],
    ):  # fmt: skip
        bruno.json("vouch", verb, ids["vouch"], *more)
    bruno.json("watch", "add", "quemener")
    world.agree(nodes)
    shown(bruno, ids["ask"], answered=1)
    return nodes, ids


def test_everything_of_ones_own_is_in_a_new_directory(world):
    (alice, bruno, chloe), ids = a_life(world)
    bruno.json("profile", "set", "reach=06 39 98 55 77 le matin, bruno@legall.example")
    place = world.dir / "out"
    done = bruno.json("export", place)
    assert done["dir"] == str(place)
    counts = {row["file"]: row["count"] for row in done["files"]}
    there = {str(p.relative_to(place)) for p in place.rglob("*")}
    assert set(counts) - {"letters/"} <= there and "letters" in there
    assert place.stat().st_mode & 0o777 == 0o700
    for path in place.rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600)
    assert not list(world.dir.glob("*.part*"))

    objects = {o["id"]: o for o in lines(place / "objects.ndjson")}
    assert set(objects) == {ids["tip"], ids["formula"], ids["ask"]}
    assert objects[ids["tip"]]["sealed"]["name"] == NAME
    assert objects[ids["ask"]]["answers"][0]["name"] == ASKED
    assert counts["objects.ndjson"] == 3

    tips = {row["id"]: row for row in rows(place / "tips.csv")}
    assert set(tips) == {ids["tip"], ids["formula"]}
    assert tips[ids["tip"]]["contact_name"] == NAME and tips[ids["tip"]]["awarded_to"] == "alice"
    assert tips[ids["tip"]]["company"] == "Laiterie du Val d'Oust"
    assert tips[ids["formula"]]["title"].startswith("'=HYPERLINK")
    assert tips[ids["formula"]]["need"] == "'+1, \"2\"\nthree"

    assert list(parsed((place / "calendar.ics").read_bytes())) == [f"{ids['ask']}@tuyau"]
    cards = (place / "members.vcf").read_bytes().decode()
    assert cards.count("BEGIN:VCARD\r\nVERSION:4.0\r\n") == 2
    assert "FN:Alice Martin\r\nN:Martin;Alice;;;\r\nORG:Armor Infogérance\r\n" in cards
    mine = bruno.tuyau("profile", "--vcard").out
    assert "FN:Bruno Le Gall\nN:Le Gall;Bruno;;;\nORG:Cabinet Le Gall\n" in mine
    assert "TEL:06 39 98 55 77\nEMAIL:bruno@legall.example\n" in mine
    assert (place / "profile.vcf").read_text() == mine
    assert lines(place / "circles.ndjson")[0]["name"] == "Vendredi 18h"
    assert lines(place / "watches.ndjson")[0]["query"] == "quemener"
    assert {row["what"] for row in lines(place / "audit.ndjson")} >= {"named", "awarded", "exported"}
    for name in counts:
        assert name in (place / "README.txt").read_text()

    (letter,) = (place / "letters").glob("*.revoked")
    text = letter.with_suffix("")
    assert ASKED in text.read_text() and text.with_name(text.name + ".minisig").exists()
    key = bruno.json("vouch", "list")[0]["key"]
    for path in (text, letter):
        subprocess.run(["minisign", "-Vm", path, "-P", key], check=True, stdout=subprocess.DEVNULL)

    everything = world.dir / "all"
    bruno.tuyau("export", everything, "--all", "-q")
    assert ids["other"] in {o["id"] for o in lines(everything / "objects.ndjson")}
    theirs = world.dir / "theirs"
    assert alice.tuyau("export", theirs).out == f"{theirs}\n"
    assert {o["id"] for o in lines(theirs / "objects.ndjson")} == {ids["tip"], ids["vouch"]}


def test_an_export_is_whole_or_not_there(world):
    alice = world.node("alice")
    alice.new()
    place = world.dir / "out"
    place.mkdir()
    (place / "mine").write_text("stays")
    error = alice.fails(7, "T-EXISTS", "export", place)
    assert error["hint"] == f"tuyau export {place}-2"
    assert [p.name for p in place.iterdir()] == ["mine"]
    alice.fails(1, "T-OUTPUT", "export", world.dir / "none" / "out")
    alice.fails(2, "T-USAGE", "export", place, "--about", "Alice")
    alice.fails(2, "T-USAGE", "export", "--about", "!")

    later = world.dir / "later"
    alice.stop()
    alice.fails(4, "T-NO-DAEMON", "export", later)
    assert not later.exists() and not list(world.dir.glob("later*"))
    alice.start()
    alice.json("export", later)
    assert (later / "tips.csv").read_bytes().count(b"\r\n") == 1  # the head only
    assert (later / "objects.ndjson").read_bytes() == b""


def test_what_is_held_about_a_person_is_found_in_all_of_it(world):
    (alice, bruno, chloe), ids = a_life(world)
    about = bruno.json("export", "--about", "quemener IRIS")
    assert [o["id"] for o in about["objects"]] == [ids["ask"]]  # in an answer that only he reads
    assert len(about["letters"]) == 1 and about["watches"] == [] and about["profiles"] == []
    assert bruno.json("export", "--about", "Quéméner")["watches"][0]["query"] == "quemener"
    assert [o["id"] for o in chloe.json("export", "--about", ASKED)["objects"]] == [ids["ask"]]
    text = bruno.tuyau("export", "--about", ASKED).out
    assert f"answers.name: {ASKED}" in text and "answers.phone: 01 99 00 45 67" in text
    assert "vu chez" in text

    for node, held in ((bruno, True), (alice, True), (chloe, False)):
        found = node.json("export", "--about", "noe kervella")
        assert [o["id"] for o in found["objects"]] == ([ids["tip"]] if held else [])
        assert (PHONE in node.tuyau("export", "--about", "noe kervella").out) == held
    nothing = chloe.tuyau("export", "--about", NAME)
    assert nothing.out == f"This node holds nothing that names {NAME}.\n"
    assert chloe.tuyau("export", "--about", NAME, "-q").out == ""
    assert [p["name"] for p in chloe.json("export", "--about", "Bruno Le Gall")["profiles"]] == [
        "Bruno Le Gall"
    ]
    assert "accessed" in {row["what"] for row in chloe.json("audit")}
    assert NAME not in json.dumps(chloe.json("audit"))


def test_pages_have_all_of_a_larger_store(world):
    alice = world.node("alice")
    alice.new()
    titles = [f"Affaire {i}" for i in range(150)]
    for title in titles:
        alice.rpc("tip", {"fields": {"title": title}})
    place = world.dir / "out"
    alice.json("export", place)
    assert [o["title"] for o in lines(place / "objects.ndjson")] == titles
    assert [o["title"] for o in alice.json("export", "--about", "affaire 77")["objects"]] == ["Affaire 77"]
    page = alice.rpc("export")
    assert len(page["objects"]) == 64 and page["position"]
