"""The kinds of stores: the only module that names them all. What each can do, it says itself."""

from hubbub.server.addresses import BadAddress
from hubbub.server.stores.kinds import Kind
from hubbub.server.stores.postgres.kind import Postgres
from hubbub.server.stores.sqlite.kind import Sqlite

KINDS: tuple[Kind, ...] = (Sqlite(), Postgres())
DEFAULT = KINDS[0].form


def shared() -> list[Kind]:
    """Return the kinds that several nodes may use."""
    return [kind for kind in KINDS if kind.is_shared]


def kind_of(address: str) -> Kind:
    """Return the kind of the store at an address, whether in the settings or as one end of a copy. Raises BadAddress."""
    scheme = address.partition(":")[0]
    for kind in KINDS:
        if scheme in kind.schemes:
            return kind
    raise BadAddress("there is no such kind of store")
