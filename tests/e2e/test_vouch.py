"""Vouch letters: from the request to the revocation, checked by minisign and by tuyau verify."""

import json
import re
import shutil
import subprocess

import pytest

from world import ROOT, run, wait_until, TUYAU

FIXTURES = ROOT / "tests" / "fixtures" / "vouch"
MINISIGN = shutil.which("minisign", path="/usr/bin:/usr/local/bin")
DAY = 86400

GIVEN = (
    *("--relation", "cliente depuis mars 2022, deux clôtures d'exercice menées ensemble"),
    *("--fact", "délais tenus les deux années", "--fact", "un seul interlocuteur"),
    *("--limits", "leur tenue sur un groupe de plus de 500 salariés"),
    *("--phone", "01 99 00 45 67"),
)


def minisign(*args, exit=0):
    """Debian's minisign, which contrib/lib.sh installs; a test without it fails."""
    assert MINISIGN, "minisign is not installed: contrib/check --only packages"
    done = subprocess.run(
        [MINISIGN, *(str(a) for a in args)], stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert (done.returncode == 0) == (exit == 0), done
    return done.stdout + done.stderr


def asked(alice, farid, *options):
    """Farid asks for a letter; its id, once alice has it."""
    ask = farid.json(
        *("ask", "vouch", "Finaliste chez Beaumanoir : pouvez-vous rassurer leur directrice ?"),
        *("-c", "Assurances Beaumanoir", "--role", "la directrice financière", "--lang", "fr"),
        *options,
    )
    wait_until(lambda: ask["id"] in [o["id"] for o in alice.inbox()], what="the request is there")
    return ask["id"]


@pytest.fixture
def pair(world):
    return world.circle("alice", "farid")


@pytest.fixture
def signed(pair):
    """(alice, farid, letter, directory with both files)"""
    alice, farid = pair
    ask = asked(alice, farid)
    alice.json("vouch", "write", ask, *GIVEN)
    alice.json("vouch", "sign", ask)
    where = alice.world.dir / "mail"
    where.mkdir()
    letter = alice.json("vouch", "send", ask, "--out", str(where))
    return alice, farid, letter, where


def verify(world, *args, exit=0):
    """tuyau verify of somebody without a daemon."""
    home = world.dir / "nobody"
    ran = run([TUYAU, "--home", home, "verify", *args, "--json"], world.nodes[0].home_env, exit=exit)
    assert not home.exists(), "verify makes nothing"
    return ran.json if exit == 0 else ran.error


def test_a_letter_from_the_request_to_the_files(pair):
    alice, farid = pair
    ask = asked(alice, farid)
    draft = alice.json("vouch", "write", ask[:6], *GIVEN)
    assert draft["state"] == "drafted" and draft["signature"] is None and draft["ask"] == ask
    assert draft["from"] == "Alice Martin, Armor Infogérance"
    assert draft["for"] == "la directrice financière, Assurances Beaumanoir"
    assert draft["about"] == "Haddad Bureautique" and draft["lang"] == "fr"
    assert draft["facts"] == ["délais tenus les deux années", "un seul interlocuteur"]
    assert draft["callable"] is True and draft["call"] == "01 99 00 45 67"
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{8}", draft["number"])
    assert draft["text"].startswith("LETTRE DE RECOMMANDATION ")
    assert all(len(line) <= 110 for line in draft["text"].splitlines())
    alice.json("profile", "set", "name=Alice Martin-Roy")
    again = alice.json("vouch", "write", ask, "--since", "mars 2022", "--days", "30")
    assert again["from"] == "Alice Martin-Roy, Armor Infogérance"
    assert again["number"] == draft["number"] and again["since"] == "mars 2022"
    assert again["facts"] == draft["facts"]
    alice.fails(7, "T-LETTER-DRAFT", "vouch", "send", ask)
    letter = alice.json("vouch", "sign", ask)
    assert letter["state"] == "signed" and letter["signature"].startswith("untrusted comment: ")
    assert alice.json("vouch", "sign", letter["number"])["signature"] == letter["signature"]
    alice.fails(7, "T-LETTER-SIGNED", "vouch", "write", ask, *GIVEN)
    where = alice.world.dir / "mail"
    where.mkdir()
    alice.restart()
    sent = alice.json("vouch", "send", letter["number"], "--out", str(where))
    assert sent["state"] == "sent"
    assert (where / sent["file"]).read_text() == letter["text"]
    assert (where / (sent["file"] + ".minisig")).read_text() == letter["signature"]
    assert [one["number"] for one in alice.json("vouch", "list")] == [letter["number"]]
    assert farid.json("vouch", "list") == []
    row = alice.tuyau("vouch", "list").out.split("\t")
    assert row[0] == letter["number"] and row[1] == "sent" and row[5].strip() == ask


def test_minisign_accepts_it_and_refuses_one_changed_word(signed):
    alice, _, letter, where = signed
    file = where / letter["file"]
    assert "Signature and comment signature verified" in minisign("-Vm", file, "-P", letter["key"])
    # the line in the letter is what an outsider types
    line = [one for one in letter["text"].splitlines() if one.startswith("Vérifier")][0]
    assert line.split(" : ", 1)[1] == f"minisign -Vm {letter['file']} -P {letter['key']}"
    said = minisign("-Vm", file, "-P", letter["key"])
    assert f"tuyau:vouch v1 id={letter['number']} expires={letter['expires']}" in said
    file.write_text(letter["text"].replace("délais tenus", "délais courts"))
    minisign("-Vm", file, "-P", letter["key"], exit=1)
    assert verify(alice.world, file, exit=1)["code"] == "T-LETTER-CHANGED"


def test_ours_verifies_what_minisign_signed(world):
    alice = world.node("alice")
    file, secret, public = (world.dir / name for name in ("text.txt", "m.key", "m.pub"))
    minisign("-G", "-W", "-p", public, "-s", secret)
    for content, form in ((b"une lettre\n", "-H"), (b"", "-H"), (b"x" * 100000, "-l")):
        file.write_bytes(content)
        minisign("-S", form, "-s", secret, "-m", file, "-t", "un commentaire")
        said = verify(world, file, "--key", public)
        assert said["valid"] is True and said["letter"] is None
        assert said["trusted_comment"] == "un commentaire" and said["legacy"] == (form == "-l")
        key = public.read_text().splitlines()[1]
        sign = world.dir / "elsewhere.sig"
        shutil.move(f"{file}.minisig", sign)
        assert verify(world, file, sign, "--key", key)["key"] == key
        file.write_bytes(content + b"!")
        assert verify(world, file, sign, "--key", key, exit=1)["code"] == "T-LETTER-CHANGED"
    assert verify(world, file, sign, exit=2)["code"] == "T-USAGE"  # whose?
    assert alice.json("vouch", "list") == []


def test_a_letter_that_minisign_signed_must_be_one(world, signed):
    """A text that calls itself a letter is refused unless it has all that a letter must say."""
    _, _, letter, _ = signed
    secret, public = world.dir / "m.key", world.dir / "m.pub"
    minisign("-G", "-W", "-p", public, "-s", secret)
    key = public.read_text().splitlines()[1]
    text = letter["text"].replace(letter["key"], key)
    comment = f"timestamp:1\tfile:l.txt\ttuyau:vouch v1 id={letter['number']} expires="
    file = world.dir / "l.txt"

    def check(text, code, expires=letter["expires"], said=""):
        file.write_text(text)
        minisign("-S", "-s", secret, "-m", file, "-t", comment + expires)
        error = verify(world, file, "--key", key, exit=1)
        assert error["code"] == code and said in error["message"], error

    limits = "Je ne sais pas : leur tenue sur un groupe de plus de 500 salariés\n"
    assert limits in text
    check(text.replace(limits, ""), "T-LETTER-FORM", said="Je ne sais pas")
    check(text.replace("500 salariés\n", "500\nsalariés\n"), "T-LETTER-FORM")
    check(letter["text"], "T-LETTER-KEY")
    check(text, "T-LETTER-FORM", expires="2031-01-01")
    far = text.replace(letter["expires"], "2031-01-01")
    check(far, "T-LETTER-FORM", expires="2031-01-01", said="90 days")
    check(text[: text.index("Vérifier")], "T-LETTER-FORM", said="Vérifier")
    file.write_text(text)
    minisign("-S", "-s", secret, "-m", file, "-t", comment + letter["expires"])
    assert verify(world, file)["letter"]["number"] == letter["number"]


def test_refusals_say_why(signed):
    alice, _, letter, where = signed
    world = alice.world
    file, sign = where / letter["file"], where / (letter["file"] + ".minisig")
    good = verify(world, file)
    assert good["valid"] is True and good["key"] == letter["key"] and good["signers"] == []
    assert good["letter"]["limits"] == letter["limits"]
    other = (FIXTURES / "alice.pub").read_text().splitlines()[1]
    assert verify(world, file, "--key", other, exit=1)["code"] == "T-LETTER-KEY"
    assert verify(world, file, "--key", "nonsense", exit=2)["code"] == "T-USAGE"
    assert verify(world, where / "nothing.txt", exit=3)["code"] == "T-NOT-FOUND"
    whole, whole_sign = file.read_bytes(), sign.read_bytes()
    for end in (1, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:end])
        error = verify(world, file, "--key", letter["key"], exit=1)
        assert error["code"] in ("T-LETTER-CUT", "T-LETTER-CHANGED"), (end, error)
        if end == len(whole) // 2:
            assert error["code"] == "T-LETTER-CUT"
    file.write_bytes(whole)
    for end in (0, 30, 200, len(whole_sign) - 20):
        sign.write_bytes(whole_sign[:end])
        assert verify(world, file, exit=1)["code"] == "T-LETTER-CUT", end
    sign.write_bytes(whole_sign.replace(b"id=" + letter["number"].encode(), b"id=AAAAAAAA"))
    assert verify(world, file, exit=1)["code"] == "T-LETTER-CHANGED"
    sign.unlink()
    assert "FILE.minisig" in verify(world, file, exit=3)["hint"]


def test_it_says_who_signed_and_that_it_expired(signed):
    alice, farid, letter, where = signed
    file = where / letter["file"]
    for node in (alice, farid):
        signers = node.json("verify", str(file))["signers"]
        assert [(s["from"], s["circle"]) for s in signers] == [("alice", "vendredi-18h")]
    assert "Alice Martin" in farid.tuyau("verify", str(file)).out
    farid.restart("--clock-offset", str(91 * DAY))
    error = farid.fails(1, "T-LETTER-EXPIRED", "verify", str(file))
    assert letter["expires"] in error["message"]
    alice.restart("--clock-offset", str(91 * DAY))
    assert alice.json("vouch", "list")[0]["state"] == "expired"


def test_a_revoked_letter_is_refused(signed):
    alice, farid, letter, where = signed
    file = where / letter["file"]
    farid.json("verify", str(file))
    revoked = alice.json("vouch", "revoke", letter["number"], "--out", str(where))
    assert revoked["state"] == "revoked"
    alice.world.agree([alice, farid])
    # for the circle
    alone = alice.world.dir / "alone"
    alone.mkdir()
    for name in (letter["file"], letter["file"] + ".minisig"):
        shutil.copy(where / name, alone)
    for node in (alice, farid):
        node.fails(1, "T-LETTER-REVOKED", "verify", str(alone / letter["file"]))
    told = [json.loads(line) for line in farid.tuyau("events", "--json").out.splitlines()]
    (event,) = [event for event in told if event["event"] == "vouch.revoked"]
    assert event["from"] == "alice" and event["name"] == "Alice Martin"
    farid.restart("--rebuild")  # what is derived from the logs is made again
    farid.fails(1, "T-LETTER-REVOKED", "verify", str(alone / letter["file"]))
    # for outsiders: only with the text beside it, which minisign accepts
    assert verify(alice.world, alone / letter["file"])["valid"] is True
    assert verify(alice.world, file, exit=1)["code"] == "T-LETTER-REVOKED"
    text = where / (letter["file"] + ".revoked")
    assert letter["number"] in text.read_text()
    minisign("-Vm", text, "-P", letter["key"])
    said = verify(alice.world, text, "--key", letter["key"])
    assert f"tuyau:vouch-revoked v1 id={letter['number']}" in said["trusted_comment"]
    # a revocation that was tampered with revokes nothing
    text.write_text(text.read_text() + "!")
    assert verify(alice.world, file)["valid"] is True
    # what follows
    alice.fails(7, "T-LETTER-REVOKED", "vouch", "send", letter["number"])
    again = alice.json("vouch", "revoke", letter["number"], "--out", str(alone))
    assert again["revocation"] == revoked["revocation"]
    new = alice.json("vouch", "write", letter["ask"], *GIVEN)
    assert new["number"] != letter["number"] and new["state"] == "drafted"
    # nobody else sees that a letter was revoked, nor any of its words
    assert len(farid.inbox()) == 1
    data = farid.data.read_bytes()
    assert letter["number"].encode() not in data and "interlocuteur".encode() not in data


def test_what_must_be_said(pair):
    alice, farid = pair
    ask = asked(alice, farid)
    error = alice.fails(2, "T-LETTER-FIELD", "vouch", "write", ask, *GIVEN[:6])
    assert "does not know" in error["message"] and "--limits" in error["hint"]
    alice.fails(2, "T-LETTER-FIELD", "vouch", "write", ask, *GIVEN[2:])
    alice.fails(2, "T-LETTER-FIELD", "vouch", "write", ask, *GIVEN, "--phone", "my phone")
    alice.fails(2, "T-LETTER-FIELD", "vouch", "write", ask, *GIVEN, "--relation", "x" * 301)
    alice.fails(2, "T-LETTER-FIELD", "vouch", "write", ask, *GIVEN, "--relation", "a\u202eb")
    alice.fails(2, "T-USAGE", "vouch", "write", ask, *GIVEN, "--days", "91")
    alice.fails(2, "T-USAGE", "vouch", "write", ask, *GIVEN, "--lang", "de")
    alice.fails(2, "T-USAGE", "vouch", "write", ask, *GIVEN, *("--fact", "x") * 4)
    alice.fails(3, "T-NOT-FOUND", "vouch", "write", "ZZZZ", *GIVEN)
    alice.fails(3, "T-NOT-FOUND", "vouch", "sign", ask)
    farid.fails(2, "T-USAGE", "vouch", "write", ask, *GIVEN)  # his own
    tip = alice.tip("Payroll tender")["id"]
    wait_until(lambda: farid.json("show", tip), what="the tip is there")
    farid.fails(2, "T-USAGE", "vouch", "write", tip, *GIVEN)
    for words in ((), ("burn",), ("write",), ("sign", "a", "b"), ("list", "--days", "3")):
        alice.fails(2, "T-USAGE", "vouch", *words)
    assert alice.json("vouch", "list") == []
    mute = farid.json("ask", "vouch", "We are shortlisted", "-c", "Banque Delmas")["id"]
    wait_until(lambda: mute in [o["id"] for o in alice.inbox()], what="the request is there")
    draft = alice.json("vouch", "write", mute, *GIVEN, env={"LANG": "fr_FR.UTF-8"})
    assert draft["lang"] == "fr"  # the request says nothing: that of who writes
    alice.json("vouch", "revoke", mute)
    number = alice.json("vouch", "write", ask, *GIVEN)["number"]
    assert alice.json("vouch", "revoke", ask)["number"] == number  # a draft just goes
    assert alice.json("vouch", "list") == []


def test_the_form_in_an_editor(pair):
    alice, farid = pair
    ask = asked(alice, farid)
    editor = alice.world.dir / "editor"
    editor.write_text(
        "#!/bin/sh\n"
        'cp "$1" "$0.saw"\n'
        "sed -i -e 's/^relation:.*/relation: a client since 2022/' "
        "-e 's/^fact:.*/fact: deadlines kept\\nfact: one contact/' "
        "-e 's/^limits:.*/limits: larger groups/' \"$1\"\n"
    )
    editor.chmod(0o755)
    env = {"EDITOR": str(editor)}
    letter = alice.json("vouch", "write", ask, "-e", env=env)
    assert letter["facts"] == ["deadlines kept", "one contact"]
    assert letter["limits"] == "larger groups" and letter["callable"] is False
    alice.json("vouch", "write", ask, "-e", env=env)
    assert "limits: larger groups" in (alice.world.dir / "editor.saw").read_text()
    alice.fails(1, "T-EDITOR", "vouch", "write", ask, "-e", env={"EDITOR": "false"})


def test_the_own_copy_goes_after_a_year(signed):
    alice, _, letter, _ = signed
    assert "interlocuteur".encode() in alice.data.read_bytes()
    alice.restart("--clock-offset", str(364 * DAY))
    assert len(alice.json("vouch", "list")) == 1
    alice.restart("--clock-offset", str(367 * DAY))
    wait_until(lambda: alice.json("vouch", "list") == [], what="the letter is gone")


def test_the_letter_that_was_made_without_us(world):
    """The fixture: signed by a small program with libsodium, long expired."""
    world.node("alice")
    error = verify(world, FIXTURES / "lettre.txt", "--key", FIXTURES / "alice.pub", exit=1)
    assert error["code"] == "T-LETTER-EXPIRED" and "2026-02-20" in error["message"]
    assert verify(world, FIXTURES / "lettre-alteree.txt", exit=1)["code"] == "T-LETTER-CHANGED"
