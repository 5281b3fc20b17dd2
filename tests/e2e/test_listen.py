"""Several addresses to listen at."""

import socket

from world import TUYAUD, run


def has_six():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as sock:
            sock.bind(("::1", 0))
        return True
    except OSError:
        return False


def answers(host, port):
    """Somebody listens there."""
    with socket.create_connection((host, port), timeout=10):
        return True


def test_several_addresses(world):
    other = "[::1]:0" if has_six() else "127.0.0.2:0"
    alice = world.node("alice", "--listen", other)
    status = alice.status()
    assert status["listens"][0] == status["listen"] and len(status["listens"]) == 2
    first, second = (one.rsplit(":", 1) for one in status["listens"])
    assert first[0] == "127.0.0.1" and second[0] == other.rsplit(":", 1)[0]
    assert answers(first[0], int(first[1])) and answers(second[0].strip("[]"), int(second[1]))
    alice.new()
    bruno = world.node("bruno")
    bruno.join(alice.invite())
    world.meet([alice, bruno])
    # both are published: bruno finds alice at the second when the first is gone
    alice.stop()
    alice.start("--listen", f"127.0.0.1:{alice.port}", port=0)
    assert str(alice.port) != first[1]
    world.meet([alice, bruno])


def test_addresses_of_the_configuration(world):
    alice = world.node("alice", start=False)
    alice.home.mkdir()
    (alice.home / "tuyaud.conf").write_text(
        "listen = 127.0.0.1:0, 127.0.0.2:0\nlisten = 127.0.0.3:0\n"
    )
    status = alice.json("status", start=True)
    world.adopt(status["pid"])
    assert [one.rsplit(":", 1)[0] for one in status["listens"]] == [
        "127.0.0.1",
        "127.0.0.2",
        "127.0.0.3",
    ]
    world.end_adopted(status["pid"])


def test_one_that_is_taken_is_an_error(world):
    alice = world.node("alice")
    said = run(
        [TUYAUD, "--home", world.dir / "other", "--foreground", "--listen", "127.0.0.1:0"]
        + ["--listen", f"127.0.0.1:{alice.port}"],
        alice.home_env,
        exit=1,
    )
    assert "T-LISTEN" in said.err and str(alice.port) in said.err
    many = [word for _ in range(9) for word in ("--listen", "127.0.0.1:0")]
    said = run([TUYAUD, "--home", world.dir / "other", *many], alice.home_env, exit=2)
    assert "T-USAGE" in said.err
