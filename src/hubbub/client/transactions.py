"""Posts a message as part of the application's own transaction: it is posted if and only if that commits.

For applications that use the PostgreSQL database in which hubbub keeps its rooms. This needs no connection
to a server: a node posts the message as soon as the transaction has been committed.
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
    """Post a message in the current transaction of a database connection.

    Args:
        connection: a connection of asyncpg (also from a pool), or an `AsyncConnection` or `AsyncSession` of SQLAlchemy.
        room: the name of the room.
        message: the text of the message.
        by: the name of the author.
        client_message_id: 1 to 64 characters; random if not given. Of several messages with the same id, only the first is posted.

    Returns:
        The `client_message_id`.

    Raises:
        The errors of the connection, for example for an invalid name. The transaction has then failed.
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
    """Like `post_in_transaction`, for a `Connection` or `Session` of SQLAlchemy, a connection of psycopg, or Django's `connection`."""
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
    from sqlalchemy import text  # installed, since the connection is SQLAlchemy's

    return text(_POST.format(*(f":{name}" for name in _NAMES)))
