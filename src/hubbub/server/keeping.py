"""What the settings say is kept of the logs: the rules, and the work, that see to it."""

from datetime import UTC, datetime

from hubbub.domain.aspects.former import last_only
from hubbub.domain.rules import Rules
from hubbub.server.config import Settings
from hubbub.server.people.addresses import Submit
from hubbub.server.reactors.base import Reactor
from hubbub.server.reactors.former import Former
from hubbub.server.reactors.retention import Retention
from hubbub.server.stores.base import Store


def rules_for(settings: Settings, rules: Rules) -> Rules:
    """Return the rules with which changes are decided."""
    return last_only(rules) if settings.edits == "last" else rules


def reactors_for(settings: Settings, store: Store, submit: Submit) -> list[Reactor]:
    """Return what takes out of the logs what is no longer to be kept."""
    keep = settings.keep_events, settings.keep_days
    reactors: list[Reactor] = [Retention(store, *keep, lambda: datetime.now(UTC))]
    if settings.edits == "last":
        reactors.append(Former(store, submit))
    return reactors
