#!/usr/bin/env python3
"""Makes every value of tuyau_protocol_v1.json again, from its inputs and from PROTOCOL.md alone: a
second implementation, with none of the C code.

check_vectors.py [FILE]     default: tuyau_protocol_v1.json beside this script
check_vectors.py --self-test [FILE]
    changes each hexadecimal text, number and other text of the file in turn and expects that each
    change is noticed.

Needs python3-nacl and python3-msgpack. Exit code: 0 all the same, 1 a difference, 2 cannot look.
"""
import base64
import copy
import hashlib
import json
import os
import struct
import sys

try:
    import msgpack
    from nacl import bindings as na
except ImportError as e:
    print("check_vectors: %s (python3-nacl and python3-msgpack are needed)" % e)
    sys.exit(2)


class Different(Exception):
    pass


def same(name, made, given):
    if made != given:
        show = [v.hex() if isinstance(v, bytes) else repr(v) for v in (made, given)]
        raise Different("%s: made %s, the file has %s" % (name, show[0], show[1]))


def unhex(text):
    return bytes.fromhex(text)


# ---- 1. Notation and primitives


def domain16(name):
    d = name.encode("ascii")
    assert len(d) <= 16
    return d.ljust(16, b"\0")


def h(domain, x):
    """1.2"""
    return hashlib.blake2b(domain16(domain) + x, digest_size=32).digest()


def sign(seed, domain, x):
    """1.3"""
    return sign_raw(seed, domain16(domain) + x)


def sign_raw(seed, x):
    _, sk = na.crypto_sign_seed_keypair(seed)
    return na.crypto_sign(x, sk)[:64]


def sign_pk(seed):
    return na.crypto_sign_seed_keypair(seed)[0]


def kdf(key, context, number):
    """1.4"""
    return hashlib.blake2b(b"", digest_size=32, key=key, salt=struct.pack("<Q", number),
                           person=context.encode("ascii")).digest()


def blake2b_128(key, x):
    return hashlib.blake2b(x, digest_size=16, key=key).digest()


def base32(x):
    return base64.b32encode(x).decode("ascii").rstrip("=")


def pack(value):
    return msgpack.packb(value, use_bin_type=True)


# ---- 3. Keys and certificates


def devices_check(v):
    for i, d in enumerate(v["devices"]):
        secret = unhex(d["secret"])
        keys = [kdf(secret, "tuydevic", n) for n in range(1, 6)]
        made = {"sign_seed": keys[0], "sign_pk": sign_pk(keys[0]),
                "link_sk": keys[1], "link_pk": na.crypto_scalarmult_base(keys[1]),
                "box_sk": keys[2], "box_pk": na.crypto_scalarmult_base(keys[2]),
                "letter_seed": keys[3], "letter_pk": sign_pk(keys[3]),
                "checksum_key": keys[4]}
        for name, value in made.items():
            same("devices[%d].%s" % (i, name), value, unhex(d[name]))


def members_check(v):
    for i, m in enumerate(v["members"]):
        seed = unhex(m["seed"])
        same("members[%d].member" % i, sign_pk(seed), unhex(m["member"]))
        check = hashlib.blake2b(seed, digest_size=32).digest()[:4]
        same("members[%d].recovery_text" % i, "TUYAUKEY:" + base32(seed + check),
             m["recovery_text"])


def certificate(v, number):
    c = v["certificates"][number]
    m, d = v["members"][c["member"]], v["devices"][c["device"]]
    body = b"".join(unhex(x) for x in (m["member"], d["sign_pk"], d["link_pk"], d["box_pk"],
                                       d["letter_pk"]))
    assert len(body) == 160
    return body + sign(unhex(m["seed"]), "tuyau cert v1", body)


def certificates_check(v):
    for i, c in enumerate(v["certificates"]):
        same("certificates[%d].bytes" % i, certificate(v, i), unhex(c["bytes"]))


# ---- 4. Data logs


def aead(key, nonce, aad, plain):
    return na.crypto_aead_xchacha20poly1305_ietf_encrypt(plain, aad, nonce, key)


def slot(eph_sk, box_pk, key):
    """4.8"""
    eph_pk = na.crypto_scalarmult_base(eph_sk)
    shared = na.crypto_scalarmult(eph_sk, box_pk)
    return aead(h("tuyau slot v1", shared + eph_pk + box_pk), bytes(24), b"", key)


def blob(v, b, log_id, seq, epoch_key):
    """4.8"""
    record, nonce, aad = unhex(b["record"]), unhex(b["nonce"]), log_id + struct.pack(">I", seq)
    start = bytes([b["mode"]]) + nonce
    if b["mode"] == 0:
        same("blob's epoch key", epoch_key, unhex(b["epoch_key"]))
        return start + aead(kdf(epoch_key, "tuyepoch", 1), nonce, aad, record)
    if b["mode"] == 1:
        eph_sk, key = unhex(b["eph_sk"]), unhex(b["key"])
        slots = []
        for s in b["slots"]:
            if "random" in s:
                slots.append(unhex(s["random"]))
            else:
                to = v["devices"][s["recipient_device"]]
                slots.append(slot(eph_sk, unhex(to["box_pk"]), key))
        assert len(slots) in (4, 16, 64)
        return (start + bytes([len(slots)]) + na.crypto_scalarmult_base(eph_sk) + b"".join(slots)
                + aead(key, nonce, aad, record))
    return start + record


def canonical(bytes_):
    """2.2, as far as the records here go: what is read is written as the same bytes."""
    value = msgpack.unpackb(bytes_, raw=False, strict_map_key=False)
    return pack(dict(sorted(value.items())))


def retract(r, log_id):
    """8.5, of entries of the log that it stands in"""
    same("retract.log16", log_id[:16], unhex(r["log16"]))
    assert 1 <= len(r["seqs"]) <= 64 and r["seqs"] == sorted(set(r["seqs"]))
    return pack({0: 16, 1: unhex(r["nonce"]), 2: 0, 35: unhex(r["log16"]), 36: r["seqs"]})


def entry_check(v, e, log_id, before, epoch, name):
    epoch8, plen, pcommit, mode = bytes(8), 0, bytes(32), None
    if "blob" in e:
        mode = e["blob"]["mode"]
        payload = blob(v, e["blob"], log_id, e["seq"], unhex(epoch["key"]))
        same(name + ".blob.bytes", payload, unhex(e["blob"]["bytes"]))
        record = unhex(e["blob"]["record"])
        same(name + ".blob.record", canonical(record), record)
        if "retract" in e["blob"]:
            same(name + ".blob.retract", retract(e["blob"]["retract"], log_id), record)
        plen, pcommit = len(payload), h("tuyau blob v1", payload)
        if mode != 2:
            epoch8 = unhex(epoch["id"])[:8]
    same(name + ".flags & 2", mode is not None, bool(e["flags"] & 2))
    same(name + ".epoch8", epoch8, unhex(e["epoch8"]))
    same(name + ".pcommit", pcommit, unhex(e["pcommit"]))
    header = (struct.pack(">BBHIIIII", 1, e["flags"], 0, e["seq"], e["time_s"], e["expiry_s"],
                          plen, 0) + epoch8 + pcommit)
    same(name + ".header", header, unhex(e["header"]))
    after = h("tuyau entry v1", before + header)
    same(name + ".hash", after, unhex(e["hash"]))
    return after


def log_check(v):
    log, device = v["log"], v["devices"][v["log"]["device"]]
    log_id = h("tuyau log v1",
               unhex(v["circle_id"]) + unhex(device["sign_pk"]) + unhex(log["incarnation"]))
    same("log.log_id", log_id, unhex(log["log_id"]))
    same("log.log16", log_id[:16], unhex(log["log16"]))
    at, epoch = log_id, v["operations"]["genesis"]["epoch"]
    for i, e in enumerate(log["entries"]):
        same("log.entries[%d].seq" % i, i + 1, e["seq"])
        at = entry_check(v, e, log_id, at, epoch, "log.entries[%d]" % i)
    head = sign(unhex(device["sign_seed"]), "tuyau head v1",
                log_id + struct.pack(">I", len(log["entries"])) + at)
    same("log.head_signature", head, unhex(log["head_signature"]))


# ---- 4.11. Forks


def head_text(log_id, seq, hash_):
    return log_id + struct.pack(">I", seq) + hash_


def head_holds(device_pk, log_id, seq, hash_, signature):
    try:
        na.crypto_sign_open(signature + domain16("tuyau head v1") + head_text(log_id, seq, hash_),
                            device_pk)
        return True
    except Exception:  # pylint: disable=broad-except  (nacl's own class is not exported here)
        return False


def bare_header(seq, time_s):
    """4.2, of an entry without a payload and without an expiry"""
    return struct.pack(">BBHIIIII", 1, 0, 0, seq, time_s, 0, 0, 0) + bytes(40)


def header_is_one(x):
    """4.2: the form, as far as it needs no other entry"""
    version, flags, zero, seq, _, _, length, zero2 = struct.unpack(">BBHIIIII", x[:24])
    fits = version == 1 and flags < 4 and zero == 0 and zero2 == 0 and seq > 0
    return fits and length <= 49152 and (flags & 2 or (length == 0 and x[24:] == bytes(40)))


def proof_bytes(a, one, sig_a, other, sig_b, headers):
    return struct.pack(">I", a) + one + sig_a + other + sig_b + b"".join(headers)


def proof_cut(device_pk, log_id, x):
    """Parses and checks a proof: the cut that follows from it; None if it proves nothing."""
    n, rest = divmod(len(x) - 196, 64)
    if len(x) < 196 or rest or n > 64:
        return None
    a, = struct.unpack(">I", x[:4])
    one, sig_a, other, sig_b = x[4:36], x[36:100], x[100:132], x[132:196]
    if a == 0 or a + n > 0xffffffff or one == other:
        return None
    at = other
    for i in range(n):
        header = x[196 + 64 * i : 260 + 64 * i]
        if not header_is_one(header) or struct.unpack(">I", header[4:8])[0] != a + 1 + i:
            return None
        at = h("tuyau entry v1", at + header)
    if not head_holds(device_pk, log_id, a, one, sig_a):
        return None
    if not head_holds(device_pk, log_id, a + n, at, sig_b):
        return None
    return cut_of(a)


def cut_of(a):
    return 64 * ((a - 1) // 64)


def branch(f, name):
    """The headers and hashes of a branch that begins at f.seq."""
    headers, hashes, at = [], [], unhex(f["hash_before"])
    for i, e in enumerate(f[name]):
        headers.append(bare_header(f["seq"] + i, e["time_s"]))
        at = h("tuyau entry v1", at + headers[i])
        same("fork.%s[%d].hash" % (name, i), at, unhex(e["hash"]))
        hashes.append(at)
    return headers, hashes


def fork_check(v):
    f, log_id = v["fork"], unhex(v["log"]["log_id"])
    device = v["devices"][v["log"]["device"]]
    seed, pk, a = unhex(device["sign_seed"]), unhex(device["sign_pk"]), f["seq"]
    _, one = branch(f, "one")
    headers, two = branch(f, "two")
    n = len(two) - 1
    sig_a = sign(seed, "tuyau head v1", head_text(log_id, a, one[0]))
    sig_b = sign(seed, "tuyau head v1", head_text(log_id, a + n, two[n]))
    right = (a, one[0], sig_a, two[0], sig_b, headers[1:])
    refused = {
        "equal": (a, one[0], sig_a, one[0], sig_a, []),
        "first_not_signed": (a, one[0], sig_b, two[0], sig_b, headers[1:]),
        "other_not_signed": (a, one[0], sig_a, two[0], sig_a, headers[1:]),
        "end_not_signed": (a, one[0], sig_a, two[0], sig_b, headers[1:-1]),
        "header_left_out": (a, one[0], sig_a, two[0], sig_b, headers[2:]),
    }
    proof = proof_bytes(*right)
    same("fork.proof", proof, unhex(f["proof"]))
    same("fork.proof, the cut", cut_of(a), proof_cut(pk, log_id, proof))
    same("fork.message", pack([15, f["circle_index"], log_id[:16], proof]), unhex(f["message"]))
    same("fork.refused", sorted(refused), sorted(f["refused"]))
    for name, parts in refused.items():
        same("fork.refused." + name, proof_bytes(*parts), unhex(f["refused"][name]))
    bad = [proof_bytes(*parts) for parts in refused.values()]
    bad += [proof[:195], proof[:-1], proof + bytes(64 * 63), bytes(4) + proof[4:]]
    for x in bad:
        same("fork, a proof that proves nothing", None, proof_cut(pk, log_id, x))
    for c in f["cuts"]:
        same("fork.cuts", [c["cut"]] * 2, [cut_of(c["first"]), cut_of(c["last"])])
        assert cut_of(c["first"] - 1) != c["cut"] != cut_of(c["last"] + 1)


def base_check(v):
    """7.10"""
    b, log_id = v["base"], unhex(v["log"]["log_id"])
    assert b["seq"] % 64 == 0
    seed = unhex(v["devices"][v["log"]["device"]]["sign_seed"])
    signature = sign(seed, "tuyau head v1", head_text(log_id, b["seq"], unhex(b["hash"])))
    made = pack([14, b["circle_index"], log_id[:16], b["seq"], unhex(b["hash"]), signature])
    same("base.message", made, unhex(b["message"]))


# ---- 5. Link


def clone_check(v):
    """5.7"""
    c = v["clone"]
    boot_id, incarnation = unhex(c["boot_id"]), unhex(c["incarnation"])
    signature = sign(unhex(v["devices"][c["device"]]["sign_seed"]), "tuyau clone v1",
                     boot_id + incarnation)
    same("clone.clone", pack([28, boot_id]), unhex(c["clone"]))
    same("clone.alive", pack([29, boot_id, incarnation, signature]), unhex(c["alive"]))


def knock_check(v):
    """5.1"""
    k = v["knock"]
    key = h("tuyau knock v1", unhex(v["devices"][k["device"]]["link_pk"]))
    same("knock.knock", blake2b_128(key, unhex(k["message_1"])), unhex(k["knock"]))


def tags_check(v):
    """5.4"""
    key = kdf(unhex(v["circle_id"]), "tuycircl", 1)
    for i, t in enumerate(v["connection_tags"]):
        tag = blake2b_128(key, unhex(t["handshake_hash"]) + bytes([t["role"]]))
        same("connection_tags[%d].tag" % i, tag, unhex(t["tag"]))


def address_check(v):
    """5.6"""
    a = v["address_record"]
    device = v["devices"][a["device"]]
    doc = pack([unhex(device["sign_pk"]), a["counter"],
                [unhex(x["ip"]) + struct.pack(">H", x["port"]) for x in a["addresses"]]])
    made = doc + sign(unhex(device["sign_seed"]), "tuyau addr v1", doc)
    same("address_record.bytes", made, unhex(a["bytes"]))


# ---- 6. Circles


def epoch_body(v, e, name):
    """6.1"""
    key, parents, eph_sk = unhex(e["key"]), [unhex(p) for p in e["parents"]], unhex(e["eph_sk"])
    id_ = h("tuyau epoch v1", key + b"".join(parents))
    same(name + ".id", id_, unhex(e["id"]))
    to = [v["devices"][i] for i in e["recipient_devices"]]
    slots = [[unhex(d["sign_pk"]), slot(eph_sk, unhex(d["box_pk"]), key)] for d in to]
    same(name + ".recipient_devices, ascending", sorted(slots), slots)
    return [id_, parents, na.crypto_scalarmult_base(eph_sk), slots]


def operation_body(v, o, name):
    if o["kind"] == 1:
        p = o["policy"]
        policy = {0: p["admit"], 1: p["history"], 2: p["max"]}
        return [policy, certificate(v, o["certificate"]), epoch_body(v, o["epoch"], name + ".epoch")]
    if o["kind"] == 2:
        epoch, join = v["operations"]["genesis"]["epoch"], v["join"]
        same(name + ".invite_pk", unhex(v["invite"]["key_pk"]), unhex(o["invite_pk"]))
        same(name + ".join_signature", unhex(join["signature"]), unhex(o["join_signature"]))
        same(name + ".handshake_hash", unhex(join["handshake_hash"]), unhex(o["handshake_hash"]))
        same(name + ".epoch_id", unhex(epoch["id"]), unhex(o["epoch_id"]))
        return [certificate(v, o["certificate"]), o["role"], unhex(o["invite_pk"]),
                unhex(o["join_signature"]), unhex(o["handshake_hash"]), unhex(o["epoch_id"])]
    same(name + ".kind", 9, o["kind"])
    return [epoch_body(v, o["epoch"], name + ".epoch")]


def operations_check(v):
    """6.1"""
    ops = v["operations"]
    for name, o in ops.items():
        author = v["devices"][o["author_device"]]
        circle = bytes(16) if o["kind"] == 1 else unhex(ops["genesis"]["id"])[:16]
        same("operations.%s.circle16" % name, circle, unhex(o["circle16"]))
        prev = [unhex(p) for p in o["prev"]]
        same("operations.%s.prev, ascending" % name, sorted(set(prev)), prev)
        op = pack([1, circle, unhex(author["sign_pk"]), prev, o["kind"],
                   operation_body(v, o, "operations." + name)])
        id_ = h("tuyau op v1", op)
        same("operations.%s.id" % name, id_, unhex(o["id"]))
        signed = op + sign_raw(unhex(author["sign_seed"]), id_)
        same("operations.%s.bytes" % name, signed, unhex(o["bytes"]))
    same("circle_id", unhex(ops["genesis"]["id"]), unhex(v["circle_id"]))
    past = sorted([unhex(ops["genesis"]["id"]), unhex(ops["admit"]["id"])])
    same("operations.epoch.prev", past, [unhex(p) for p in ops["epoch"]["prev"]])
    same("operations.admit.prev", [ops["genesis"]["id"]], ops["admit"]["prev"])
    same("operations.genesis.prev", [], ops["genesis"]["prev"])
    same("operations.epoch.epoch.parents", [ops["genesis"]["epoch"]["id"]],
         ops["epoch"]["epoch"]["parents"])


def invite_seed(i):
    """6.4"""
    return h("tuyau invite v1", unhex(i["secret"]) + unhex(i["circle16"]))


def invite_check(v):
    i = v["invite"]
    same("invite.circle16", unhex(v["circle_id"])[:16], unhex(i["circle16"]))
    made = (b"\x01\x00" + unhex(v["devices"][i["device"]]["link_pk"]) + unhex(i["secret"])
            + unhex(i["circle16"]) + struct.pack(">IH", i["expires_s"], i["port"])
            + unhex(i["address"]))
    assert len(made) == 88
    same("invite.bytes", made, unhex(i["bytes"]))
    same("invite.text", "TUYAU:" + base32(made), i["text"])
    same("invite.key_seed", invite_seed(i), unhex(i["key_seed"]))
    same("invite.key_pk", sign_pk(invite_seed(i)), unhex(i["key_pk"]))


def join_check(v):
    """6.5"""
    j = v["join"]
    same("join.circle16", unhex(v["circle_id"])[:16], unhex(j["circle16"]))
    text = unhex(j["circle16"]) + certificate(v, j["certificate"]) + unhex(j["handshake_hash"])
    same("join.signature", sign(invite_seed(v["invite"]), "tuyau join v1", text),
         unhex(j["signature"]))


# ---- 8. Records


def object_check(v):
    """8.2"""
    o = v["object"]
    member = v["members"][o["member"]]
    id_ = h("tuyau object v1", unhex(v["circle_id"]) + unhex(member["member"])
            + unhex(o["nonce"]))[:10]
    same("object.id", id_, unhex(o["id"]))
    bits, letters = int.from_bytes(id_, "big"), "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    text = "".join(letters[bits >> (75 - 5 * i) & 31] for i in range(16))
    same("object.text", text, o["text"])


def letter_check(v):
    """10"""
    o = v["letter"]
    seed = unhex(v["devices"][o["device"]]["letter_seed"])
    pk = sign_pk(seed)
    key_id = hashlib.blake2b(pk, digest_size=8).digest()
    b64 = lambda x: base64.b64encode(x).decode("ascii")
    same("letter.key", b64(b"Ed" + key_id + pk), o["key"])
    text = o["text"].encode("utf-8")
    lines = o["text"].split("\n")
    assert lines[0].startswith("LETTRE DE RECOMMANDATION ") and lines[-1] == ""
    assert lines[0].endswith(" (tuyau vouch v1)") and max(map(len, lines[:-2])) <= 78
    values = []  # of the fields, in their order; lines that begin with two blanks go on
    for line in lines[1:-1]:
        if line.startswith("  "):
            values[-1][1] += " " + line.strip()
        elif line:
            values.append([part.strip() for part in line.split(":", 1)])
    same("letter.text", values, [
        ["De", "Alice Martin, Armor Infogérance"],
        ["Pour", "la directrice financière"],
        ["Au sujet", "Farid Expertise"],
        ["Relation", "cliente depuis mars 2022, deux clôtures d'exercice menées ensemble"],
        ["Je constate", "délais tenus"],
        ["Je constate", "un interlocuteur"],
        ["Je ne sais pas", "les groupes de plus de 500"],
        ["Vous pouvez m'appeler avant votre décision", "01 99 00 45 67"],
        ["Fait le", "2025-11-22"],
        ["Valable jusqu'au", o["expires"] + "        Numéro : " + o["number"]],
        ["Vérifier", "minisign -Vm lettre.txt -P " + o["key"]],
    ])
    trusted = "timestamp:1763800000\tfile:lettre.txt\ttuyau:vouch v1 id=%s expires=%s" % (
        o["number"], o["expires"])
    same("letter.trusted_comment", trusted, o["trusted_comment"])
    sig = sign_raw(seed, hashlib.blake2b(text).digest())
    global_sig = sign_raw(seed, sig + trusted.encode("ascii"))
    same("letter.signature", "untrusted comment: a letter\n%s\ntrusted comment: %s\n%s\n" % (
        b64(b"ED" + key_id + sig), trusted, b64(global_sig)), o["signature"])
    same("letter.revocation_nonce", h("tuyau letter v1", pk + o["number"].encode("ascii"))[:16],
         unhex(o["revocation_nonce"]))


CHECKS = (devices_check, members_check, certificates_check, operations_check, invite_check,
          join_check, log_check, fork_check, base_check, clone_check, object_check, knock_check,
          tags_check, address_check, letter_check)


def check(v):
    for one in CHECKS:
        one(v)


# ---- self-test


def leaves(node, path=()):
    """Every value of the document but the words about it, with its path."""
    if isinstance(node, dict):
        for key, value in node.items():
            if path or key != "what":
                yield from leaves(value, path + (key,))
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from leaves(value, path + (i,))
    else:
        yield path, node


def changed(value):
    if isinstance(value, int):
        return value + 1
    last = "1" if value[-1] == "0" else "0"
    return value[:-1] + last


def self_test(v):
    unnoticed, count = [], 0
    for path, value in leaves(v):
        other = copy.deepcopy(v)
        at = other
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = changed(value)
        count += 1
        try:
            check(other)
            unnoticed.append(".".join(str(step) for step in path))
        except (Different, AssertionError, KeyError, IndexError, ValueError):
            pass
    for path in unnoticed:
        print("check_vectors: a change of %s is not noticed" % path)
    print("check_vectors: %d changes, %d not noticed" % (count, len(unnoticed)))
    return 1 if unnoticed else 0


def main(args):
    here = os.path.dirname(os.path.abspath(__file__))
    is_self_test = args[:1] == ["--self-test"]
    if is_self_test:
        args = args[1:]
    path = args[0] if args else os.path.join(here, "tuyau_protocol_v1.json")
    try:
        with open(path, encoding="utf-8") as f:
            v = json.load(f)
    except (OSError, ValueError) as e:
        print("check_vectors: %s: %s" % (path, e))
        return 2
    try:
        check(v)
    except (Different, AssertionError, KeyError, IndexError, ValueError) as e:
        print("check_vectors: %s: %s" % (type(e).__name__, e))
        return 1
    print("check_vectors: %d values of %s are the same"
          % (sum(1 for _ in leaves(v)), os.path.basename(path)))
    return self_test(v) if is_self_test else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
