"""Checks the broker that nodes share: NATS."""

import asyncio
import time

from nats.aio.client import Client
from nats.errors import Error as NatsError

from hubbub.server.addresses import several
from hubbub.server.brokers.nats import credentials
from hubbub.server.findings import Finding, ok, warning

TIMEOUT = 5.0  # seconds


async def examine_broker(url: str) -> Finding:
    """Check whether NATS answers at an address."""
    client, servers, errors = Client(), several(url), list[Exception]()

    async def note(error: Exception) -> None:
        errors.append(error)

    try:
        async with asyncio.timeout(TIMEOUT):
            await client.connect(
                servers, **credentials(servers), max_reconnect_attempts=0, error_cb=note
            )
            began = time.perf_counter()
            await client.flush()
            took = time.perf_counter() - began
            await client.close()
    except (NatsError, OSError, TimeoutError) as error:
        fix = "check HUBBUB_BROKER and nats-server; without NATS, nodes learn of each other's messages up to 2 s later"
        why = errors[0] if errors else error  # the raised error may only say that it timed out
        return warning("NATS", str(why) or type(why).__name__, fix)
    return ok("NATS", f"round trip {took * 1000:.1f} ms")
