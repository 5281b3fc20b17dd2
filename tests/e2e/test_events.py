"""What has happened, as events: the recent past, and following it."""

import json
import subprocess
import time

import pytest

from world import TUYAU, Rpc, run, wait_until

KEPT = 1024  # daemon/events.h


class Follower:
    """`tuyau events --follow` in the background, its lines as documents."""

    def __init__(self, node, *options):
        self.out = open(node.world.dir / f"events-{id(self)}", "w+")
        self.err = open(node.world.dir / f"errors-{id(self)}", "w+")
        self.process = subprocess.Popen(
            [TUYAU, "--home", node.home, "--no-start", "events", "--follow", *options],
            env=node.home_env,
            stdin=subprocess.DEVNULL,
            stdout=self.out,
            stderr=self.err,
        )

    def events(self):
        with open(self.out.name) as lines:
            return [json.loads(line) for line in lines if line.endswith("\n")]

    def wait(self, kind, **fields):
        """The first event of this name with these fields."""

        def found():
            for event in self.events():
                if event["event"] == kind and all(event[k] == v for k, v in fields.items()):
                    return event
            return None

        return wait_until(found, what=f"event {kind} {fields}", every=0.01)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.out.close()
        self.err.close()


@pytest.fixture
def follow():
    """Follows a node's events; ended with the test."""
    followers = []

    def begin(node, *options):
        followers.append(Follower(node, *options))
        return followers[-1]

    yield begin
    for follower in followers:
        follower.end()


def past(node):
    ran = node.tuyau("events", "--json")
    return [json.loads(line) for line in ran.out.splitlines()]


def names(events):
    return [event["event"] for event in events]


def test_a_circle_grows_and_a_tip_travels(world, follow):
    alice = world.node("alice")
    bruno = world.node("bruno")
    alice.new()
    seen = {node.name: follow(node, "--since", "0") for node in (alice, bruno)}
    bruno.join(alice.invite())
    used = seen["alice"].wait("invite.used", circle="vendredi-18h", name="Bruno Le Gall")
    assert used["schema"] == 1 and len(used["device"]) == 64
    joined = seen["alice"].wait("member.joined")
    assert joined["profile"]["name"] == "Bruno Le Gall"
    assert joined["profile"]["company"] == "Cabinet Le Gall"
    assert seen["alice"].wait("peer.up")["device"] == used["device"]
    mine = seen["bruno"].wait("circle.joined", circle="vendredi-18h")
    assert mine["from"] == "Alice Martin"
    synced = seen["bruno"].wait("circle.synced", circle="vendredi-18h")
    assert synced["members"] == 2 and synced["online"] == 2 and synced["entries"] > 0

    tip = alice.tip("Wi-Fi à refaire", "-c", "Val d'Oust", "--tag", "wifi")
    ask = bruno.json("ask", "intro", "Who buys at Verrerie?")
    for name in ("alice", "bruno"):
        came = seen[name].wait("tip.new")["object"]
        assert came["id"] == tip["id"] and came["title"] == "Wi-Fi à refaire"
        assert came["mine"] is (name == "alice")
        assert came.keys() == tip.keys(), "the same object as everywhere"
        assert seen[name].wait("ask.new")["object"]["id"] == ask["id"]
    assert seen["alice"].wait("tip.delivered")["object"]["id"] == tip["id"]
    assert seen["bruno"].wait("ask.delivered")["object"]["id"] == ask["id"]
    bruno.json("profile", "set", "sells=loyers impayés")
    changed = seen["alice"].wait("profile.changed")
    assert changed["profile"]["sells"] == "loyers impayés"
    bruno.stop()
    assert seen["alice"].wait("peer.down", name="Bruno Le Gall")["from"] == "bruno"


def test_what_a_first_sync_brings_is_not_told_one_by_one(world, follow):
    alice = world.node("alice")
    alice.new()
    for i in range(5):
        alice.tip(f"before {i}")
    bruno = world.node("bruno")
    seen = follow(bruno, "--since", "0")
    bruno.join(alice.invite())
    seen.wait("circle.synced")
    after = alice.tip("after")
    assert seen.wait("tip.new")["object"]["id"] == after["id"]
    assert names(seen.events()).count("tip.new") == 1
    assert "member.joined" not in names(seen.events())


def test_the_past_is_shown_without_following(world):
    alice = world.node("alice")
    alice.new()
    tip = alice.tip("Wi-Fi")
    wait_until(lambda: "tip.new" in names(past(alice)), what="the tip's event")
    events = past(alice)
    assert names(events) == ["circle.changed", "tip.new"]
    assert events[1]["object"]["id"] == tip["id"]
    assert alice.tuyau("events", "-q").out.split() == [tip["id"]]
    picked = alice.tuyau("events", "--json=event,object.title").out.splitlines()
    assert json.loads(picked[1]) == {"event": "tip.new", "object.title": "Wi-Fi"}
    # from behind an event on
    rest = alice.tuyau("events", "--since", events[0]["position"]).out.splitlines()
    assert [json.loads(line)["event"] for line in rest] == ["tip.new"]
    assert alice.tuyau("events", "--since", events[1]["position"]).out == ""


@pytest.mark.parametrize("since", ["x", "12", "0123abcd-999999999", "g1234567-1"])
def test_a_wrong_position_is_refused(world, since):
    alice = world.node("alice")
    if since.endswith("999"):  # of this start, but behind its newest
        since = alice.rpc("events")["position"].split("-")[0] + "-999999999"
    alice.fails(2, "T-USAGE", "events", "--since", since)


def test_following_ends_with_the_daemon_and_goes_on_after_it(world, follow):
    alice = world.node("alice")
    alice.new()
    seen = follow(alice, "--since", "0")
    position = seen.wait("circle.changed")["position"]
    alice.stop()
    assert seen.process.wait(30) == 4
    with open(seen.err.name) as errors:
        assert errors.read().startswith("T-NO-DAEMON")
    alice.start()
    again = follow(alice, "--since", position)
    assert again.wait("lost")["count"] is None, "nobody knows what the other start told last"
    alice.tip("Wi-Fi")
    again.wait("tip.new")
    alice.kill()
    assert again.process.wait(30) == 4


def test_following_begins_now(world, follow):
    alice = world.node("alice")
    alice.new()
    alice.tip("before")
    wait_until(lambda: "tip.new" in names(past(alice)), what="the tip's event")
    seen = follow(alice)
    with Rpc(alice.socket) as rpc:
        # what is there when the follower has come is not known from outside: give until it hears
        def heard():
            rpc.call("tip", {"fields": {"title": "after"}})
            return seen.events()

        wait_until(heard, what="the follower hears", every=0.05)
    assert {event["object"]["title"] for event in seen.events()} == {"after"}


def test_who_does_not_read_is_told_how_much_he_lost(world):
    alice = world.node("alice")
    alice.new()
    with Rpc(alice.socket) as slow, Rpc(alice.socket) as other:
        begin = slow.call("events", {})["position"]
        for i in range(KEPT + 20):
            other.call("tip", {"fields": {"title": f"tip {i}"}})
        newest = f"tip {KEPT + 19}"

        def all_told():
            told = other.call("events", {"since": "0", "limit": 200})
            while told["more"]:
                told = other.call("events", {"since": told["position"], "limit": 200})
            return told["events"][-1]["object"]["title"] == newest

        wait_until(all_told, what="the newest is told")
        told = slow.call("events", {"since": begin, "limit": 2})
    lost, first, second = told["events"]
    assert lost["event"] == "lost"
    begun = int(begin.rsplit("-", 1)[1])
    assert lost["count"] + begun == int(first["position"].rsplit("-", 1)[1]) - 1
    number = int(first["object"]["title"].split()[1])
    assert second["object"]["title"] == f"tip {number + 1}"
    assert lost["count"] >= 20 and told["more"] is True


def test_a_waiting_reader_is_answered_at_once_and_one_who_goes_away_is_forgotten(world):
    alice = world.node("alice")
    alice.new()
    waiting = [Rpc(alice.socket) for _ in range(16)]
    position = waiting[0].call("events", {})["position"]
    while waiting[0].call("events", {"since": position})["events"]:
        position = waiting[0].call("events", {})["position"]
    for rpc in waiting:
        rpc.send("events", {"since": position, "wait_s": 25})
    with Rpc(alice.socket) as one_more:

        def full():
            one_more.send("events", {"since": position, "wait_s": 1})
            error = one_more.receive()[2]
            return error and error["code"] == "T-BUSY"

        wait_until(full, what="16 wait")
    for rpc in waiting[8:]:
        rpc.close()
    alice.json("status")
    began = time.monotonic()
    alice.tip("Wi-Fi")
    for rpc in waiting[:8]:
        _, _, error, told = rpc.receive()
        assert error is None and names(told["events"]) == ["tip.new"]
        rpc.close()
    assert time.monotonic() - began < 20, "not when the waiting ends"


def test_a_copied_home_is_an_event(world):
    alice = world.node("alice")
    alice.new()
    alice.stop()
    old = alice.home.with_name("old")
    run(["cp", "-a", alice.home, old], alice.home_env)
    alice.start()
    alice.tip("Wi-Fi")
    alice.stop()
    run(["cp", "-a", f"{old}/.", f"{alice.home}/"], alice.home_env)
    alice.start()
    told = [event for event in past(alice) if event["event"] == "notice"]
    assert len(told) == 1 and told[0]["text"] in alice.status()["notice"]


def test_the_status_says_how_long_the_loop_kept_others_waiting(world):
    alice = world.node("alice")
    alice.new()
    loop = alice.status()["loop"]
    assert loop["turns"] > 0 and loop["worst_us"] > 0 and loop["worst_own_us"] > 0
    assert loop["slow_own"] <= loop["turns"] and loop["slow"] <= loop["turns"]


def told(node, kind):
    return [event for event in past(node) if event["event"] == kind]


def once(node, kind, what=None):
    """The one event of this kind; what was told is not told again."""
    (event,) = wait_until(lambda: told(node, kind), what=what or kind)
    return event


def again(world, nodes):
    """All are started again and meet."""
    for node in nodes:
        node.restart()
    world.meet(nodes)


def settled(nodes):
    """Nothing more is to be told of what is here: what is given now is told."""
    for node in nodes:
        mark = f"mark of {node.name}"
        node.tip(mark)
        for other in nodes:
            wait_until(
                lambda: mark
                in [(e["object"] or {}).get("title") for e in told(other, "tip.new")],
                what=mark,
            )


def test_a_matched_tip_and_one_for_the_owner_are_told_as_matched(world):
    alice, bruno = world.told_circle("alice", "bruno")
    bruno.tuyau("watch", "add", "wifi")
    alice.tip("Toiture")
    seen = alice.tip("Wi-Fi à refaire")
    mine = alice.tip("Câblage", "--for", "bruno")
    ask = alice.json("ask", "news", "What of the wifi shop?")
    wait_until(lambda: told(bruno, "ask.matched"), what="ask.matched")
    assert [e["object"]["id"] for e in told(bruno, "tip.matched")] == [seen["id"], mine["id"]]
    assert [e["object"]["id"] for e in told(bruno, "ask.matched")] == [ask["id"]]
    again(world, [alice, bruno])
    settled([alice, bruno])
    assert not told(bruno, "tip.matched") and not told(bruno, "ask.matched")


def test_thanks_are_told_to_whom_they_are_for_once(world):
    alice, bruno, chloe = world.told_circle("alice", "bruno", "chloe")
    tip = alice.tip("Wi-Fi", "-c", "Val d'Oust")
    wait_until(lambda: tip["id"] in [o["id"] for o in bruno.inbox()], what="the tip came")
    bruno.tuyau("claim", tip["short"])
    wait_until(lambda: told(bruno, "tip.awarded"), what="the award")
    alice.tuyau("thank", tip["short"], "Bravo")
    event = once(bruno, "thanks.received")
    assert event["from"] == "alice" and event["name"] == "Alice Martin"
    assert event["object"]["id"] == tip["id"]
    assert [thanks["text"] for thanks in event["object"]["thanks"]] == ["Bravo"]
    bruno.tuyau("thank", tip["short"], "Merci", "--share")
    assert once(alice, "thanks.received")["from"] == "bruno"
    settled([alice, bruno, chloe])
    assert not told(chloe, "thanks.received") and len(told(bruno, "thanks.received")) == 1
    again(world, [alice, bruno, chloe])
    settled([alice, bruno])
    assert not told(bruno, "thanks.received") and not told(alice, "thanks.received")


def test_a_vouch_ask_is_told_to_those_whom_it_means(world):
    alice, bruno, chloe = world.told_circle("alice", "bruno", "chloe")
    alice.json("ask", "news", "What of Verrerie?")
    ask = alice.json("ask", "vouch", "A word to Verrerie's director", "--for", "bruno")
    event = once(bruno, "vouch.requested")
    assert event["object"]["id"] == ask["id"]
    settled([alice, bruno, chloe])
    assert not told(chloe, "vouch.requested") and not told(alice, "vouch.requested")
    anybody = alice.json("ask", "vouch", "Who can speak for us at Laiterie?")
    assert once(chloe, "vouch.requested")["object"]["id"] == anybody["id"]


def test_a_peer_that_was_not_reached_for_a_week_is_told_once(world):
    alice, bruno = world.told_circle("alice", "bruno")
    bruno.stop()
    day = 86400
    for days in (1, 2, 3, 4, 5, 6, 7):
        alice.restart("--clock-offset", str(days * day))
        alice.tip(f"day {days}")
        assert not told(alice, "peer.unreachable"), days
    alice.restart("--clock-offset", str(20 * day))  # it was off: those days do not count
    event = once(alice, "peer.unreachable")
    assert event["name"] == "Bruno Le Gall" and event["from"] == "bruno" and event["days"] == 7
    for days in (20, 21, 22):
        alice.restart("--clock-offset", str(days * day))
        alice.tip(f"day {days}")
        assert not told(alice, "peer.unreachable"), days
    bruno.start("--clock-offset", str(22 * day))
    wait_until(lambda: alice.peer("Bruno Le Gall")["state"] == "connected", 60, "they meet")
