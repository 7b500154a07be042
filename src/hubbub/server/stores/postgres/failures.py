"""The failures of PostgreSQL, classified in one place for everything that uses it.

A session may end at any moment: because of an administrator, a time-out in the server's settings, or a fail-over.
Depending on what it was doing, the client sees an error from the server, a closed socket, or an inconsistent
internal state.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from hubbub.server.stores.base import StoreFailed

# The connection can't be used any more; another one may.
LOST = (
    OSError,  # TimeoutError is one
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # ended by an administrator, a shutdown, or an idle session's time-out
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # an unexpected message: that the session was ended
)
FAILURES = (*LOST, asyncpg.PostgresError)

# The data is at fault, not the database.
OF_A_VALUE = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
    ArithmeticError,
    AssertionError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


@contextmanager
def failures() -> Iterator[None]:
    """Translate all failures of the database to StoreFailed."""
    try:
        yield
    except FAILURES as error:
        raise failed(error) from error


def failed(error: BaseException) -> StoreFailed:
    """Return one of FAILURES as StoreFailed."""
    return StoreFailed(f"PostgreSQL: {words(error)}")


def words(error: BaseException) -> str:
    """Return an error's message in one line, without details, which quote values."""
    said = error.strerror if isinstance(error, OSError) else None
    if isinstance(error, asyncpg.PostgresError):
        said = str(error.args[0])
    return " ".join((said or str(error)).split()) or type(error).__name__
