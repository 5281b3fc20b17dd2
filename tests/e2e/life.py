"""What tests ask about the life of a tip or an ask, and about what stands on a disk."""

import json

from world import wait_until


def show(node, id):
    return node.json("show", id)


def shown(node, id, **wanted):
    """What `show` says once it has these values."""

    def there():
        said = node.rpc("show", {"id": id})
        assert {k: said.get(k) for k in wanted} == wanted, said
        return said

    return wait_until(there, what=f"{node.name}: {wanted}")


def kinds(node):
    """The names of all events since the daemon's start."""
    return [json.loads(x)["event"] for x in node.tuyau("events", "--json").out.splitlines()]


def holds(node, *texts):
    """Which of the texts stand in the files of a node's home, as `grep -a` finds them: as they are,
    or in lower case as in the index of words."""
    found = set()
    for path in node.home.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            found |= {t for t in texts if t.encode() in data or t.lower().encode() in data}
    return found
