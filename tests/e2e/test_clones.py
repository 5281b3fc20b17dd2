"""Two daemons with one identity at once: both owners are told, and what is given on either is in
the end on all nodes, once."""

import shutil

from world import Node, run, wait_until

CLONE = "This home runs twice at this moment"


def clone_of(world, node, name):
    """A copy of a home, as a person of its own for the tests: not started."""
    clone = Node(world, name, node.home.with_name(name))
    run(["cp", "-a", node.home, clone.home], node.home_env)
    shutil.rmtree(clone.home / "run", ignore_errors=True)
    world.nodes.append(clone)
    return clone


def all_have(nodes, titles):
    def same():
        for node in nodes:
            assert sorted(node.titles()) == sorted(titles), node.name
        assert len({node.circle()["digest"] for node in nodes}) == 1
        return True

    wait_until(same, 60, "everything is on all nodes, once")


def both_say_so(a, b):
    for node in (a, b):
        notices = wait_until(
            lambda: [n for n in node.status()["notice"] if n.startswith(CLONE)],
            60,
            f"{node.name} says that it runs twice",
        )
        assert len(notices) == 1
        assert node.log_text().count(CLONE) == 1
        assert CLONE in node.tuyau("status").out


def no_fork(nodes):
    for node in nodes:
        assert "what=fault" not in node.log_text(), node.tail()
        assert "why=2" not in node.log_text(), node.tail()  # TUY_INCARNATION_FORKED


def test_two_clones_of_one_home(world):
    """Started together, used at once, for as long as both run."""
    alice, bruno, chloe = nodes = world.circle("alice", "bruno", "chloe")
    alice.tip("Avant")
    world.agree(nodes)
    alice.stop()
    twin = clone_of(world, alice, "twin")
    alice.start()
    twin.start(port=0)
    alice.tip("Alice tout de suite")
    twin.tip("Jumelle tout de suite")
    given = ["Avant", "Alice tout de suite", "Jumelle tout de suite"]
    all_have([alice, twin, bruno, chloe], given)
    both_say_so(alice, twin)
    for k in range(3):
        alice.tip(f"Alice {k}")
        twin.tip(f"Jumelle {k}")
        bruno.tip(f"Bruno {k}")
        given += [f"Alice {k}", f"Jumelle {k}", f"Bruno {k}"]
    all_have([alice, twin, bruno, chloe], given)
    no_fork([alice, twin, bruno, chloe])
    assert bruno.status()["notice"] == []
    twin.stop()  # as it was told
    alice.tip("Après")
    given.append("Après")
    world.meet(nodes)
    all_have(nodes, given)
    alice.restart()
    assert alice.status()["notice"] == []


def test_clones_that_crash_say_so_again(world):
    """A start after a crash is no clone by itself, and a clone is one after it too."""
    alice, bruno = nodes = world.circle("alice", "bruno")
    alice.tip("Avant")
    world.agree(nodes)
    alice.kill()
    alice.start()
    world.meet(nodes)
    assert alice.status()["notice"] == []
    alice.stop()
    twin = clone_of(world, alice, "twin")
    alice.start()
    twin.start(port=0)
    both_say_so(alice, twin)
    alice.kill()
    twin.kill()
    alice.start()
    twin.start()
    for node in (alice, twin):
        wait_until(lambda: node.log_text().count(CLONE) == 2, 60, f"{node.name} says so again")
    alice.tip("Un")
    twin.tip("Deux")
    all_have([alice, twin, bruno], ["Avant", "Un", "Deux"])
    no_fork([alice, twin, bruno])
