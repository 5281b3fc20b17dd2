"""Every documented fault: the error says so, nothing is lost, and it works again afterwards."""

import os
import re
import shutil
import socket
import stat
import subprocess

import msgpack
import pytest

from world import TUYAUD, Rpc, RpcError, environment, run, wait_until


def start_fails(node, exit, code, *options):
    """tuyaud must not start, and says why in one line; tuyau, which starts it, says the same."""
    for mode in ([], ["--foreground"]):
        ran = run(
            [TUYAUD, "--home", node.home, "--listen", "127.0.0.1:0", *mode, *options],
            node.home_env,
            exit=exit,
        )
        said = [line for line in ran.err.splitlines() if line.startswith("T-")]
        assert len(said) == 1 and said[0].startswith(code + " "), repr(ran)
        assert ran.out == ""
        assert not node.socket.exists(), "it left its socket"
    if not options:
        node.fails(exit, code, "status", start=True)
    return said[0]


@pytest.fixture
def stopped(world):
    """alice with a circle, a friend and three tips; alice is down, bruno is up."""
    alice, bruno = world.circle("alice", "bruno")
    for title in ("Un", "Deux", "Trois"):
        alice.tip(title)
    world.agree([alice, bruno])
    alice.stop()
    return alice, bruno


def whole(world, alice, bruno):
    """Nothing was lost: all is there, and both go on."""
    alice.start()
    assert sorted(alice.titles()) == ["Deux", "Trois", "Un"]
    world.meet([alice, bruno])
    alice.tip("Quatre")
    world.agree([alice, bruno])
    assert len(bruno.titles()) == 4


# ---- the daemon is not there, or is started ----


def test_no_daemon(world):
    alice = world.node("alice", start=False)
    for args in (["status"], ["inbox"], ["tip", "Perdu"], ["stop"]):
        error = alice.fails(4, "T-NO-DAEMON", *args)
        assert str(alice.socket) in error["message"] and "tuyaud" in error["hint"]
    assert not alice.home.exists()
    alice.start()
    alice.new()
    alice.kill()
    error = alice.fails(4, "T-NO-DAEMON", "inbox")  # its socket is still there, nobody listens
    assert error["retryable"] is True
    alice.start()
    assert alice.json("inbox") == []


def test_tuyau_starts_the_daemon(world):
    alice = world.node("alice", start=False)
    alice.home.mkdir()
    (alice.home / "tuyaud.conf").write_text("listen = 127.0.0.1:0\n")
    status = alice.json("status", start=True)
    world.adopt(status["pid"])
    assert status["member"] is None
    assert stat.S_IMODE((alice.home / "run").stat().st_mode) == 0o700
    assert stat.S_IMODE(alice.socket.stat().st_mode) == 0o600
    assert stat.S_IMODE(alice.identity.stat().st_mode) == 0o600
    alice.json("new", "Vendredi 18h", *alice.person(), start=True)
    assert alice.status()["pid"] == status["pid"]
    log = alice.home / "tuyaud.log"
    assert "what=ready" in log.read_text()
    alice.tuyau("stop")
    world.pids.remove(status["pid"])
    done, code = os.waitpid(status["pid"], 0)
    assert os.waitstatus_to_exitcode(code) == 0 and not alice.socket.exists()
    assert "broken" not in log.read_text()
    # the same port again, and all is there
    again = alice.json("status", start=True)
    world.adopt(again["pid"])
    assert again["circles"][0]["name"] == "Vendredi 18h"
    world.end_adopted(again["pid"])


def test_many_tuyau_start_one_daemon(world):
    alice = world.node("alice", start=False)
    alice.home.mkdir()
    (alice.home / "tuyaud.conf").write_text("listen = 127.0.0.1:0\n")
    command = [TUYAUD.parent / "tuyau", "--home", alice.home, "status", "--json=pid"]
    started = [
        subprocess.Popen(
            command, env=alice.home_env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(6)
    ]
    pids = set()
    for process in started:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        pids.add(re.sub(r"\D", "", out))
    assert len(pids) == 1
    world.end_adopted(int(pids.pop()))


def test_two_daemons_on_one_home(world):
    alice = world.node("alice")
    said = run(
        [TUYAUD, "--home", alice.home, "--listen", "127.0.0.1:0", "--foreground"],
        alice.home_env,
        exit=7,
    ).err
    assert said.startswith("T-ALREADY-RUNNING ") or "\nT-ALREADY-RUNNING " in said
    assert str(alice.pid) in said
    assert alice.status()["pid"] == alice.pid


def test_a_port_that_is_taken(world):
    alice = world.node("alice")
    bruno = world.node("bruno", start=False)
    ran = run(
        [TUYAUD, "--home", bruno.home, "--foreground", "--listen", f"127.0.0.1:{alice.port}"],
        bruno.home_env,
        exit=1,
    )
    assert "T-LISTEN " in ran.err and str(alice.port) in ran.err
    bruno.start(port=0)


def test_options_of_tuyaud(world):
    env = environment(world.dir)
    assert re.fullmatch(r"tuyaud \d+\.\d+\.\d+\n", run([TUYAUD, "--version"], env).out)
    assert run([TUYAUD, "--help"], env).out.startswith("Usage: tuyaud ")
    home = world.dir / "nobody"
    for wrong in (
        ["--nonsense"],
        ["--home"],
        ["--home", ""],
        ["--home", home, "--listen", "localhost"],
        ["--home", home, "--listen", "127.0.0.1:70000"],
        ["--home", home, "--log", "loud"],
        ["--home", home, "--clock-offset", "soon"],
        ["--home", home, "word"],
    ):
        ran = run([TUYAUD, *wrong], env, exit=2)
        assert ran.err.startswith("T-USAGE ") and ran.out == "", repr(ran)
    assert not home.exists()
    home.mkdir()
    (home / "tuyaud.conf").write_text("listen = 127.0.0.1:0\n\ncolour = blue\n")
    ran = run([TUYAUD, "--home", home], env, exit=2)
    assert ran.err.startswith("T-CONFIG ") and "line 3" in ran.err


# ---- paths ----


def test_a_file_in_place_of_the_home(world):
    alice = world.node("alice", start=False)
    alice.home.write_text("un fichier\n")
    alice.fails(1, "T-PATH", "status")
    alice.fails(1, "T-PATH", "status", start=True)
    ran = run([TUYAUD, "--home", alice.home], alice.home_env, exit=1)
    assert ran.err.startswith("T-PATH "), repr(ran)
    assert alice.home.read_text() == "un fichier\n"
    alice.home.unlink()
    alice.start()


def test_a_socket_path_that_is_too_long(world):
    env = environment(world.dir)
    fits = world.dir / ("x" * (107 - len(str(world.dir)) - 1 - len("/run/tuyau.sock")))
    too_long = str(fits) + "x"
    ran = run([TUYAUD, "--home", too_long, "--foreground"], env, exit=2)
    assert ran.err.startswith("T-SOCKET-PATH ") and "107" in ran.err
    ran = run([TUYAUD.parent / "tuyau", "--home", too_long, "status", "--json"], env, exit=2)
    assert ran.error["code"] == "T-SOCKET-PATH" and ran.out == ""
    assert not os.path.exists(too_long)
    longest = world.node("longest", home=fits)
    assert len(str(longest.socket)) == 107
    assert longest.status()["listen"]


def test_something_else_in_place_of_the_socket(stopped, world):
    alice, bruno = stopped
    shutil.rmtree(alice.home / "run", ignore_errors=True)
    alice.socket.mkdir(parents=True)
    ran = run([TUYAUD, "--home", alice.home, "--foreground"], alice.home_env, exit=2)
    assert "T-SOCKET-PATH " in ran.err
    alice.socket.rmdir()
    whole(world, alice, bruno)


# ---- the identity ----


def test_a_directory_in_place_of_the_identity(stopped, world):
    alice, bruno = stopped
    kept = alice.identity.rename(world.dir / "identity")
    alice.identity.mkdir()
    assert str(alice.identity) in start_fails(alice, 1, "T-IDENTITY-KIND")
    alice.identity.rmdir()
    kept.rename(alice.identity)
    whole(world, alice, bruno)


def test_an_identity_that_is_missing(stopped, world):
    """A new one beside the old store would hide that the old one is lost."""
    alice, bruno = stopped
    kept = alice.identity.rename(world.dir / "identity")
    start_fails(alice, 1, "T-IDENTITY-MISSING")
    assert not alice.identity.exists()
    kept.rename(alice.identity)
    whole(world, alice, bruno)


def test_an_identity_that_others_can_read(stopped, world):
    alice, bruno = stopped
    alice.identity.chmod(0o640)
    said = start_fails(alice, 9, "T-IDENTITY-MODE")
    assert "0640" in said
    alice.identity.chmod(0o600)
    whole(world, alice, bruno)


def test_a_damaged_identity(stopped, world):
    alice, bruno = stopped
    good = alice.identity.read_bytes()
    at = good.index(b"device ") + 20
    changed = good[:at] + (b"A" if good[at : at + 1] != b"A" else b"B") + good[at + 1 :]
    for bad, code in (
        (good[:-1], "T-IDENTITY-SIZE"),
        (good + b"\n", "T-IDENTITY-SIZE"),
        (b"", "T-IDENTITY-DAMAGED"),
        (changed, "T-IDENTITY-DAMAGED"),
        (os.urandom(len(good)), "T-IDENTITY-DAMAGED"),
    ):
        alice.identity.write_bytes(bad)
        start_fails(alice, 1, code)
        assert alice.identity.read_bytes() == bad, "it was touched"
    alice.identity.write_bytes(good)
    whole(world, alice, bruno)


def test_the_identity_of_another(stopped, world):
    """A store is of one device: another one must not write into it."""
    alice, bruno = stopped
    good = alice.identity.read_bytes()
    alice.identity.write_bytes(bruno.identity.read_bytes())
    start_fails(alice, 1, "T-STORE-FOREIGN")
    alice.identity.write_bytes(good)
    whole(world, alice, bruno)


# ---- the store ----


def test_a_truncated_store(stopped, world):
    """Refused, and not touched; what is not refused (only unused pages were cut) has everything."""
    alice, bruno = stopped
    good = alice.data.read_bytes()
    refused = 0
    end = len(good)
    for size in (1, 100, 4096, 8191, 8192, 12288, end // 2, end * 3 // 4, end - 1):
        alice.data.write_bytes(good[:size])
        ran = run(
            [TUYAUD, "--home", alice.home, "--listen", "127.0.0.1:0"], alice.home_env, exit=None
        )
        if ran.rc == 0:
            pid = alice.status()["pid"]
            titles = alice.titles()
            world.end_adopted(pid)
            assert sorted(titles) == ["Deux", "Trois", "Un"], f"lost silently at {size} bytes"
            continue
        refused += 1
        assert ran.rc == 1 and re.match(r"T-STORE-(DAMAGED|FOREIGN) ", ran.err), repr(ran)
        assert alice.data.read_bytes() == good[:size], "it was touched"
    assert refused >= 6
    alice.data.write_bytes(good[: len(good) // 2])
    said = start_fails(alice, 1, "T-STORE-DAMAGED")
    assert str(alice.data) in said
    alice.data.write_bytes(good)
    whole(world, alice, bruno)


def test_a_foreign_store(stopped, world):
    alice, bruno = stopped
    good = alice.data.read_bytes()
    for foreign in (os.urandom(len(good)), b"SQLite format 3\0" * 1024, b"\0" * 65536):
        alice.data.write_bytes(foreign)
        start_fails(alice, 1, "T-STORE-FOREIGN")
        assert alice.data.read_bytes() == foreign, "it was touched"
    alice.data.unlink()
    alice.data.mkdir()
    start_fails(alice, 1, "T-STORE-PATH")
    alice.data.rmdir()
    alice.data.write_bytes(good)
    whole(world, alice, bruno)


def test_values_that_were_changed_on_the_disk(stopped, world):
    """A changed value is an error, never another truth: flips in the bytes of what was given."""
    alice, bruno = stopped
    good = alice.data.read_bytes()
    bruno.stop()  # nobody heals it
    headers = [m.start() for m in re.finditer(rb"\x01\x02\0\0\0\0\0[\x01-\x09]", good)]
    assert headers, "no entry's header in the file"
    for at in headers:
        changed = bytearray(good)
        changed[at + 40] ^= 0x40  # within its pcommit
        alice.data.write_bytes(changed)
        ran = run(
            [TUYAUD, "--home", alice.home, "--listen", "127.0.0.1:0"], alice.home_env, exit=None
        )
        if ran.rc != 0:
            assert ran.rc == 1 and ran.err.startswith("T-STORE-DAMAGED "), repr(ran)
            continue
        pid = alice.status()["pid"]
        for listed in alice.rpc("inbox", {"all": True})["objects"]:
            assert listed.get("unreadable") or listed["title"] in ("Un", "Deux", "Trois")
        world.end_adopted(pid)
    alice.data.write_bytes(good)
    bruno.start()
    whole(world, alice, bruno)


@pytest.fixture
def small_disk(world):
    """A directory on a file system of 6 MiB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    disk = world.dir / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m,mode=0700", "tuyau-test", disk],
        capture_output=True,
        text=True,
    )
    if mounted.returncode != 0:
        pytest.skip(f"no small file system can be mounted: {mounted.stderr}")
    yield disk
    for node in world.nodes:
        if node.running and disk in node.home.parents:
            node.stop()
    subprocess.run(["umount", disk], check=True)


def fill(disk, leave=0):
    """Takes all the room but `leave` bytes."""
    filler = disk / "filler"
    with open(filler, "ab") as out:
        for size in (65536, 4096):
            while True:
                room = os.statvfs(disk)
                if room.f_bavail * room.f_frsize < leave + size:
                    break
                out.write(b"x" * size)
                out.flush()
    return filler


@pytest.mark.parametrize("leave", [0, 16384, 131072])
def test_a_full_disk(world, small_disk, leave):
    alice = world.node("alice", home=small_disk / "alice")
    bruno = world.node("bruno")
    alice.new()
    bruno.join(alice.invite())
    world.meet([alice, bruno])
    given = [alice.tip(f"Avant {i}")["title"] for i in range(10)]
    filler = fill(small_disk, leave)
    refused = None
    for i in range(400):
        ran = alice.tuyau("tip", f"Plein {i}", "--need", "n" * 1900, "--json", exit=None)
        if ran.rc == 0:
            given.append(ran.json["title"])
            continue
        refused = ran
        break
    assert refused, "the disk never became full"
    assert refused.rc == 1 and refused.out == "", repr(refused)
    assert refused.error["code"] == "T-STORE-FULL", repr(refused)
    assert refused.error["message"] and refused.error["retryable"] is True
    alice.fails(1, "T-STORE-FULL", "tip", "Encore plein", "--need", "n" * 1900)
    # it still answers, and what comes from others waits
    assert set(alice.titles()) == set(given)
    theirs = [bruno.tip(f"De Bruno {i}", "--need", "n" * 1900)["title"] for i in range(20)]
    assert alice.status()["circles"][0]["members"] == 2

    filler.unlink()
    given.append(
        wait_until(
            lambda: alice.tuyau("tip", "Après", "--json", exit=None).out
            and next(t for t in alice.titles() if t == "Après"),
            30,
            "there is room again",
            every=0.2,
        )
    )
    world.agree([alice, bruno], timeout=120)
    assert sorted(alice.titles()) == sorted(given + theirs) == sorted(bruno.titles())
    alice.restart()
    world.meet([alice, bruno], timeout=120)
    assert sorted(alice.titles()) == sorted(given + theirs)


def test_a_full_disk_at_the_start(world, small_disk):
    alice = world.node("alice", home=small_disk / "alice", start=False)
    filler = fill(small_disk)
    ran = run([TUYAUD, "--home", alice.home, "--listen", "127.0.0.1:0"], alice.home_env, exit=1)
    assert re.search(r"^T-[A-Z-]+ .*(room|space|full)", ran.err, re.M), repr(ran)
    filler.unlink()
    alice.start()
    alice.new()
    alice.tip("Il y a de la place")
    alice.stop()
    filler = fill(small_disk)
    alice.start()  # what is there can be read on a full disk
    assert alice.titles() == ["Il y a de la place"]
    alice.stop()
    filler.unlink()
    alice.start()
    assert alice.titles() == ["Il y a de la place"]


# ---- the local socket ----


def test_garbage_on_the_local_socket(world, dice):
    alice = world.node("alice")
    alice.new()
    good = msgpack.packb([0, 1, "status", [{}]])
    garbage = [
        b"\xc1",
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff\x01",
        b"\xc6\xff\xff\xff\xff" + b"x" * 1000,
        b"\x91" * 70000,
        msgpack.packb("x" * 70000),
        msgpack.packb([0, 1, "status"]),
        msgpack.packb([0, -1, "status", [{}]]),
        msgpack.packb([0, 1, 7, [{}]]),
        msgpack.packb([0, 1, "status", [{1: 2}]]),
        msgpack.packb([0, 1, "status", {}]),
        msgpack.packb([0, 1, "status", [{}, {}]]),
        msgpack.packb([1, 1, None, {}]),
        msgpack.packb([2, "status", [{}]]),
        msgpack.packb({"status": 1}),
        b"GET / HTTP/1.0\r\n\r\n",
        b"\0" * 65536,
        *[dice.randbytes(dice.randrange(1, 3000)) for _ in range(50)],
        *[good[:n] for n in range(1, len(good))],
    ]
    for data in garbage:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(20)
        sock.connect(str(alice.socket))
        try:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(65536):
                pass
        except OSError:
            pass  # it was closed while we spoke
        sock.close()
    assert alice.status()["pid"] == alice.pid
    assert alice.circle()["members"] == 1


def test_requests_in_pieces_and_in_a_row(world):
    alice = world.node("alice")
    alice.new()
    with Rpc(alice.socket) as rpc:
        for byte in msgpack.packb([0, 9, "status", [{}]]):
            rpc.socket.sendall(bytes([byte]))
        assert rpc.receive()[1] == 9
        rpc.socket.sendall(b"".join(msgpack.packb([0, i, "status", [{}]]) for i in range(100)))
        assert [rpc.receive()[1] for _ in range(100)] == list(range(100))
        titles = [f"À la suite {i}" for i in range(50)]
        rpc.socket.sendall(
            b"".join(
                msgpack.packb([0, i, "tip", [{"fields": {"title": t}}]])
                for i, t in enumerate(titles)
            )
        )
        assert [rpc.receive()[3]["title"] for _ in titles] == titles
    assert alice.titles() == titles[::-1]


def test_the_33rd_client_is_told(world):
    alice = world.node("alice")
    clients = [Rpc(alice.socket) for _ in range(32)]
    try:
        for client in clients:
            assert client.call("status")["pid"] == alice.pid
        error = alice.fails(1, "T-BUSY", "status")
        assert error["retryable"] is True
        with pytest.raises(RpcError) as caught:
            alice.rpc("status")
        assert caught.value.code == "T-BUSY"
        clients.pop().close()
        wait_until(lambda: alice.tuyau("status", exit=None).rc == 0, 10, "there is room again")
        assert all(client.call("status")["pid"] == alice.pid for client in clients)
    finally:
        for client in clients:
            client.close()


def test_a_client_that_goes_away_while_it_writes(world):
    """What was asked to be written is written, once."""
    alice = world.node("alice")
    alice.new()
    for i in range(20):
        rpc = Rpc(alice.socket)
        rpc.send("tip", {"fields": {"title": f"Parti {i}"}})
        rpc.close()
    wait_until(lambda: len(alice.titles()) == 20, what="all 20 are there")
    assert sorted(alice.titles()) == sorted(f"Parti {i}" for i in range(20))


def test_a_client_of_another_user(world):
    """Only this user and root may ask, whatever the file's mode."""
    if os.geteuid() != 0:
        pytest.skip("becoming another user needs root")
    alice = world.node("alice")
    os.chmod(world.dir, 0o711)
    for path in (alice.home, alice.home / "run"):
        path.chmod(0o711)
    alice.socket.chmod(0o666)
    code = (
        "import socket,sys\n"
        "s = socket.socket(socket.AF_UNIX)\n"
        "s.settimeout(20)\n"
        "s.connect(sys.argv[1])\n"
        "try:\n"
        "    s.sendall(bytes.fromhex('940001a67374617475739180'))\n"
        "    sys.exit(1 if s.recv(100) else 0)\n"
        "except ConnectionError:\n"
        "    pass\n"
    )
    done = subprocess.run(
        ["/usr/bin/python3", "-c", code, str(alice.socket)],
        user=65534,
        group=65534,
        extra_groups=[],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done
    assert alice.status()["pid"] == alice.pid
