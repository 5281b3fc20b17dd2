"""Fixtures: `world` makes nodes and ends them; a node that did not end well fails its test."""

import os
import random
import signal

import pytest

import wire
import world as worlds


def pytest_configure(config):
    for program in (worlds.TUYAU, worlds.TUYAUD):
        if not os.access(program, os.X_OK):
            pytest.exit(f"{program} is not there: TUYAU_BIN is the directory of the programs", 2)
    worlds.adopt_orphans()
    # Whoever begins this in the background of a script has them ignored; tuyaud would keep to that.
    for number, handler in (
        (signal.SIGINT, signal.default_int_handler),
        (signal.SIGHUP, signal.SIG_DFL),
        (signal.SIGTERM, signal.SIG_DFL),
    ):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, handler)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    for value in getattr(item, "funcargs", {}).values() if report.failed else ():
        first = value[0] if isinstance(value, tuple) and value else value
        if isinstance(first, worlds.World):
            report.sections.extend(first.logs())


@pytest.fixture
def world():
    made = worlds.World()
    yield made
    problems = made.close()
    assert not problems, "\n".join(problems)


@pytest.fixture
def dice():
    """Random choices that can be made again: TUYAU_SEED=... pytest-3 ..."""
    seed = int(os.environ.get("TUYAU_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"TUYAU_SEED={seed}")
    return random.Random(seed)


@pytest.fixture(scope="session", autouse=True)
def nobody_stays():
    """No test leaves a process."""
    yield
    left = worlds.children()
    assert not left, f"processes left: {left}"


# ---- what takes long by itself begins first and is looked at last ----


@pytest.fixture(scope="session", autouse=True)
def begun_early(request, nobody_stays):
    wanted = {name for item in request.session.items for name in item.fixturenames}
    if "silenced" in wanted:
        request.getfixturevalue("silenced")


@pytest.fixture(scope="session")
def silenced(nobody_stays):
    """(world, alice, {name: socket}): strangers of all kinds that keep their sockets open. They
    begin with the tests, because the daemon reads and discards for up to 25 s."""
    made = worlds.World()
    alice = made.node("alice")
    alice.new()
    bruno = made.node("bruno")
    bruno.join(alice.invite())
    key = wire.link_key(bruno)
    first = wire.Initiator(key).frame_1()
    sockets = {}

    def open_with(name, data):
        sock = wire.dial(bruno.port)
        sock.sendall(data)
        sockets[name] = sock

    for length in range(wire.FIRST_FRAME):
        open_with(f"cut after {length}", first[:length])
    for name, frame in wire.wrong_first_frames(key, random.Random(1)).items():
        open_with(name, frame)
    caller = wire.Initiator(key)
    open_with("link key, no invite", caller.frame_1())
    known = sockets["link key, no invite"]
    caller.take_2(wire.receive_exactly(known, wire.SECOND_FRAME))
    known.sendall(caller.frame_3(wire.hello()))
    yield made, bruno, sockets
    for sock in sockets.values():
        sock.close()
    problems = made.close()
    assert not problems, "\n".join(problems)
