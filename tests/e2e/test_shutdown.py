"""The clean end, whatever goes on: SIGTERM, exit code 0, every handle closed, nothing lost."""

import os
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

import wire
from world import ASAN, LONG, TUYAU, Rpc, RpcError, wait_until

END_S = 10.0  # at most


def ends(node, how=signal.SIGTERM):
    began = time.monotonic()
    node.stop(how)  # asserts exit code 0 and a log without faults
    took = time.monotonic() - began
    assert took < END_S, f"{took:.1f} s"
    assert not node.socket.exists()
    assert "what=end code=0" in node.log_text()
    return took


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_idle(world, how):
    alice = world.node("alice")
    ends(alice, how)
    alice.start()
    alice.new()
    ends(alice, how)


def test_tuyau_stop(world):
    alice, bruno = world.circle("alice", "bruno")
    alice.tip("Avant la fin")
    assert alice.json("stop") == {"stopping": True}
    assert alice.process.wait(5) == 0
    alice.process = None
    alice.fails(4, "T-NO-DAEMON", "stop")
    alice.start()
    world.agree([alice, bruno])


@pytest.mark.parametrize("first", ["stop", signal.SIGTERM], ids=["stop", "SIGTERM"])
def test_signals_until_the_process_is_gone(world, first):
    """Who asks again while it ends does not kill it, however late."""
    alice = world.node("alice")
    for _ in range(3):
        if first == "stop":
            assert alice.json("stop") == {"stopping": True}
        else:
            alice.process.send_signal(first)
        while alice.process.poll() is None:
            alice.process.send_signal(signal.SIGTERM)
            alice.process.send_signal(signal.SIGINT)
        assert alice.process.returncode == 0
        alice.process = None
        alice.log_check()
        alice.start()


def test_connected(world):
    alice, bruno, chloe = world.circle("alice", "bruno", "chloe")
    ends(alice)
    began = time.monotonic()
    wait_until(lambda: bruno.circle()["online"] == 2, 10, "bruno sees that alice is gone")
    assert time.monotonic() - began < 5, "it said goodbye"
    ends(bruno)
    ends(chloe)


def test_while_dialing_who_is_away(world):
    alice, bruno = world.circle("alice", "bruno")
    bruno.kill()
    wait_until(lambda: alice.peer("Bruno Le Gall")["state"] != "connected", what="he is gone")
    ends(alice)


def test_while_joining(world):
    alice = world.node("alice")
    alice.new()
    code = alice.invite()
    alice.stop()
    bruno = world.node("bruno")
    joining = subprocess.Popen(
        [TUYAU, "--home", bruno.home, "--no-start", "join", code, "--json", *bruno.person()],
        env=bruno.home_env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_until(lambda: "what=unreached" in bruno.log_text(), what="it tries")
    ends(bruno)
    out, err = joining.communicate(timeout=30)
    assert joining.returncode in (1, 4) and out == "" and '"T-' in err


def test_with_clients(world):
    """Clients that say nothing, are in the middle of a request, or wait for an answer."""
    alice = world.node("alice")
    alice.new()
    clients = [Rpc(alice.socket) for _ in range(3)]
    clients[1].socket.sendall(b"\x94\x00\x01")
    clients[2].call("status")
    ends(alice)
    for client in clients:
        with pytest.raises((ConnectionError, RpcError)):
            client.receive()
        client.close()


def test_with_strangers(world):
    alice = world.node("alice")
    alice.new()
    key = wire.Invite(alice.invite()).link_pk
    caller = wire.Initiator(key)
    frame = caller.frame_1()
    strangers = [wire.dial(alice.port) for _ in range(20)]
    for i, sock in enumerate(strangers):
        sock.sendall(frame[: i * 3])
    guest = wire.dial(alice.port)
    guest.sendall(frame)
    caller.take_2(wire.receive_exactly(guest, wire.SECOND_FRAME))
    guest.sendall(caller.frame_3(wire.hello()))
    loud = wire.dial(alice.port)
    loud.sendall(os.urandom(64))
    ends(alice)
    for sock in [*strangers, guest, loud]:
        sock.close()


def test_with_a_friend_that_does_not_read(world):
    """What is still to be sent to one who has stopped does not keep the daemon."""
    alice, bruno = world.circle("alice", "bruno")
    os.kill(bruno.pid, signal.SIGSTOP)
    try:
        with Rpc(alice.socket) as rpc:
            for i in range(300):
                rpc.call("tip", {"fields": {"title": f"Tuyau {i}", "text": "t" * 1900}})
        ends(alice)
    finally:
        os.kill(bruno.pid, signal.SIGCONT)
    alice.start()
    world.agree([alice, bruno])
    assert len(bruno.titles()) == 300


def test_while_syncing(world):
    """Both ends, in the middle of a first sync; afterwards it goes on where it was."""
    alice = world.node("alice")
    alice.new()
    with Rpc(alice.socket) as rpc:
        for i in range(300):
            rpc.call("tip", {"fields": {"title": f"Tuyau {i}", "text": "t" * 1000}})
    bruno = world.node("bruno")
    bruno.json("join", alice.invite(), "--no-wait", *bruno.person())
    ends(bruno)
    bruno.start()
    wait_until(lambda: bruno.circle()["entries"] > 10, what="something arrives", every=0.001)
    ends(alice)
    ends(bruno)
    alice.start()
    bruno.start()
    world.meet([alice, bruno])
    assert len(bruno.titles()) == 300


def test_while_tips_are_given(world):
    """What was acknowledged before the end is there; what was not may be."""
    alice, bruno = world.circle("alice", "bruno")
    acknowledged, tried = set(), set()

    def give(giver):
        try:
            with Rpc(alice.socket) as rpc:
                for i in range(10_000):
                    title = f"{giver}.{i}"
                    tried.add(title)
                    rpc.call("tip", {"fields": {"title": title}})
                    acknowledged.add(title)
        except (OSError, RpcError):
            pass  # the end

    givers = [threading.Thread(target=give, args=(i,)) for i in range(4)]
    for giver in givers:
        giver.start()
    wait_until(lambda: len(acknowledged) > 100, what="tips are given", every=0.001)
    ends(alice)
    for giver in givers:
        giver.join()
    assert len(acknowledged) < 10_000
    alice.start()
    world.agree([alice, bruno])
    for node in (alice, bruno):
        titles = node.titles()
        assert len(titles) == len(set(titles)), f"{node.name} has some twice"
        assert acknowledged <= set(titles) <= tried


def test_all_at_once(world):
    nodes = world.circle("alice", "bruno", "chloe", "david")
    for node in nodes:
        node.process.send_signal(signal.SIGTERM)
    for node in nodes:
        assert node.process.wait(END_S) == 0
        node.process = None
        node.log_check()
    for node in nodes:
        node.start()
    world.meet(nodes)


def test_right_after_the_start(world):
    """At any moment of the start the end is clean: not begun, or begun and ended."""
    alice = world.node("alice")
    alice.new()
    alice.stop()
    for i in range(10):
        alice.start(wait=False)
        wait_until(lambda: alice.socket.exists(), what="its socket", every=0.001)
        if i % 2:
            with socket.socket(socket.AF_UNIX) as sock:
                try:
                    sock.connect(str(alice.socket))
                except OSError:
                    pass
        ends(alice)


@pytest.mark.skipif(not LONG, reason="TUY_LONG=1 runs it")
@pytest.mark.skipif(ASAN, reason="valgrind and AddressSanitizer do not mix")
def test_under_valgrind(world):
    valgrind = shutil.which("valgrind")
    if not valgrind:
        pytest.skip("no valgrind")
    wrapper = [valgrind, "--quiet", "--error-exitcode=99", "--leak-check=full"]
    wrapper += ["--errors-for-leak-kinds=definite,indirect,possible"]
    alice = world.node("alice", wrapper=wrapper)
    alice.new()
    bruno = world.node("bruno")
    bruno.join(alice.invite())
    world.meet([alice, bruno], timeout=120)
    for i in range(20):
        alice.tip(f"Tuyau {i}")
        bruno.tip(f"Autre {i}")
    world.agree([alice, bruno], timeout=120)
    assert len(alice.json("search", "tuyau")) == 20
    with wire.dial(alice.port) as sock:
        sock.sendall(os.urandom(64))
    alice.stop(timeout=60)
