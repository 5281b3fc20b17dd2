"""What one gave while others were away arrives: later, through a third, at another port."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from world import Rpc, wait_until

MANY = 300


def give(node, titles, **fields):
    """Gives tips one after the other on one connection; their ids."""
    with Rpc(node.socket) as rpc:
        return [rpc.call("tip", {"fields": {"title": t, **fields}})["id"] for t in titles]


def test_a_tip_given_alone_arrives_later(world):
    alice, bruno = world.circle("alice", "bruno")
    bruno.stop()
    given = alice.tip("Quand tu reviens")
    assert given["delivery"] == {"peers": 1, "have_it": 0}
    bruno.start()
    world.agree([alice, bruno])
    assert bruno.titles() == ["Quand tu reviens"]
    wait_until(
        lambda: alice.json("show", given["id"])["delivery"]["have_it"] == 1,
        what="alice sees that it arrived",
    )


def test_through_a_third(world):
    """alice and chloe are never up together; bruno carries."""
    alice, bruno, chloe = world.circle("alice", "bruno", "chloe")
    chloe.stop()
    alice.tip("Pour Chloé, par Bruno")
    alice.json("ask", "news", "Et toi, Chloé ?")
    world.agree([alice, bruno])
    alice.stop()
    chloe.start()
    world.agree([bruno, chloe])
    assert set(chloe.titles()) == {"Pour Chloé, par Bruno", "Et toi, Chloé ?"}
    answer = chloe.tip("La réponse de Chloé")
    world.agree([bruno, chloe])
    chloe.stop()
    alice.start()
    world.agree([alice, bruno])
    shown = alice.json("show", answer["id"])
    assert shown["from"] == "chloe" and shown["title"] == "La réponse de Chloé"


def test_a_newcomer_met_by_nobody_but_the_inviter(world):
    """chloe joins while alice is away: alice learns of her by bruno, and reads what she gave."""
    alice, bruno = world.circle("alice", "bruno")
    alice.tip("Avant Chloé")
    world.agree([alice, bruno])
    alice.stop()
    chloe = world.node("chloe")
    chloe.join(bruno.invite())
    chloe.tip("De la nouvelle")
    world.agree([bruno, chloe])
    chloe.stop()
    alice.start()
    world.agree([alice, bruno])
    assert set(alice.titles()) == {"Avant Chloé", "De la nouvelle"}
    assert alice.circle()["members"] == 3
    chloe.start(port=0)
    world.meet([alice, bruno, chloe])


def test_a_friend_on_another_port_is_found_again(world):
    alice, bruno, chloe = world.circle("alice", "bruno", "chloe")
    old = bruno.port
    bruno.stop()
    bruno.start(port=0)
    assert bruno.port != old
    world.meet([alice, bruno, chloe])
    bruno.tip("D'un autre port")
    world.agree([alice, bruno, chloe])
    # who was away meanwhile learns the new port from a third
    chloe.stop()
    bruno.stop()
    bruno.start(port=0)
    wait_until(lambda: alice.peer("Bruno Le Gall")["state"] == "connected", what="alice and bruno")
    chloe.start()
    world.meet([alice, bruno, chloe])
    assert chloe.peer("Bruno Le Gall")["address"].startswith("127.0.0.1:")


def test_all_on_other_ports_but_one(world):
    """Everybody but alice changed ports while all were down: by alice they find each other."""
    nodes = world.circle("alice", "bruno", "chloe", "david")
    for node in nodes:
        node.stop()
    nodes[0].start()
    for node in nodes[1:]:
        node.start(port=0)
    world.meet(nodes)


def test_a_late_joiner_gets_everything(world):
    alice, bruno = world.circle("alice", "bruno")
    half = MANY // 2
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(give, alice, [f"Tuyau {i}" for i in range(half)])
        two = pool.submit(give, bruno, [f"Tuyau {i}" for i in range(half, MANY)])
        ids = one.result() + two.result()
    assert len(set(ids)) == MANY
    chloe = world.node("chloe")
    chloe.join(bruno.invite())  # returns once the first sync is complete
    titles = chloe.titles()
    assert len(titles) == MANY and set(titles) == {f"Tuyau {i}" for i in range(MANY)}
    world.meet([alice, bruno, chloe])
    assert {o["from"] for o in chloe.rpc("inbox", {"all": True})["objects"]} == {"alice", "bruno"}
    found = chloe.json("search", "tuyau", "299")
    assert [o["title"] for o in found] == ["Tuyau 299"]


def test_big_texts(world):
    alice, bruno, chloe = world.circle("alice", "bruno", "chloe")
    chloe.stop()
    need = "Une ligne d'un long texte, répétée.\n" * 51
    assert 1900 < len(need.encode()) <= 2000
    ids = give(alice, [f"Long {i}" for i in range(200)], need=need)
    wait_until(lambda: len(bruno.titles()) == 200, what="bruno has all")
    alice.stop()
    chloe.start()
    world.agree([bruno, chloe])
    for one in ids[::20]:
        assert chloe.rpc("show", {"id": one})["need"] == need


def test_given_at_once_by_all(world):
    nodes = world.circle("alice", "bruno", "chloe")
    with ThreadPoolExecutor(3) as pool:
        for _ in pool.map(lambda n: give(n, [f"{n.name} {i}" for i in range(60)]), nodes):
            pass
    world.agree(nodes)
    wanted = {f"{n.name} {i}" for n in nodes for i in range(60)}
    for node in nodes:
        titles = node.titles()
        assert len(titles) == 180 and set(titles) == wanted


def test_nothing_is_lost_by_restarts(world):
    alice, bruno = world.circle("alice", "bruno")
    alice.tip("Avant")
    world.agree([alice, bruno])
    before = alice.circle()
    for node in (alice, bruno):
        node.restart()
    after = alice.circle()
    assert (before["digest"], before["entries"]) == (after["digest"], after["entries"])
    alice.tip("Après")
    world.agree([alice, bruno])
    assert bruno.titles() == ["Après", "Avant"]


def test_two_circles_do_not_mix(world):
    """alice and bruno share both circles, chloe one of them."""
    alice, bruno = world.circle("alice", "bruno")
    chloe = world.node("chloe")
    alice.new("Lundi")
    bruno.join(alice.invite("lundi"))
    chloe.join(alice.invite("lundi"))
    alice.tip("Du vendredi", "-C", "vendredi-18h")
    alice.tip("Du lundi", "-C", "lundi")
    world.agree([alice, bruno], circle="Vendredi 18h")
    world.agree([alice, bruno, chloe], circle="Lundi")
    assert set(bruno.titles()) == {"Du vendredi", "Du lundi"}
    assert chloe.titles() == ["Du lundi"]
    assert [c["name"] for c in chloe.circles()] == ["Lundi"]
    assert bruno.titles("lundi") == ["Du lundi"]


@pytest.mark.parametrize("who", ["founder", "newcomer"])
def test_a_newcomer_reads_what_was_there_and_is_read(world, who):
    alice, bruno = world.circle("alice", "bruno")
    giver, reader = (alice, bruno) if who == "founder" else (bruno, alice)
    one = giver.tip("Lisible", "--need", "par tous")
    world.agree([alice, bruno])
    shown = reader.json("show", one["id"])
    assert shown["need"] == "par tous" and "unreadable" not in shown
