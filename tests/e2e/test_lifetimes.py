"""How long things are kept (product 1.12), each by its daemon's clock."""

from world import wait_until

DAY = 86400
NAME = "Noé Kervella"


def at(days, *nodes):
    """Restarts them so that their clocks are so many days ahead; they meet again."""
    for node in nodes:
        node.restart("--clock-offset", str(days * DAY))
    nodes[0].world.meet(list(nodes))


def gone(node, id):
    wait_until(
        lambda: node.tuyau("show", id, "--json", exit=None).rc == 3,
        what=f"{id} is gone from {node.name}",
    )


def test_a_tip_expires_after_30_days_and_is_erased_30_days_later(world):
    nodes = alice, bruno = world.circle("alice", "bruno")
    id = alice.json("tip", "Monte-charge", "--who", NAME, "--told", "--phone", "0639985510")["id"]
    world.agree(nodes)
    at(29, *nodes)
    assert bruno.json("show", id)["state"] == "open"
    at(31, *nodes)
    assert bruno.json("show", id)["state"] == alice.json("show", id)["state"] == "expired"
    at(61, *nodes)
    for node in nodes:
        gone(node, id)
        assert "had expired" in node.fails(3, "T-NOT-FOUND", "show", id)["message"]
    world.agree(nodes)  # its header is still there, and verifies
    wait_until(lambda: NAME.encode() not in alice.data.read_bytes(), what="the card is gone too")
    for node in nodes:
        wait_until(lambda: b"charge" not in node.data.read_bytes(), what=f"{node.name} is clean")


def test_what_was_closed_is_erased_60_days_later_everywhere(world):
    nodes = alice, bruno, chloe = world.circle("alice", "bruno", "chloe")
    id = alice.json("tip", "Monte-charge", "--who", NAME, "--told", "--phone", "0639985510")["id"]
    world.agree(nodes)
    assert bruno.json("claim", id)["state"] == "awarded"
    bruno.json("done", id, "--won")
    wait_until(lambda: alice.json("show", id)["state"] == "won", what="alice knows")
    world.agree(nodes)
    at(59, *nodes)
    assert alice.json("show", id)["state"] == "won"
    assert bruno.json("show", id)["sealed"]["name"] == NAME
    at(61, *nodes)
    for node in nodes:
        gone(node, id)
    world.agree(nodes)
    status = wait_until(
        lambda: [g for g in alice.rpc("forget_status", {"id": id}) if g["confirmed"] == 2],
        what="both confirm",
    )
    assert status[0]["why"] == "expired"
    assert all(node.circle()["missing_payloads"] == 0 for node in nodes)


def test_an_answer_to_news_is_gone_7_days_after_it_was_read(world):
    nodes = alice, bruno = world.circle("alice", "bruno")
    id = alice.json("ask", "news", "Où travaille-t-elle ?", "--until", "30d")["id"]
    world.agree(nodes)
    bruno.json("answer", id, "--moved", "Brightwater")
    wait_until(lambda: alice.json("show", id).get("answered"), what="alice has the answer")
    first = alice.json("show", id)["answers"][0]
    assert first["company"] == "Brightwater", first
    at(6, *nodes)
    assert alice.json("show", id)["answers"][0]["company"] == "Brightwater"
    at(8, *nodes)
    wait_until(
        lambda: "company" not in (alice.json("show", id).get("answers") or [{}])[0],
        what="the answer is gone",
    )
    assert alice.json("show", id)["state"] == "answered"


def test_an_answer_to_news_that_nobody_read_is_gone_after_14_days(world):
    nodes = alice, bruno = world.circle("alice", "bruno")
    id = alice.json("ask", "news", "Où travaille-t-elle ?", "--until", "30d")["id"]
    world.agree(nodes)
    bruno.json("answer", id, "--moved", "Brightwater")
    world.agree(nodes)
    at(13, *nodes)
    assert bruno.json("show", id)["answers"][0]["company"] == "Brightwater"
    at(15, *nodes)
    for node in nodes:
        wait_until(
            lambda: "company" not in (node.json("show", id).get("answers") or [{}])[0],
            what=f"the answer is gone from {node.name}",
        )


def test_what_is_withdrawn_goes_at_once(world):
    nodes = alice, bruno = world.circle("alice", "bruno")
    id = alice.tip("Monte-charge")["id"]
    world.agree(nodes)
    alice.json("withdraw", id)
    for node in nodes:
        gone(node, id)
