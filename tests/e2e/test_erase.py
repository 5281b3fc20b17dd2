"""What has expired goes from the disk, at each daemon by its own clock."""

from world import wait_until

DAY = 86400


def erased(node, tip):
    """A view without it, and no word of it found."""
    return tip["id"] not in {one["id"] for one in node.json("search", "grue", "state:any")}


def test_expired_texts_are_erased_by_each_daemons_own_clock(world):
    alice, bruno = world.circle("alice", "bruno")
    short = alice.tip("Grue à louer", "--life", "2d")
    long = alice.tip("Grue à vendre", "--life", "80d")
    world.agree([alice, bruno])
    bruno.restart("--clock-offset", str(40 * DAY))
    wait_until(lambda: erased(bruno, short), what="the erasure of what has expired")
    assert not erased(bruno, long)
    bruno.fails(3, "T-NOT-FOUND", "show", short["id"])
    assert not erased(alice, short)  # her clock says otherwise
    world.agree([alice, bruno])
    bruno.restart()
    world.meet([alice, bruno])
    world.agree([alice, bruno])
    assert erased(bruno, short) and not erased(alice, short)
    assert alice.circles()[0]["missing_payloads"] == bruno.circles()[0]["missing_payloads"] == 0
