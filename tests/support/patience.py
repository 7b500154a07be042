"""Shortens delays of the product in a server's process, where a test can't wait for them."""

from hubbub.server import upkeep
from hubbub.server.engine import signals

SHORT_LEASES = "short_leases"


def shorten_leases() -> None:
    """Let nodes remind each other often, and forget soon."""
    signals.LEASE = 4.0
    upkeep.REMIND_EVERY = 1.0
