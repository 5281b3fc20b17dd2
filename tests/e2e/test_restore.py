"""Homes that are copied, put back from a copy, or lose what they held: no tip is lost or doubled,
nobody sees a fork, and the owner is told in one sentence."""

import shutil

from world import run, wait_until

COPY = "This home is a copy or was put back from one"
FORKED = "This home was put back from an older copy and used before"
DAY = 86400
LONGER = "A friend held entries of yours that this home had lost"


def copy_of(node, name):
    """A copy of a home whose daemon is down, as `cp -a` makes it."""
    to = node.home.with_name(name)
    run(["cp", "-a", node.home, to], node.home_env)
    return to


def give(node, *titles):
    for title in titles:
        node.tip(title)


def nobody_is_blamed(nodes, lost=None):
    """Who `lost` his store knows nobody until he is in again: a friend who calls him meanwhile is a
    stranger to him, and nothing else is wrong with that link."""
    for node in nodes:
        faults = [line for line in node.log_text().splitlines()
                  if "what=fault" in line and not (node is lost and "err=unknown" in line)]
        assert not faults, node.tail()


def all_have(world, nodes, titles, lost=None):
    world.meet(nodes)
    for node in nodes:
        assert sorted(node.titles()) == sorted(titles), node.name
    nobody_is_blamed(nodes, lost)


def one_sentence(node, begin):
    """The owner is told once in the log and in status, and not any more after a clean start."""
    notice = node.status()["notice"]
    assert len(notice) == 1 and notice[0].startswith(begin), notice
    assert node.log_text().count(begin) == 1
    assert begin in node.tuyau("status").out
    node.restart()
    assert node.status()["notice"] == []
    assert "Note" not in node.tuyau("status").out
    assert node.log_text().count(begin) == 1


def test_a_plain_restart_says_nothing(world):
    alice, bruno = world.circle("alice", "bruno")
    give(alice, "Un")
    alice.restart()
    alice.kill()
    alice.start()
    give(alice, "Deux")
    assert alice.status()["notice"] == []
    all_have(world, [alice, bruno], ["Un", "Deux"])
    assert "what=incarnation" not in alice.log_text()


def test_a_home_copied_back_in_place(world):
    """cp -a old/. home/ keeps the inodes of the files that are there."""
    alice, bruno, chloe = nodes = world.circle("alice", "bruno", "chloe")
    give(alice, "Avant")
    world.agree(nodes)
    alice.stop()
    old = copy_of(alice, "old")
    alice.start()
    give(alice, "Après 1", "Après 2")
    world.meet(nodes)
    alice.stop()
    run(["cp", "-a", f"{old}/.", f"{alice.home}/"], alice.home_env)
    alice.start()
    give(alice, "Tout de suite")  # perhaps before it has met anybody
    all_have(world, nodes, ["Avant", "Après 1", "Après 2", "Tout de suite"])
    one_sentence(alice, COPY)
    give(alice, "Plus tard")
    all_have(world, nodes, ["Avant", "Après 1", "Après 2", "Tout de suite", "Plus tard"])
    assert len(alice.json("inbox", "--mine")) == 5


def test_a_home_replaced_by_an_old_copy_and_used_alone(world):
    alice, bruno, chloe = nodes = world.circle("alice", "bruno", "chloe")
    give(alice, "Avant")
    world.agree(nodes)
    alice.stop()
    old = copy_of(alice, "old")
    alice.start()
    give(alice, "Après 1", "Après 2", "Après 3")
    world.meet(nodes)
    alice.stop()
    bruno.stop()
    chloe.stop()
    shutil.rmtree(alice.home)
    old.rename(alice.home)
    alice.start()
    give(alice, "Seule 1", "Seule 2", "Seule 3", "Seule 4")
    assert sorted(alice.titles()) == ["Avant", "Seule 1", "Seule 2", "Seule 3", "Seule 4"]
    bruno.start()
    chloe.start()
    given = ["Après 1", "Après 2", "Après 3", "Avant", "Seule 1", "Seule 2", "Seule 3", "Seule 4"]
    all_have(world, nodes, given)

    def delivered():
        return all(o["mine"] and o["delivery"]["have_it"] == 2 for o in alice.inbox())

    wait_until(delivered, what="all of it is hers, and both have it")
    one_sentence(alice, COPY)


def snapshot_put_back(node, old):
    with open(node.data, "r+b") as data:
        data.write(old)
        data.truncate(len(old))


def test_an_old_snapshot_that_only_the_friends_can_notice(world):
    """The bytes of an older data.mdb under the same files, as a snapshot of the whole disk would
    leave them: the daemon learns it from the first friend."""
    alice, bruno = nodes = world.circle("alice", "bruno")
    give(alice, "Avant")
    world.agree(nodes)
    alice.stop()
    old = alice.data.read_bytes()
    alice.start()
    give(alice, "Après 1", "Après 2")
    world.meet(nodes)
    alice.stop()
    snapshot_put_back(alice, old)
    alice.start()
    world.meet(nodes)
    wait_until(lambda: alice.status()["notice"], what="alice was told")
    give(alice, "Ensuite")
    all_have(world, nodes, ["Avant", "Après 1", "Après 2", "Ensuite"])
    one_sentence(alice, LONGER)


def test_a_fork_after_a_snapshot_was_put_back(world):
    """As before, but it is used before it meets anybody: two entries with one number. The log ends
    for all, and what both branches held is published again; nobody loses or doubles a tip."""
    alice, bruno, chloe = nodes = world.circle("alice", "bruno", "chloe")
    give(alice, "Avant 1", "Avant 2")
    give(bruno, "De Bruno")
    world.agree(nodes)
    alice.stop()
    old = alice.data.read_bytes()
    alice.start()
    give(alice, "Après 1", "Après 2", "Après 3")
    world.meet(nodes)
    shorts = {o["title"]: o["id"] for o in bruno.inbox()}
    alice.stop()
    snapshot_put_back(alice, old)
    bruno.stop()
    chloe.stop()
    alice.start()
    give(alice, "Seule 1", "Seule 2")
    bruno.start()
    chloe.start()
    given = ["Avant 1", "Avant 2", "Après 1", "Après 2", "Après 3", "Seule 1", "Seule 2"]
    wait_until(lambda: sorted(alice.titles()) == sorted(given + ["De Bruno"]),
               what="alice has both branches")
    world.meet(nodes)
    for node in nodes:
        wait_until(lambda: sorted(node.titles()) == sorted(given + ["De Bruno"]),
                   what=f"{node.name} has all, once")
        assert "what=fault" not in node.log_text(), node.tail()
    world.agree(nodes)
    assert {o["title"]: o["id"] for o in bruno.inbox() if o["title"] in shorts} == shorts
    assert len(alice.json("inbox", "--mine")) == len(given)
    one_sentence(alice, FORKED)
    for node in nodes:
        node.restart()
    world.agree(nodes)
    for node in nodes:
        assert sorted(node.titles()) == sorted(given + ["De Bruno"])


def test_a_fork_survives_kills_while_it_is_published_again(world):
    """Both branches hold tips and a profile, one holds a tip that is over by now. The owner is
    killed again and again while she publishes: each tip is there once, for all; the profile is the
    newest of both branches, though the other stood further on in its log."""
    alice, bruno, chloe = nodes = world.circle("alice", "bruno", "chloe")
    later = ["--clock-offset", str(2 * DAY)]
    give(alice, "Avant")
    world.agree(nodes)
    alice.stop()
    old = alice.data.read_bytes()
    alice.start()
    after = [f"Après {i}" for i in range(20)]
    give(alice, *after)
    alice.tip("Périmé", "--life", "1d")
    alice.json("profile", "set", "zone=Normandie")
    world.meet(nodes)
    alice.stop()
    snapshot_put_back(alice, old)
    bruno.stop()
    chloe.stop()
    alice.start(*later)
    alice.json("profile", "set", "zone=Bretagne")
    alone = [f"Seule {i}" for i in range(10)]
    give(alice, *alone)
    bruno.start()
    chloe.start()
    given = sorted(["Avant"] + after + alone)
    for enough in (2, 8, 14, 20, 26):
        wait_until(lambda: "what=incarnation" in alice.log_text() and len(alice.titles()) > enough,
                   what=f"alice has more than {enough}", every=0.001)
        alice.kill()
        alice.start(*later)
    wait_until(lambda: sorted(alice.titles()) == given, what="alice has both branches, once")
    world.meet(nodes)
    for node in nodes:
        wait_until(lambda: sorted(node.titles()) == given, what=f"{node.name} has all, once")
        assert "Périmé" not in [o["title"] for o in node.inbox("state:any")]
        assert node.json("profile", "show", "alice")["zone"] == "Bretagne"
    nobody_is_blamed(nodes)
    world.agree(nodes)
    entries = alice.circle()["entries"]
    for node in nodes:
        node.restart(*(later if node is alice else []))
    world.meet(nodes)
    assert {node.circle()["entries"] for node in nodes} == {entries}  # nothing more was published
    for node in nodes:
        assert sorted(node.titles()) == given


def test_a_lost_store_joins_again(world):
    """The identity is left, the store is gone: the same person, with all that was given."""
    alice, bruno = nodes = world.circle("alice", "bruno")
    give(bruno, "Un", "Deux")
    world.agree(nodes)
    bruno.stop()
    shutil.rmtree(bruno.home / "store")
    bruno.start()
    assert bruno.circles() == []
    bruno.join(alice.invite())
    give(bruno, "Trois")
    all_have(world, nodes, ["Un", "Deux", "Trois"], lost=bruno)
    assert len(bruno.json("inbox", "--mine")) == 3
    assert bruno.status()["notice"] == []


def test_what_was_sealed_is_sealed_again_after_a_fork(world):
    """The void branch holds an award with its card, an answer, progress and a sealed ask: each comes
    back to whom it was for, and to nobody else. Whom the sealed ask was for is lost with the store."""
    alice, bruno, chloe = nodes = world.circle("alice", "bruno", "chloe")
    name, secret = "Noé Kervella", "Je connais son directeur"
    ask = bruno.json("ask", "intro", "Qui achète chez Verrerie ?")["id"]
    theirs = bruno.json("tip", "Toit à refaire")["id"]
    world.agree(nodes)
    alice.stop()
    old = alice.data.read_bytes()
    alice.start()
    world.meet(nodes)
    tip = alice.json("tip", "Wi-Fi", "--who", name, "--told", "--claims", "pick")["id"]
    lost = alice.json("ask", "news", "Que devient Maud ?", "--to", "bruno")["id"]
    world.agree(nodes)
    bruno.json("claim", tip)
    wait_until(lambda: alice.json("show", tip).get("claimants"))
    alice.json("award", tip, "bruno")
    alice.json("answer", ask, "--relay", secret)
    assert alice.json("claim", theirs)["state"] == "awarded"
    alice.json("done", theirs, "--won", "--amount", "8000", "--currency", "EUR")
    world.agree(nodes)
    wait_until(lambda: bruno.json("show", theirs).get("outcome"))
    alice.stop()
    snapshot_put_back(alice, old)
    for node in (bruno, chloe):
        node.stop()
    alice.start()
    give(alice, *[f"Seule {i}" for i in range(9)])  # the other branch
    alone = alice.json("ask", "news", "Que devient Paul ?", "--to", "chloe")["id"]
    waits = alice.json("tip", "Plus tard", "--who", name, "--told", "--claims", "pick")["id"]
    for node in (bruno, chloe):
        node.start()

    def all_is_back():
        tips = [node.tuyau("show", tip, "--json", exit=None) for node in nodes]
        assert all(ran.rc == 0 for ran in tips)
        assert [(ran.json.get("sealed") or {}).get("name") for ran in tips] == [name, name, None]
        assert [a.get("text") for a in bruno.json("show", ask).get("answers", [])] == [secret]
        assert bruno.json("show", theirs).get("outcome", {}).get("amount") == "8000"
        assert chloe.json("show", alone)["text"] == "Que devient Paul ?"
        assert len(alice.status()["notice"]) == 2
        return True

    world.meet(nodes)
    wait_until(lambda: "what=republished" in alice.log_text())
    wait_until(all_is_back, what="all of it is back")
    world.agree(nodes)
    assert all_is_back()
    assert bruno.tuyau("show", alone, "--json", exit=None).rc == 3
    assert bruno.tuyau("show", lost, "--json", exit=None).rc == 3
    bruno.json("claim", waits)
    wait_until(lambda: alice.json("show", waits).get("claimants"))
    alice.json("award", waits, "bruno")  # the card that waited for its award is there still
    wait_until(lambda: bruno.json("show", waits).get("sealed"))
    said = [line.split()[0] for line in alice.status()["notice"]]
    assert sorted(said) == ["Something", "This"], alice.status()["notice"]
    nobody_is_blamed(nodes)
    chloe.stop()
    data = chloe.data.read_bytes()
    for text in (name, secret, "Que devient Maud"):
        assert text.encode() not in data
    chloe.start()


def test_a_home_that_was_copied_64_times_says_what_to_type(world):
    alice, bruno = nodes = world.circle("alice", "bruno")
    give(alice, "Avant")
    world.agree(nodes)
    alice.stop()
    bruno.stop()
    for i in range(64):
        other = alice.home.with_name(f"copy{i}")
        shutil.copytree(alice.home, other, symlinks=True)
        shutil.rmtree(alice.home)
        other.rename(alice.home)
        alice.start()
        give(alice, f"Copie {i}")  # a log of each
        alice.stop()
    old = alice.data.read_bytes()
    alice.start()
    bruno.start()
    give(alice, "Après 1", "Après 2")
    world.meet(nodes)
    wait_until(lambda: "Après 2" in bruno.titles())
    alice.stop()
    bruno.stop()
    snapshot_put_back(alice, old)
    alice.start()
    give(alice, "Seule")  # the other branch of its last log
    bruno.start()
    wait_until(lambda: alice.tuyau("tip", "Ensuite", "--json", exit=None).rc == 1)
    error = alice.fails(1, "T-HOME-SPENT", "tip", "Ensuite")
    assert "64 times" in error["message"] and "join CODE" in error["hint"]
    assert "Avant" in alice.titles()
    alice.restart()
    wait_until(lambda: any("64 times" in text for text in alice.status()["notice"]))
    alice.fails(1, "T-HOME-SPENT", "tip", "Ensuite")
