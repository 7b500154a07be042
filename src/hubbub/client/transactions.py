"""Posting inside a transaction of one's own: it is posted if that is committed, and else it never was.

For applications that use the PostgreSQL database in which hubbub keeps its rooms. It needs no connection
to a server, and waits for none: a node posts the message as soon as the transaction has been committed.
"""

from typing import Any

_POST = "SELECT hubbub.post({}, {}, {}, {})"
_NAMES = ("room", "message", "by", "client_message_id")


async def post_in_transaction(
    connection: Any,
    room: str,
    message: str,
    *,
    by: str = "server",
    client_message_id: str | None = None,
) -> str:
    """Post with the transaction that a connection is in.

    Args:
        connection: of asyncpg (a `Connection`, or one of a pool), or an `AsyncConnection` or `AsyncSession` of SQLAlchemy.
        room: the room's name.
        message: the text.
        by: as whom.
        client_message_id: of two messages with the same one, only the first is posted. One is made up if none is given.

    Returns:
        The `client_message_id`.

    Raises:
        What the connection raises, for example if a name is none; then the transaction has failed.
    """
    values = (room, message, by, client_message_id)
    if hasattr(connection, "fetchval"):
        found: str = await connection.fetchval(_POST.format("$1", "$2", "$3", "$4"), *values)
    else:
        found = (await connection.execute(_sqlalchemy_text(), _by_name(values))).scalar_one()
    return found


def post_in_transaction_sync(
    connection: Any,
    room: str,
    message: str,
    *,
    by: str = "server",
    client_message_id: str | None = None,
) -> str:
    """As `post_in_transaction`, for a `Connection` or `Session` of SQLAlchemy, psycopg, or Django's `connection`."""
    values = (room, message, by, client_message_id)
    if hasattr(connection, "cursor"):
        with connection.cursor() as cursor:
            cursor.execute(_POST.format("%s", "%s", "%s", "%s"), values)
            found: str = cursor.fetchone()[0]
    else:
        found = connection.execute(_sqlalchemy_text(), _by_name(values)).scalar_one()
    return found


def _by_name(values: tuple[str | None, ...]) -> dict[str, str | None]:
    return dict(zip(_NAMES, values, strict=True))


def _sqlalchemy_text() -> Any:
    from sqlalchemy import text  # whoever has such a connection has it

    return text(_POST.format(*(f":{name}" for name in _NAMES)))
