"""Real daemons in temporary homes, and what tests ask of them.

Nothing here sleeps for a fixed time: what takes time is polled until it holds or a deadline passes.
"""

import ctypes
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from pathlib import Path

import msgpack

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("TUYAU_BIN", ROOT / "build" / "dev"))
TUYAU = BIN / "tuyau"
TUYAUD = BIN / "tuyaud"
LONG = os.environ.get("TUY_LONG", "") not in ("", "0")

PEOPLE = {
    "alice": ("Alice Martin", "Armor Infogérance", "infogérance, réseaux"),
    "bruno": ("Bruno Le Gall", "Cabinet Le Gall", "assurances"),
    "chloe": ("Chloé Dupuis", "Dupuis & Filles", "paie"),
    "david": ("David Roche", "Roche Énergie", "photovoltaïque"),
    "emma": ("Emma Stein", "Stein GmbH", "translations"),
    "farid": ("Farid Haddad", "Haddad Bureautique", "impression"),
}

SANITIZER = re.compile(
    r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|UndefinedBehaviorSanitizer|runtime error:"
)
BROKEN = re.compile(r"^(\d{4}-\S+Z )?broken ", re.M)


def _instrumented():
    try:
        return b"__asan_init" in TUYAUD.read_bytes()
    except OSError:
        return False


ASAN = _instrumented()


def adopt_orphans():
    """Daemons that `tuyau` starts become children of this process, so that none is lost."""
    libc = ctypes.CDLL(None, use_errno=True)
    PR_SET_CHILD_SUBREAPER = 36
    assert libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0


def children():
    """Processes (pid, command) of ours that still run; those that have ended are buried."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            text = (entry / "stat").read_text()
        except OSError:
            continue
        name, rest = text[text.index("(") + 1 :].rsplit(")", 1)
        state, parent = rest.split()[:2]
        if int(parent) == os.getpid():
            if state == "Z":
                os.waitpid(int(entry.name), os.WNOHANG)
            else:
                found.append((int(entry.name), name))
    return found


def wait_until(condition, timeout=30.0, what="the condition", every=0.02):
    """The first true value of condition(), asked again and again; fails after `timeout` seconds.
    An AssertionError or OSError inside means "not yet"."""
    deadline = time.monotonic() + timeout
    last = None
    while True:
        try:
            last = condition()
            if last:
                return last
        except (AssertionError, OSError) as error:
            last = error
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {timeout} s; last: {last!r}")
        time.sleep(every)


class RpcError(Exception):
    def __init__(self, error):
        super().__init__(f"{error.get('code')} {error.get('message')}")
        self.error = error
        self.code = error.get("code")
        self.exit = error.get("exit")


class Rpc:
    """One connection to the local socket of a daemon."""

    def __init__(self, path, timeout=40.0):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        try:
            self.socket.connect(str(path))
        except OSError:
            self.socket.close()
            raise
        self.unpacker = msgpack.Unpacker(raw=False, max_buffer_size=64 << 20)
        self.msgid = 0

    def send(self, method, params=None):
        self.msgid += 1
        self.socket.sendall(msgpack.packb([0, self.msgid, method, [params or {}]]))
        return self.msgid

    def receive(self):
        while True:
            for message in self.unpacker:
                return message
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError("the daemon closed the connection")
            self.unpacker.feed(data)

    def call(self, method, params=None):
        msgid = self.msgid + 1
        try:
            self.send(method, params)
        except BrokenPipeError:
            pass  # refused before it was read: the answer says why
        kind, answered, error, result = self.receive()
        assert kind == 1
        if error is not None:
            raise RpcError(error)
        assert answered == msgid
        return result

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Ran:
    """What a program said and how it ended."""

    def __init__(self, args, rc, out, err):
        self.args, self.rc, self.out, self.err = args, rc, out, err
        assert not SANITIZER.search(err), f"{args}: {err}"

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def error(self):
        document = json.loads(self.err.strip().splitlines()[-1])
        assert document["schema"] == 1
        return document["error"]

    def __repr__(self):
        return f"{self.args} exit {self.rc}\nstdout: {self.out}\nstderr: {self.err}"


def environment(home, **extra):
    env = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }
    for name in ("ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS"):
        if name in os.environ:
            env[name] = os.environ[name]
    env.update(extra)
    return env


def run(args, env, input=None, timeout=90.0, exit=0, stdin=None):
    """Runs a program to its end. `exit`: the code it must end with; None: any."""
    done = subprocess.run(
        [str(a) for a in args],
        env=env,
        input=input,
        stdin=subprocess.DEVNULL if input is None else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=timeout,
        encoding="utf-8",
    )
    ran = Ran([str(a) for a in args[1:]], done.returncode, done.stdout, done.stderr)
    if exit is not None:
        assert ran.rc == exit, repr(ran)
    return ran


class Node:
    """One person: a home, and a daemon while it runs."""

    def __init__(self, world, name, home=None):
        self.world = world
        self.name = name
        self.home = Path(home) if home else world.dir / name
        self.log = world.dir / f"{name}.log"
        self.socket = self.home / "run" / "tuyau.sock"
        self.data = self.home / "store" / "data.mdb"
        self.identity = self.home / "identity"
        self.process = None
        self.port = 0
        self.home_env = environment(world.dir)

    # ---- the daemon ----

    @property
    def pid(self):
        return self.process.pid

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def start(
        self, *options, port=None, env=None, wait=True, level="info", wrapper=(), program=TUYAUD
    ):
        """Starts tuyaud; `port`: None the one it had (a free one at first), 0 a free one."""
        assert self.process is None, f"{self.name} runs already"
        port = self.port if port is None else port
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*wrapper, str(program), "--home", str(self.home), "--foreground"]
                + ["--listen", f"127.0.0.1:{port}", "--log", level, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(self.home_env, **(env or {})),
                cwd="/",
            )
        if wait:
            self.ready()
        return self

    def ready(self, timeout=60.0):
        """Waits until it answers, and notes its port."""

        def answers():
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended ({self.process.returncode}): {self.tail()}")
            status = self.rpc("status")
            return status if status["pid"] == self.process.pid else None

        status = wait_until(answers, timeout, f"{self.name} is ready")
        self.port = int(status["listen"].rsplit(":", 1)[1])
        return status

    def kill(self):
        """kill -9, as a power cut of the process."""
        self.process.kill()
        self.process.wait()
        self.process = None

    def stop(self, how=signal.SIGTERM, timeout=30.0):
        """The clean end: exit code 0 and nothing bad in the log."""
        process, self.process = self.process, None
        process.send_signal(how)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"{self.name} did not end within {timeout} s: {self.tail()}")
        assert process.returncode == 0, f"{self.name} ended with {process.returncode}: {self.tail()}"
        self.log_check()

    def restart(self, *options, port=None, **more):
        self.stop()
        return self.start(*options, port=port, **more)

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def tail(self, lines=40):
        return "\n".join(self.log_text().splitlines()[-lines:])

    def log_check(self):
        text = self.log_text()
        for bad in (BROKEN, SANITIZER):
            found = bad.search(text)
            assert not found, f"{self.name}: {text[max(0, found.start() - 200) :][:6000]}"

    # ---- asking it ----

    def rpc(self, method, params=None, timeout=40.0):
        with Rpc(self.socket, timeout) as rpc:
            return rpc.call(method, params)

    def tuyau(self, *args, exit=0, input=None, timeout=90.0, start=False, env=None):
        """Runs tuyau for this home; it starts no daemon unless `start`."""
        head = [TUYAU, "--home", self.home] + ([] if start else ["--no-start"])
        return run([*head, *args], dict(self.home_env, **(env or {})), input, timeout, exit)

    def json(self, *args, **more):
        """The JSON document of a command that succeeds."""
        return self.tuyau(*args, "--json", **more).json

    def fails(self, exit, code, *args, **more):
        """A command that fails as documented: nothing on stdout, the error on stderr; the error."""
        ran = self.tuyau(*args, "--json", exit=exit, **more)
        assert ran.out == "", repr(ran)
        error = ran.error
        assert error["code"] == code, repr(ran)
        assert error["message"] and error["hint"], repr(ran)  # what happened, what to type
        assert isinstance(error["retryable"], bool), repr(ran)
        return error

    def status(self):
        return self.json("status")

    def circles(self):
        return self.rpc("status")["circles"]

    def circle(self, name=None):
        """One circle's row of the status; None if it is not there."""
        rows = [c for c in self.circles() if name is None or c["name"] == name]
        return rows[0] if len(rows) == 1 else None

    def peer(self, member_name):
        """The status row of a peer by its profile's name; None if there is none."""
        rows = [p for p in self.rpc("status")["peers"] if p["name"] == member_name]
        return rows[0] if rows else None

    @property
    def full_name(self):
        return PEOPLE[self.name][0] if self.name in PEOPLE else self.name.capitalize()

    def person(self):
        """The options of `new` and `join` that say who this is."""
        full, company, sells = PEOPLE.get(self.name, (self.full_name, "Test", "rien"))
        return ["--as", full, "--company", company, "--sells", sells]

    def new(self, name="Vendredi 18h"):
        return self.json("new", name, *self.person(), "--inside")

    def invite(self, circle=None, name=None):
        where = ["-C", circle] if circle else []
        return self.json("invite", *([name] if name else []), *where)["invite"]

    def join(self, code, exit=0):
        return self.json("join", code, *self.person(), exit=exit)

    def tip(self, title, *options):
        return self.json("tip", title, *options)

    def inbox(self, *options):
        return self.json("inbox", "--all", *options)

    def titles(self, circle=None):
        """Titles (asks: texts) of all that is live, oldest last."""
        params = {"all": True}
        if circle:
            params["circle"] = circle
        objects = self.rpc("inbox", params)["objects"]
        return [o.get("title") or o.get("text") for o in objects]

    def tells(self):
        """Whether it tells of what comes one by one: the first sync, if there was one, is over."""
        told = self.rpc("events", {"since": "0", "limit": 200})["events"]
        names = {event["event"] for event in told}
        return "circle.joined" not in names or "circle.synced" in names

    def memory_kib(self):
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise AssertionError("no VmRSS")


class World:
    """The nodes of one test. Everything of it is under one short directory, gone afterwards."""

    def __init__(self):
        self.dir = Path(tempfile.mkdtemp(prefix="t", dir="/tmp"))
        self.nodes = []
        self.pids = []  # of daemons that tuyau started

    def node(self, name, *options, start=True, home=None, **more):
        node = Node(self, name, home)
        assert len(str(node.socket)) <= 107
        self.nodes.append(node)
        return node.start(*options, **more) if start else node

    def circle(self, *names, circle="Vendredi 18h"):
        """Nodes of one circle: the first founds it, each lets the next one in; all connected."""
        nodes = [self.node(name) for name in names]
        nodes[0].new(circle)
        for inviter, newcomer in zip(nodes, nodes[1:]):
            newcomer.join(inviter.invite())
        self.meet(nodes)
        return nodes

    def told_circle(self, *names):
        """A circle whose first sync is over for all: what comes from now on is told."""
        nodes = self.circle(*names)
        for node in nodes[1:]:
            wait_until(
                lambda: "circle.synced"
                in [e["event"] for e in node.rpc("events", {"since": "0"})["events"]],
                what=f"the first sync of {node.name} is over",
            )
        return nodes

    def meet(self, nodes, timeout=60.0):
        """Waits until all know and reach each other and hold the same."""

        def all_online():
            for node in nodes:
                row = node.circle()
                assert row and row["members"] == row["online"] == len(nodes), f"{node.name}: {row}"
            return True

        wait_until(all_online, timeout, "everybody reaches everybody")
        for node in nodes:
            wait_until(node.tells, timeout, f"{node.name} tells what comes from now on")
        self.agree(nodes)

    def agree(self, nodes, timeout=60.0, circle=None):
        """Waits until all hold the same: equal digests, nothing missing, all of it searchable."""

        def same():
            rows = [node.circle(circle) for node in nodes]
            assert all(rows), rows
            assert len({row["digest"] for row in rows}) == 1, [
                (n.name, r["entries"], r["members"], r["digest"][:8]) for n, r in zip(nodes, rows)
            ]
            assert len({row["entries"] for row in rows}) == 1, rows
            assert all(row["missing_payloads"] == 0 for row in rows), rows
            return rows[0]

        return wait_until(same, timeout, "all nodes hold the same")

    def adopt(self, pid):
        """A daemon that was started by tuyau: stopped with the others."""
        self.pids.append(pid)

    def end_adopted(self, pid, timeout=30.0):
        """Stops such a daemon; its exit code must be 0."""
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + timeout
        while True:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done == pid:
                break
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                raise AssertionError(f"process {pid} did not end")
            time.sleep(0.02)
        if pid in self.pids:
            self.pids.remove(pid)
        assert os.waitstatus_to_exitcode(status) == 0

    def close(self):
        """Ends everything; says what did not end well."""
        problems = []

        def attempt(action, *args):
            try:
                action(*args)
            except (AssertionError, OSError) as error:
                problems.append(str(error))

        alive = [node for node in self.nodes if node.process is not None]
        for node in alive:
            if node.process.poll() is not None:
                problems.append(f"{node.name} had ended ({node.process.returncode}): {node.tail()}")
                node.process = None
            else:
                node.process.send_signal(signal.SIGTERM)  # all at once; stop() waits for each
        for node in alive:
            if node.process is not None:
                attempt(node.stop, 0)
        for pid in list(self.pids):
            attempt(self.end_adopted, pid)
        for node in self.nodes:
            attempt(node.log_check)
        shutil.rmtree(self.dir, onerror=_make_removable)
        return problems

    def logs(self):
        return [(f"log of {node.name}", node.tail(80)) for node in self.nodes]


def _make_removable(function, path, _):
    try:
        os.chmod(os.path.dirname(path), stat.S_IRWXU)
        function(path)
    except OSError:
        pass
