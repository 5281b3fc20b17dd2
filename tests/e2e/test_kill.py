"""kill -9 of any daemon at any moment: what was acknowledged is everywhere afterwards, once."""

import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from world import ASAN, LONG, PEOPLE, TUYAU, Rpc, run, wait_until

TIPS = 2000 if LONG else 300
KILLS = 60 if LONG else 12
MEMBERS = list(PEOPLE) if LONG else ["alice", "bruno", "chloe", "david"]
GIVERS = 6


class Killer(threading.Thread):
    """Kills a random daemon, starts it again a little later, and so on until it is told to stop."""

    def __init__(self, nodes, dice, pause_s=0.15, away_s=0.15):
        super().__init__()
        self.nodes, self.dice = nodes, dice
        self.pause_s, self.away_s = pause_s, away_s
        self.over = threading.Event()
        self.kills = 0
        self.failure = None

    def run(self):
        try:
            while not self.over.wait(self.dice.random() * self.pause_s):
                node = self.dice.choice(self.nodes)
                assert node.running, f"{node.name} ended by itself: {node.tail()}"
                node.kill()
                self.kills += 1
                self.over.wait(self.dice.random() * self.away_s)
                # mostly at its port, some at another one; some while the next is killed already
                node.start(port=0 if self.dice.random() < 0.2 else None, wait=False)
                if self.dice.random() < 0.5:
                    node.ready()
        except Exception as error:  # told by the test's own thread
            self.failure = error

    def stop(self):
        self.over.set()
        self.join()
        for node in self.nodes:
            node.ready()
        if self.failure:
            raise self.failure


def check(world, nodes, acknowledged):
    world.meet(nodes, timeout=120)
    for node in nodes:
        titles = []
        for listed in node.rpc("inbox", {"all": True})["objects"]:
            assert "unreadable" not in listed, f"{node.name}: {listed}"
            titles.append(listed["title"])
        twice = {title for title in titles if titles.count(title) > 1}
        assert not twice, f"{node.name} has twice: {sorted(twice)[:10]}"
        lost = acknowledged - set(titles)
        assert not lost, f"{node.name} lost {len(lost)}: {sorted(lost)[:10]}"


def test_kill_while_tips_are_given(world, dice):
    """Processes of `tuyau tip` run side by side at full speed; a tip whose giving failed is given
    again under another title, so that nothing can hide behind a repetition."""
    nodes = world.circle(*MEMBERS)
    acknowledged = set()
    lock = threading.Lock()
    attempts = [0]
    killer = Killer(nodes, dice)

    def give(giver):
        node = nodes[giver % len(nodes)]
        while True:
            with lock:
                if len(acknowledged) >= TIPS and killer.kills >= KILLS:
                    return
                attempts[0] += 1
                title = f"Tuyau {attempts[0]} de {node.name}"
            ran = run(
                [TUYAU, "--home", node.home, "--no-start", "-q", "tip", title, "--tag", "vite"],
                node.home_env,
                exit=None,
            )
            if ran.rc == 0:
                assert len(ran.out.strip()) == 16
                with lock:
                    acknowledged.add(title)
            else:
                assert ran.rc in (1, 4), repr(ran)
                assert ran.err.startswith("T-"), repr(ran)
                if not node.running or not node.socket.exists():
                    killer.over.wait(0.02)  # it is away: no use in asking at full speed

    began = time.monotonic()
    killer.start()
    try:
        with ThreadPoolExecutor(GIVERS) as pool:
            for done in [pool.submit(give, i) for i in range(GIVERS)]:
                done.result()
    finally:
        killer.stop()
    print(
        f"{len(acknowledged)} tips given in {time.monotonic() - began:.1f} s, "
        f"{attempts[0] - len(acknowledged)} attempts failed, {killer.kills} kills"
    )
    assert len(acknowledged) >= TIPS and killer.kills >= KILLS
    check(world, nodes, acknowledged)


def test_kill_while_a_newcomer_syncs(world, dice):
    """The newcomer and the one it learns from are killed while 300 tips flow."""
    alice = world.node("alice")
    alice.new()
    titles = {f"Tuyau {i}" for i in range(TIPS)}
    with Rpc(alice.socket) as rpc:
        for title in sorted(titles):
            rpc.call("tip", {"fields": {"title": title, "text": title * 20}})
    bruno = world.node("bruno")
    bruno.json("join", alice.invite(), "--no-wait", *bruno.person())
    for _ in range(6):
        node = dice.choice([alice, bruno])
        node.kill()
        node.start()
        wait_until(lambda: bruno.circle() and alice.circle()["online"] == 2, what="they meet")
        time.sleep(dice.random() * 0.05)  # a moment within the sync, not a wait for something
    check(world, [alice, bruno], titles)


def test_kill_while_joining(world, dice):
    """However a join is cut short, the same person comes in with the same code in the end, once."""
    alice = world.node("alice")
    alice.new()
    nodes = [alice]
    for name in ("bruno", "chloe", "david", "emma", "farid"):
        newcomer = world.node(name)
        code = alice.invite()
        cut_join(alice, newcomer, code, dice)

        def inside():
            ran = newcomer.tuyau("join", code, "--timeout", "2", *newcomer.person(), exit=None)
            return ran.rc in (0, 7)

        wait_until(inside, 60, f"{name} is in")
        nodes.append(newcomer)
    world.meet(nodes)
    for node in nodes:
        members = node.json("circle", "show")["members"]
        assert sorted(m["name"] for m in members) == sorted(n.full_name for n in nodes)
    alice.tip("Bienvenue")
    world.agree(nodes)


def cut_join(inviter, newcomer, code, dice):
    """One of the two is killed at some moment of a join, and comes back at once."""
    victim = dice.choice([inviter, newcomer])
    joining = subprocess.Popen(
        [TUYAU, "--home", newcomer.home, "--no-start", "join", code, "--timeout", "2"]
        + newcomer.person(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=newcomer.home_env,
    )
    time.sleep(dice.random() * (0.15 if ASAN else 0.04))
    victim.kill()
    victim.start()
    joining.wait(90)


def test_kill_right_after_an_acknowledgement(world):
    """A tip is on the disk before it is acknowledged, not a moment later."""
    alice, bruno = world.circle("alice", "bruno")
    bruno.stop()
    given = []
    for i in range(15):
        with Rpc(alice.socket) as rpc:
            given.append(rpc.call("tip", {"fields": {"title": f"Durable {i}"}})["title"])
            alice.process.kill()
        alice.process.wait()
        alice.process = None
        alice.start()
        assert alice.titles() == given[::-1]
    bruno.start()
    check(world, [alice, bruno], set(given))


def test_a_new_circle_survives_a_kill(world):
    alice = world.node("alice")
    made = alice.new()
    alice.kill()
    alice.start()
    shown = alice.json("circle", "show")
    assert shown["id"] == made["id"] and shown["name"] == made["name"]
    assert shown["members"][0]["member"] == made["members"][0]["member"]
    code = alice.invite()
    alice.kill()
    alice.start()
    bruno = world.node("bruno")
    bruno.join(code)  # an invite survives too
    world.meet([alice, bruno])


