"""Ports for what a test starts, and perhaps stops and starts again on the same one.

A port belongs to the process that was given it, until that ends: others that choose ports in this way look for another
one, also while nobody listens on it.
"""

import itertools
import os
import random
import socket
import tempfile
from fcntl import LOCK_EX, LOCK_NB, lockf
from functools import cache
from pathlib import Path
from typing import BinaryIO

# Chromium opens no page on these (net/base/port_util.cc).
UNSAFE = {10_080}
# Below those that the system gives to outgoing connections: one of them could take the port of a server that is down.
FIRST, COUNT = 10_000, 20_000

_next = itertools.count(random.randrange(COUNT))


def free_ports(count: int) -> int:
    """The first of some ports in a row on which nobody listens on loopback; each time others."""
    while True:
        first = FIRST + next(_next) * count % (COUNT - count)
        if UNSAFE.isdisjoint(ports := range(first, first + count)) and all(map(_is_ours, ports)):
            return first


def free_port() -> int:
    """A port on which nobody listens on loopback; each time another one."""
    return free_ports(1)


def _is_ours(port: int) -> bool:
    """Whether nobody listens on it, and no other process was given it."""
    try:
        lockf(_owners(), LOCK_EX | LOCK_NB, 1, port)
    except OSError:
        return False
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@cache
def _owners() -> BinaryIO:
    """A file of which a process locks a byte for each of its ports."""
    return (Path(tempfile.gettempdir()) / f"hubbub-ports-{os.getuid()}").open("ab")
