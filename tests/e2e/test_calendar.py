"""calendar: a strict parser reads it, and importing it again changes what is there.

The calendar below is a small model of what RFC 5545 and 5546 say of UID, SEQUENCE and DTSTAMP. No
real calendar program was tried."""

from datetime import datetime, timedelta

import icalendar

from test_life import EMAIL, NAME, PHONE, give, shown
from world import wait_until

DAY = 86400


def parsed(data):
    """The VTODOs of a file, by UID; the file is as strict as we can ask for."""
    text = data.decode("utf-8")
    assert text.endswith("\r\n")
    lines = data.split(b"\r\n")
    assert all(len(line) <= 75 for line in lines), lines
    assert all(b"\r" not in line and b"\n" not in line for line in lines)
    for line in lines:
        line.decode("utf-8")  # no character is torn
    calendar = icalendar.Calendar.from_ical(text)
    assert calendar["VERSION"] == "2.0" and calendar["PRODID"]
    found = {}
    for part in calendar.walk():
        assert not part.errors, part.errors
        if part.name != "VTODO":
            continue
        assert part["UID"] not in found
        for required in ("DTSTAMP", "SEQUENCE", "SUMMARY", "STATUS", "LAST-MODIFIED"):
            assert required in part, part.to_ical()
        alarms = part.subcomponents
        if part["STATUS"] in ("NEEDS-ACTION", "IN-PROCESS"):
            (alarm,) = alarms
            assert alarm["ACTION"] == "DISPLAY" and alarm["DESCRIPTION"]
            assert alarm["TRIGGER"].dt == -timedelta(hours=1)
            assert alarm["TRIGGER"].params["RELATED"] == "END" and "DUE" in part
        else:
            assert alarms == []
        found[str(part["UID"])] = part
    return found


def calendar(node, *options):
    path = node.world.dir / "tuyau.ics"
    node.tuyau("calendar", path, *options)
    assert path.stat().st_mode & 0o777 == 0o600
    return path.read_bytes()


class Kept:
    """A calendar that somebody keeps: what is newer takes the place of what has the same UID."""

    def __init__(self):
        self.todos = {}

    def take(self, data):
        changed = []
        for uid, todo in parsed(data).items():
            there = self.todos.get(uid)
            rank = (todo["SEQUENCE"], todo["DTSTAMP"].dt)
            if there is None or rank > (there["SEQUENCE"], there["DTSTAMP"].dt):
                self.todos[uid] = todo
                changed.append(uid)
        return changed

    def state(self, id):
        return str(self.todos[f"{id}@tuyau"]["STATUS"])


def test_a_first_contact_becomes_a_follow_up_and_ends(world):
    nodes = alice, bruno = world.circle("alice", "bruno")
    kept = Kept()
    assert parsed(calendar(alice)) == {} and alice.json("calendar") == []
    id = give(bruno)["id"]
    world.agree(nodes)
    alice.json("claim", id)
    due = shown(alice, id, state="awarded")["award"]["first_contact_due"]
    assert parsed(calendar(bruno)) == {}  # a tip of one's own is the other's to do

    first = calendar(alice)
    assert kept.take(first) == [f"{id}@tuyau"]
    todo = kept.todos[f"{id}@tuyau"]
    assert todo["STATUS"] == "NEEDS-ACTION"
    assert todo["DUE"].dt == datetime.fromisoformat(due.replace("Z", "+00:00"))
    assert "Wi-Fi à refaire" in todo["SUMMARY"] and "First contact" in todo["SUMMARY"]
    assert f"tuyau done {id[:4]} --contacted" in todo["DESCRIPTION"]
    for secret in (NAME, PHONE, EMAIL, "Kervella"):
        assert secret.encode() not in first
    assert calendar(alice) == first  # nothing happened: the same bytes
    assert alice.tuyau("calendar").out.encode() == first.replace(b"\r\n", b"\n")
    assert alice.tuyau("calendar", "-").out.encode() == first.replace(b"\r\n", b"\n")
    assert kept.take(first) == [] and len(kept.todos) == 1
    named = parsed(calendar(alice, "--names"))[f"{id}@tuyau"]
    assert f"{NAME}\n{PHONE}\n{EMAIL}" in named["DESCRIPTION"]

    alice.json("done", id, "--contacted")
    assert kept.take(calendar(alice)) == [f"{id}@tuyau"]
    assert kept.state(id) == "IN-PROCESS"
    assert "Follow up" in kept.todos[f"{id}@tuyau"]["SUMMARY"]
    alice.json("done", id, "--won")
    assert kept.take(calendar(alice)) == [f"{id}@tuyau"]
    assert kept.state(id) == "COMPLETED" and "COMPLETED" in kept.todos[f"{id}@tuyau"]
    assert len(kept.todos) == 1
    (row,) = alice.json("calendar")
    assert row["status"] == "completed" and row["object"]["id"] == id
    assert alice.tuyau("calendar", "-q").out == id + "\n"


def test_what_was_given_back_or_withdrawn_is_cancelled_and_comes_again(world):
    nodes = alice, bruno = world.circle("alice", "bruno")
    kept = Kept()
    id = give(bruno)["id"]
    ask = alice.json("ask", "supplier", "Un imprimeur, d'ici vendredi", "--until", "5d")["id"]
    world.agree(nodes)
    alice.json("claim", id)
    shown(alice, id, state="awarded")
    assert len(kept.take(calendar(alice))) == 2
    assert kept.state(ask) == "NEEDS-ACTION"
    assert "Un imprimeur\\, d'ici vendredi" in kept.todos[f"{ask}@tuyau"]["SUMMARY"].to_ical().decode()

    alice.json("give-back", id)
    alice.json("withdraw", ask)
    kept.take(calendar(alice))
    assert kept.state(id) == kept.state(ask) == "CANCELLED"
    shown(bruno, id, state="open")
    alice.json("claim", id)
    shown(alice, id, state="awarded")
    assert kept.take(calendar(alice)) == [f"{id}@tuyau"]
    assert kept.state(id) == "NEEDS-ACTION" and len(kept.todos) == 2


def test_own_asks_and_accepted_answers(world):
    nodes = alice, bruno = world.circle("alice", "bruno")
    news = alice.json("ask", "news", "Que devient Iris Quéméner ?", "--person", "Iris Quéméner")["id"]
    intro = alice.json("ask", "intro", "Qui connaît les achats ?", "-c", "Verrerie")["id"]
    world.agree(nodes)
    kept, hers = Kept(), Kept()
    data = calendar(alice)
    kept.take(data)
    assert b"Iris" not in data and "Qu\u00e9m\u00e9ner".encode() not in data
    assert "Iris" in parsed(calendar(alice, "--names"))[f"{news}@tuyau"]["SUMMARY"]
    assert parsed(calendar(bruno)) == {}

    bruno.json("answer", intro, "--intro", "Je la connais bien")
    wait_until(lambda: alice.json("show", intro)["answered"] == 1, what="the answer came")
    alice.json("accept", intro)
    wait_until(lambda: f"{intro}@tuyau" in parsed(calendar(bruno)), what="it is accepted")
    hers.take(calendar(bruno))
    assert hers.state(intro) == "NEEDS-ACTION"
    bruno.json("done", intro, "--introduced")
    hers.take(calendar(bruno))
    assert hers.state(intro) == "IN-PROCESS"
    bruno.json("done", intro, "--done")
    alice.json("solved", intro)
    hers.take(calendar(bruno))
    kept.take(calendar(alice))
    assert hers.state(intro) == kept.state(intro) == "COMPLETED"

    alice.restart("--clock-offset", str(20 * DAY))  # the ask for news lived 14 days
    kept.take(calendar(alice))
    assert kept.state(news) == "COMPLETED"


def test_what_was_forgotten_is_cancelled(world):
    nodes = alice, bruno = world.circle("alice", "bruno")
    kept = Kept()
    id = give(bruno)["id"]
    ask = alice.json("ask", "supplier", "Un imprimeur", "--until", "5d")["id"]
    world.agree(nodes)
    alice.json("claim", id)
    shown(alice, id, state="awarded")
    kept.take(calendar(alice))
    alice.json("forget", ask, "--yes")
    bruno.json("forget", id, "--yes")
    wait_until(lambda: kept.take(calendar(alice)) and kept.state(id) == "CANCELLED", what="it is gone")
    kept.take(calendar(alice))
    assert kept.state(ask) == "CANCELLED" and len(kept.todos) == 2
