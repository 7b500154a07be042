"""Who comes in: decides, once for each connection or request, which principal it acts for."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hubbub.protocol.errors import Refused
from hubbub.protocol.names import is_person_name
from hubbub.rooms.access import Principal, Role

NAMELESS = "guest"


@dataclass(slots=True)
class Holder:
    """Who holds a name, and by how many connections."""

    key: str | None
    connections: int = 0


class Door:
    """Lets guests in under a name that is theirs while they are connected."""

    def __init__(self) -> None:
        self._holders: dict[str, Holder] = {}

    @contextmanager
    def admitted(self, name: str | None, key: str | None) -> Iterator[Principal]:
        """A connection's principal, which holds its name until the end of the block.

        Raises:
            Refused: `bad_request` if nobody may be called so, `name_taken` if someone else is.
        """
        principal = self.enter(name, key)
        try:
            yield principal
        finally:
            self.exit(principal)

    def enter(self, name: str | None, key: str | None) -> Principal:
        """As `admitted`, to be followed by one `exit`."""
        principal = self.recognise(name, key) if name is not None else self._stranger()
        holder = self._holders.setdefault(principal.name, Holder(key))
        holder.connections += 1
        return principal

    def exit(self, principal: Principal) -> None:
        """One of the principal's connections has ended; with the last, the name is free."""
        holder = self._holders[principal.name]
        holder.connections -= 1
        if not holder.connections:
            del self._holders[principal.name]

    def recognise(self, name: str | None, key: str | None) -> Principal:
        """The principal of a single request, which holds no name. Raises as `admitted` does."""
        if name is None:
            return Principal(NAMELESS, Role.GUEST, "")
        if not is_person_name(name):
            raise Refused("bad_request", "nobody can be called so: 1 to 32 letters or digits")
        holder = self._holders.get(name)
        if holder is not None and (
            holder.key is None or not secrets.compare_digest(_bytes(holder.key), _bytes(key or ""))
        ):
            raise Refused(
                "name_taken",
                f"someone is connected as {name}",
                hint="choose another name, or send the key that was sent with it",
            )
        return Principal(name, Role.GUEST, name)

    def _stranger(self) -> Principal:
        while (name := f"{NAMELESS}-{secrets.token_hex(3)}") in self._holders:
            pass
        return Principal(name, Role.GUEST, "")


def _bytes(key: str) -> bytes:
    """A key as bytes; one from a header may hold what is no Unicode."""
    return key.encode("utf-8", "surrogatepass")
