"""The audit log: who came in with what, what was given out or taken back. One JSON object a line."""

import logging

_log = logging.getLogger("hubbub.audit")


def audit(action: str, **facts: object) -> None:
    """Write down that something was done. `facts` never hold a secret, nor what people write."""
    _log.info(action, extra=facts)
