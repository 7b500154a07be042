"""Ports for what a test starts, and perhaps stops and starts again on the same one."""

import itertools
import random
import socket

# Below those that the system gives to outgoing connections: one of them could take the port of a server that is down.
FIRST, COUNT = 10_000, 20_000

_next = itertools.count(random.randrange(COUNT))


def free_ports(count: int) -> int:
    """The first of some ports in a row on which nobody listens on loopback; each time others."""
    while True:
        first = FIRST + next(_next) * count % (COUNT - count)
        if all(map(_is_free, range(first, first + count))):
            return first


def free_port() -> int:
    """A port on which nobody listens on loopback; each time another one."""
    return free_ports(1)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
