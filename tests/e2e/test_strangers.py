"""Sockets of strangers on loopback: without the link key not one byte comes back."""

import os
import random
import socket
import struct
import threading
import time

import msgpack
import wire
from world import ASAN, wait_until

STRANGERS = 10_000
RSS_GROWTH_KIB = 4096 if not ASAN else 32768  # ASan keeps freed memory aside for a while
SMALL_QUARANTINE = {"ASAN_OPTIONS": "quarantine_size_mb=1:thread_local_quarantine_size_kb=64"}
CONNECT_S = 1.0


def answers(port, frames, close_writing=True):
    """What strangers get who say `frames` and then no more: {name: bytes}."""
    socks = {}
    for name, frame in frames.items():
        sock = wire.dial(port)
        try:
            sock.sendall(frame)
            if close_writing:
                sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # closed already
        socks[name] = sock
    received = wire.receive_until_closed(list(socks.values()), 30)
    for sock in socks.values():
        sock.close()
    return {name: received[sock] for name, sock in socks.items()}


def test_a_first_frame_cut_at_every_length_gets_nothing(world, dice):
    alice = world.node("alice")
    alice.new()
    first = wire.Initiator(wire.link_key(alice)).frame_1()
    got = answers(alice.port, {n: first[:n] for n in range(wire.FIRST_FRAME)})
    assert set(got.values()) == {b""}, {n: d for n, d in got.items() if d}
    # the whole one was never sent: it is good
    with wire.dial(alice.port) as sock:
        sock.sendall(first)
        assert len(wire.receive_exactly(sock, wire.SECOND_FRAME)) == wire.SECOND_FRAME


def test_wrong_first_frames_get_nothing(world, dice):
    alice = world.node("alice")
    alice.new()
    got = answers(alice.port, wire.wrong_first_frames(wire.link_key(alice), dice))
    assert set(got.values()) == {b""}, {n: d for n, d in got.items() if d}


def test_a_first_frame_byte_by_byte_is_good(world):
    alice = world.node("alice")
    alice.new()
    caller = wire.Initiator(wire.link_key(alice))
    with wire.dial(alice.port) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in caller.frame_1():
            sock.sendall(bytes([byte]))
        caller.take_2(wire.receive_exactly(sock, wire.SECOND_FRAME))


def test_bytes_that_come_before_the_answer(world):
    """Nobody speaks before message 2: who does has lost."""
    alice = world.node("alice")
    alice.new()
    frame = wire.Initiator(wire.link_key(alice)).frame_1() + bytes(100)
    (got,) = answers(alice.port, {"eager": frame}).values()
    assert got == b""


def test_a_recorded_first_frame_is_not_answered_again(world):
    """The real first frame of a real friend, written down on its way, and said again."""
    alice = world.node("alice")
    alice.new()
    bruno = world.node("bruno")
    with wire.Proxy(alice.port) as proxy:
        invite = wire.Invite(alice.invite())
        invite.port = proxy.port
        bruno.join(invite.code())
        recorded = proxy.sent[0][: wire.FIRST_FRAME]
        assert len(recorded) == wire.FIRST_FRAME
        assert recorded[:16] == wire.knock(invite.link_pk, recorded[16:])
        got = answers(alice.port, {"once": recorded, "twice": recorded})
        assert set(got.values()) == {b""}
    world.meet([alice, bruno])


def test_a_first_frame_is_answered_once(world):
    alice = world.node("alice")
    alice.new()
    frame = wire.Initiator(wire.link_key(alice)).frame_1()
    with wire.dial(alice.port) as sock:
        sock.sendall(frame)
        assert len(wire.receive_exactly(sock, wire.SECOND_FRAME)) == wire.SECOND_FRAME
    assert answers(alice.port, {"again": frame}) == {"again": b""}


def third_frames():
    """What one says who knows the link key but is no friend: {name: bytes after message 2}."""

    return {
        "nothing": lambda caller: b"",
        "a stranger's HELLO": lambda caller: caller.frame_3(wire.hello()),
        "HELLO and JOIN": lambda caller: caller.frame_3(wire.hello()) + caller.transport(join()),
        "no HELLO": lambda caller: caller.frame_3(msgpack.packb([18, 1, []])),
        "empty payload": lambda caller: caller.frame_3(b""),
        "garbage payload": lambda caller: caller.frame_3(b"\xdd\xff\xff\xff\xff" * 9),
        "garbage frame": lambda caller: struct.pack(">H", 300) + os.urandom(300),
        "length 0": lambda caller: b"\0\0",
        "length 65535": lambda caller: b"\xff\xff" + os.urandom(65535),
        "cut": lambda caller: caller.frame_3(wire.hello())[:-1],
    }


def join():
    """A JOIN with an invite that nobody made."""
    return msgpack.packb(
        [20, os.urandom(16), os.urandom(224), "Mallory", os.urandom(32), os.urandom(64)],
        use_bin_type=True,
    )


def second_and_more(port, key, says):
    """Does the handshake up to message 2, says the rest, and returns what came after it."""
    caller = wire.Initiator(key)
    with wire.dial(port) as sock:
        sock.sendall(caller.frame_1())
        caller.take_2(wire.receive_exactly(sock, wire.SECOND_FRAME))
        rest = says(caller)
        try:
            sock.sendall(rest)
            sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        return wire.receive_until_closed([sock], 30)[sock]


def test_the_link_key_without_an_invite_gets_message_2_and_nothing_more(world):
    _, bruno = world.circle("alice", "bruno")
    key = wire.link_key(bruno)  # bruno never made an invite
    for name, says in third_frames().items():
        assert second_and_more(bruno.port, key, says) == b"", name
    assert bruno.circle()["members"] == 2


def test_an_invite_without_join_gets_message_2_and_nothing_more(world):
    """A guest hears nothing before its JOIN; one with an invite that nobody made is rejected."""
    alice = world.node("alice")
    alice.new()
    key = wire.Invite(alice.invite()).link_pk
    assert key == wire.link_key(alice)
    for name, says in third_frames().items():
        got = second_and_more(alice.port, key, says)
        if name == "HELLO and JOIN":
            (length,) = struct.unpack(">H", got[:2])  # REJECT, which says nothing of the circle
            assert len(got) == 2 + length < 64, (name, got)
        else:
            assert got == b"", (name, got)
    assert alice.circle()["members"] == 1


def test_a_friend_of_another_circle_is_a_stranger(world):
    """alice and bruno are in one circle, chloe in none of theirs."""
    _, bruno = world.circle("alice", "bruno")
    chloe = world.node("chloe")
    chloe.new("Ailleurs")
    static = wire.identity_link_secret(chloe.identity)
    key = wire.link_key(bruno)
    caller = wire.Initiator(key, static)
    with wire.dial(bruno.port) as sock:
        sock.sendall(caller.frame_1())
        caller.take_2(wire.receive_exactly(sock, wire.SECOND_FRAME))
        sock.sendall(caller.frame_3(wire.hello()))
        sock.shutdown(socket.SHUT_WR)
        assert wire.receive_until_closed([sock], 30)[sock] == b""


class Flood(threading.Thread):
    """Strangers one after the other, of all kinds, until `count` of them were there."""

    def __init__(self, port, key, count, seed):
        super().__init__()
        self.port, self.key, self.count = port, key, count
        self.dice = random.Random(seed)
        self.done = 0
        self.answered = 0
        self.failure = None

    def run(self):
        recent = []
        try:
            for self.done in range(1, self.count + 1):
                sock = wire.dial(self.port)
                recent.append(sock)
                try:
                    sock.sendall(self.frame())
                except OSError:
                    pass  # closed already
                if len(recent) > 40:  # some of them stay open for a while
                    self.end(recent.pop(self.dice.randrange(len(recent))))
        except OSError as error:
            self.failure = error
        for sock in recent:
            self.end(sock)

    def frame(self):
        kind = self.dice.randrange(5)
        if kind == 0:
            return self.dice.randbytes(self.dice.randrange(200))
        if kind == 1:
            return self.dice.randbytes(64)
        if kind == 2:
            message = self.dice.randbytes(48)
            return wire.knock(self.key, message) + message
        if kind == 3:
            return self.dice.randbytes(self.dice.randrange(64))
        return self.dice.randbytes(20000)

    def end(self, sock):
        sock.setblocking(False)
        try:
            self.answered += len(sock.recv(4096))
        except OSError:
            pass
        wire.reset(sock)


def flood(node, key, count, seed):
    runs = [Flood(node.port, key, count // 2, seed + i) for i in range(2)]
    for run in runs:
        run.start()
    return runs


def drain(runs):
    for run in runs:
        run.join()
        assert run.failure is None, run.failure
        assert run.answered == 0 and run.done == run.count


def test_ten_thousand_strangers(world, dice):
    """Memory does not grow, and meanwhile a friend that comes back is connected within a second."""
    alice = world.node("alice", env=SMALL_QUARANTINE)
    alice.new()
    bruno = world.node("bruno")
    bruno.join(alice.invite())
    world.meet([alice, bruno])
    bruno.stop()
    key = wire.link_key(alice)
    drain(flood(alice, key, STRANGERS // 10, dice.randrange(1 << 30)))
    first = alice.memory_kib()

    runs = flood(alice, key, STRANGERS - STRANGERS // 10, dice.randrange(1 << 30))
    took = []
    while any(run.is_alive() for run in runs) and len(took) < 5:
        bruno.start()
        began = time.monotonic()
        wait_until(
            lambda: bruno.peer("Alice Martin")["state"] == "connected",
            20,
            "bruno is connected",
            every=0.01,
        )
        took.append(time.monotonic() - began)
        bruno.kill()
    drain(runs)
    last = alice.memory_kib()
    print(f"connected after {[round(t, 3) for t in took]} s; RSS {first} -> {last} KiB")
    assert took and max(took) <= CONNECT_S, took
    assert last - first <= RSS_GROWTH_KIB, f"RSS {first} -> {last} KiB"
    bruno.start()
    world.meet([alice, bruno])
    assert alice.circle()["members"] == 2


def test_many_who_say_nothing_do_not_keep_a_friend_out(world):
    """200 sockets that were opened and say nothing: a friend is connected within a second."""
    alice, bruno = world.circle("alice", "bruno")
    bruno.stop()
    idle = [wire.dial(alice.port) for _ in range(200)]
    try:
        bruno.start()
        began = time.monotonic()
        wait_until(
            lambda: bruno.peer("Alice Martin")["state"] == "connected", 20, "connected", every=0.01
        )
        assert time.monotonic() - began <= CONNECT_S
    finally:
        for sock in idle:
            sock.close()


def test_strangers_that_stay_get_nothing(silenced):
    """Those of the fixture kept their sockets open: the daemon closed every one without a byte."""
    world, bruno, sockets = silenced
    received = wire.receive_until_closed(list(sockets.values()), 40)
    said = {name: received[sock] for name, sock in sockets.items() if received[sock]}
    assert not said, said
    alice = world.nodes[0]
    world.meet([alice, bruno])
    alice.tip("Toujours là")
    world.agree([alice, bruno])
