"""What can go wrong with PostgreSQL: decided here, for everything that speaks to it.

A session may end at any moment: by an administrator, by a time-out of the server's settings, by a fail-over. Its
client hears of it in many ways, depending on what it was doing: by an error of the server's, a closed socket, or an
inner state that no longer fits.
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
    asyncpg.InternalClientError,  # a message came that was not expected: that it was ended
)
FAILURES = (*LOST, asyncpg.PostgresError)

# What was to be written is at fault, and not the database.
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
    """Whatever goes wrong with the database is StoreFailed."""
    try:
        yield
    except FAILURES as error:
        raise failed(error) from error


def failed(error: BaseException) -> StoreFailed:
    """What is said of one of FAILURES."""
    return StoreFailed(f"PostgreSQL: {words(error)}")


def words(error: BaseException) -> str:
    """What an error says, in one line, without details, which quote values."""
    said = error.strerror if isinstance(error, OSError) else None
    if isinstance(error, asyncpg.PostgresError):
        said = str(error.args[0])
    return " ".join((said or str(error)).split()) or type(error).__name__
