"""The wire as a stranger sees it, written from proto/PROTOCOL.md alone: invites, the knock, the
initiator's side of Noise_XK_25519_ChaChaPoly_SHA256, raw sockets and a recording proxy."""

import base64
import hashlib
import hmac
import os
import select
import socket
import struct
import threading
import time

import msgpack
import nacl.bindings as sodium

FIRST_FRAME = 64
SECOND_FRAME = 50
_KDF_CONTEXT = b"tuydevic"


# ---- PROTOCOL 1: hashes and derived keys ----


def tuy_hash(domain, data):
    return hashlib.blake2b(domain.ljust(16, b"\0") + data, digest_size=32).digest()


def kdf(key, context, number):
    return hashlib.blake2b(
        key=key, salt=struct.pack("<Q", number), person=context, digest_size=32
    ).digest()


def identity_link_secret(path):
    """The link key (X25519 secret) of a home's identity file."""
    for line in path.read_text().splitlines():
        word, value = line.split(" ", 1)
        if word == "device":
            return kdf(base64.b32decode(value + "=" * (-len(value) % 8)), _KDF_CONTEXT, 2)
    raise AssertionError(f"{path}: no device line")


# ---- PROTOCOL 6.4: invites ----


class Invite:
    """The fields of "TUYAU:..." by name; `code()` writes it again."""

    LAYOUT = struct.Struct(">BB32s16s16sIH16s")

    def __init__(self, code):
        assert code.startswith("TUYAU:"), code
        text = code[6:]
        raw = base64.b32decode(text + "=" * (-len(text) % 8))
        assert len(raw) == self.LAYOUT.size == 88
        (self.version, self.flags, self.link_pk, self.secret, self.circle) = self.LAYOUT.unpack(
            raw
        )[:5]
        self.expiry, self.port, self.address = self.LAYOUT.unpack(raw)[5:]

    def code(self):
        raw = self.LAYOUT.pack(
            self.version,
            self.flags,
            self.link_pk,
            self.secret,
            self.circle,
            self.expiry,
            self.port,
            self.address,
        )
        return "TUYAU:" + base64.b32encode(raw).decode().rstrip("=")


# ---- PROTOCOL 5.1: the handshake ----


def knock(link_pk, message_1):
    key = tuy_hash(b"tuyau knock v1", link_pk)
    return hashlib.blake2b(message_1, key=key, digest_size=16).digest()


def _hkdf2(chaining, material):
    temp = hmac.new(chaining, material, hashlib.sha256).digest()
    one = hmac.new(temp, b"\x01", hashlib.sha256).digest()
    return one, hmac.new(temp, one + b"\x02", hashlib.sha256).digest()


class Initiator:
    """Noise XK, the caller's side."""

    def __init__(self, link_pk, static=None):
        self.remote = link_pk
        self.static = static or os.urandom(32)
        self.ephemeral = os.urandom(32)
        self.h = self.ck = b"Noise_XK_25519_ChaChaPoly_SHA256"
        self._mix_hash(b"tuyau link v1")
        self._mix_hash(link_pk)

    def _mix_hash(self, data):
        self.h = hashlib.sha256(self.h + data).digest()

    def _mix_key(self, secret, public):
        self.ck, self.k = _hkdf2(self.ck, sodium.crypto_scalarmult(secret, public))
        self.n = 0

    def _nonce(self):
        nonce = struct.pack("<4xQ", self.n)
        self.n += 1
        return nonce

    def _seal(self, plain):
        sealed = sodium.crypto_aead_chacha20poly1305_ietf_encrypt(
            plain, self.h, self._nonce(), self.k
        )
        self._mix_hash(sealed)
        return sealed

    def _open(self, sealed):
        plain = sodium.crypto_aead_chacha20poly1305_ietf_decrypt(
            sealed, self.h, self._nonce(), self.k
        )
        self._mix_hash(sealed)
        return plain

    def frame_1(self):
        public = sodium.crypto_scalarmult_base(self.ephemeral)
        self._mix_hash(public)
        self._mix_key(self.ephemeral, self.remote)
        message = public + self._seal(b"")
        frame = knock(self.remote, message) + message
        assert len(frame) == FIRST_FRAME
        return frame

    def take_2(self, frame):
        """Checks the answer: only who holds the link key can have made it."""
        assert len(frame) == SECOND_FRAME and frame[:2] == b"\x00\x30"
        public = frame[2:34]
        self._mix_hash(public)
        self._mix_key(self.ephemeral, public)
        assert self._open(frame[34:]) == b""
        self.remote_ephemeral = public

    def frame_3(self, payload):
        sealed = self._seal(sodium.crypto_scalarmult_base(self.static))
        self._mix_key(self.static, self.remote_ephemeral)
        message = sealed + self._seal(payload)
        return struct.pack(">H", len(message)) + message

    def transport(self, plain):
        """The first record after the handshake."""
        key, _ = _hkdf2(self.ck, b"")
        sealed = sodium.crypto_aead_chacha20poly1305_ietf_encrypt(plain, b"", bytes(12), key)
        return struct.pack(">H", len(sealed)) + sealed


def hello():
    """PROTOCOL 5.5: HELLO of a device that shares no circle."""
    row = [os.urandom(16), os.urandom(16), os.urandom(8)]
    return msgpack.packb([1, 1, 0, os.urandom(8), [row]], use_bin_type=True)


def link_key(node):
    """The link key that only friends know; read from the home, as no stranger could."""
    return sodium.crypto_scalarmult_base(identity_link_secret(node.identity))


def wrong_first_frames(key, dice):
    """First frames that must not be answered, by name."""
    good = Initiator(key).frame_1()
    flipped = [bytearray(good) for _ in range(3)]
    flipped[0][0] ^= 1  # the knock
    flipped[1][16] ^= 1  # the ephemeral, under the old knock
    flipped[2][63] ^= 1  # the tag, under the old knock
    tag = bytearray(good[16:])
    tag[47] ^= 1
    other = Initiator(os.urandom(32))
    return {
        "random 64": dice.randbytes(64),
        "random 4096": dice.randbytes(4096),
        "zeros": bytes(64),
        "http": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".ljust(64, b"\n"),
        "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".ljust(200, b"\0"),
        "wrong knock": bytes(flipped[0]),
        "another ephemeral": bytes(flipped[1]),
        "another tag": bytes(flipped[2]),
        "right knock, wrong tag": knock(key, bytes(tag)) + bytes(tag),
        "another key": other.frame_1(),
        "right knock, low order point": knock(key, bytes(48)) + bytes(48),
    }


# ---- sockets ----


def dial(port, timeout=10.0):
    return socket.create_connection(("127.0.0.1", port), timeout)


def reset(sock):
    """Closes without leaving a TIME_WAIT behind."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    finally:
        sock.close()


def receive_exactly(sock, size):
    data = b""
    while len(data) < size:
        part = sock.recv(size - len(data))
        assert part, f"closed after {len(data)} of {size} bytes"
        data += part
    return data


def receive_until_closed(socks, timeout):
    """What each socket receives until the other end closes it: {socket: bytes}. Those still open
    after `timeout` seconds fail it."""
    received = {sock: b"" for sock in socks}
    waiting = set(socks)
    poller = select.poll()
    by_fd = {}
    for sock in socks:
        by_fd[sock.fileno()] = sock
        poller.register(sock, select.POLLIN)
    deadline = time.monotonic() + timeout
    while waiting:
        left = deadline - time.monotonic()
        assert left > 0, f"{len(waiting)} of {len(socks)} still open after {timeout} s"
        for fd, _ in poller.poll(int(left * 1000) + 1):
            sock = by_fd[fd]
            try:
                data = sock.recv(65536)
            except ConnectionError:
                data = b""
            received[sock] += data
            if not data:
                poller.unregister(sock)
                waiting.discard(sock)
    return received


class Proxy:
    """Passes connections on to a port and keeps what the caller sent on each."""

    def __init__(self, target):
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.sent = []  # per connection, the caller's bytes
        self.stopping, self.waker = os.pipe()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        pairs = {}
        try:
            while True:
                ready = select.select([self.listener, self.stopping, *pairs], [], [])[0]
                if self.stopping in ready:
                    return
                for sock in ready:
                    if sock is self.listener:
                        self._accept(pairs)
                    elif sock in pairs:
                        self._pass_on(sock, pairs)
        finally:
            for sock in pairs:
                sock.close()

    def _accept(self, pairs):
        caller = self.listener.accept()[0]
        try:
            called = dial(self.target)
        except OSError:
            caller.close()
            return
        self.sent.append(b"")
        pairs[caller] = (called, len(self.sent) - 1)
        pairs[called] = (caller, None)

    def _pass_on(self, sock, pairs):
        other, index = pairs[sock]
        try:
            data = sock.recv(65536)
            other.sendall(data)
        except OSError:
            data = b""
        if index is not None:
            self.sent[index] += data
        if not data:
            for end in (sock, other):
                pairs.pop(end)
                end.close()

    def close(self):
        os.write(self.waker, b"x")
        self.thread.join()
        self.listener.close()
        os.close(self.stopping)
        os.close(self.waker)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
