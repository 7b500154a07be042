"""The audit log: who was admitted and how, which tokens were issued or revoked. One JSON object per line."""

import logging

_log = logging.getLogger("hubbub.audit")


def audit(action: str, **facts: object) -> None:
    """Record an action. `facts` must never contain secrets or messages."""
    _log.info(action, extra=facts)
