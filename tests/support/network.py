"""A network of the test's own: each place has a namespace and an address, and any two can be parted.

Between two that are parted packets vanish, without a word to either, as when a cable is cut. The test
itself is on the network, too. It takes root, and Debian's iproute2.
"""

import itertools
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

NOWHERE = "02:00:00:00:00:01"  # a hardware address that nobody has
_numbers = itertools.count(1)


class Place(NamedTuple):
    """Where a process runs: its address, and what comes before its command to bring it there."""

    host: str = "127.0.0.1"
    prefix: tuple[str, ...] = ()


HERE = Place()


class Network:
    """Some places, and the test."""

    def __init__(self, bridge: str, number: int) -> None:
        self._bridge = bridge
        self._subnet = f"10.{200 + number % 50}.{os.getpid() % 256}"
        self._spaces: dict[str, str] = {}
        self.places: dict[str, Place] = {}

    @property
    def test(self) -> Place:
        """Where the test is."""
        return Place(f"{self._subnet}.1")

    def part(self, one: Place, other: Place) -> None:
        """Let nothing through between two places, in either direction."""
        self._set_neighbours(one, other, f"lladdr {NOWHERE} nud permanent")

    def join(self, one: Place, other: Place) -> None:
        """Let everything through again."""
        self._set_neighbours(one, other, "")

    def _set_neighbours(self, one: Place, other: Place, how: str) -> None:
        act = f"replace {{}} {how}" if how else "del {}"
        for here, there in ((one, other), (other, one)):
            space = here.prefix[3:4]
            device = "eth0" if space else self._bridge
            within = ("-n", *space) if space else ()
            ip(*within, "neigh", *act.format(there.host).split(), "dev", device)

    def add(self, name: str, number: int) -> str:
        """Make a place; returns its namespace."""
        space, outside = f"{self._bridge}-{name}", f"{self._bridge}.{number}"
        ip("netns", "add", space)
        ip("link", "add", outside, "type", "veth", "peer", "name", "eth0", "netns", space)
        ip("link", "set", outside, "master", self._bridge, "up")
        host = f"{self._subnet}.{10 + number}"
        ip("-n", space, "addr", "add", f"{host}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            ip("-n", space, "link", "set", device, "up")
        self.places[name] = Place(host, ("ip", "netns", "exec", space))
        return space

    def connect(self) -> None:
        """Be on the network."""
        ip("addr", "add", f"{self.test.host}/24", "dev", self._bridge)
        ip("link", "set", self._bridge, "up")


def is_possible() -> bool:
    """Whether networks can be made here; in CI, root has to be able to."""
    if os.geteuid() != 0 or os.environ.get("CI"):
        return os.geteuid() == 0
    probe = f"hb{os.getpid()}-probe"
    try:
        ip("netns", "add", probe)
        ip("netns", "del", probe)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def ip(*arguments: str) -> None:
    """Run Debian's `ip`."""
    subprocess.run(["ip", *arguments], check=True, capture_output=True, timeout=10)


@contextmanager
def network(names: Sequence[str]) -> Iterator[Network]:
    """One with these places, which are gone after the block."""
    number = next(_numbers)
    bridge = f"hb{os.getpid() % 10**6}x{number}"
    with ExitStack() as stack:
        ip("link", "add", bridge, "type", "bridge")
        stack.callback(ip, "link", "del", bridge)
        made = Network(bridge, number)
        made.connect()
        for index, name in enumerate(names):
            stack.callback(ip, "netns", "del", made.add(name, index))
        yield made
