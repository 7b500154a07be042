"""One node, or two that share a database, perhaps with a broker between them."""

from contextlib import AsyncExitStack

from tests.support.nats import nats_running
from tests.support.postgres import Postgres

NODES = ("one node", "two nodes", "two nodes and a broker")


async def shared_by(nodes: str, stack: AsyncExitStack, postgres: Postgres) -> dict[str, str]:
    """What the settings of these nodes say of what they share, which the stack stops."""
    if nodes == "one node":
        return {"store": "sqlite"}
    given = {"store": await postgres.fresh()}
    if nodes == "two nodes and a broker":
        given["broker"] = (await stack.enter_async_context(nats_running())).url
    return given
