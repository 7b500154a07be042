"""What finds out, soon after a commit, who is to be told of a message, and what notifies their devices."""

import time
from functools import partial

from hubbub.server.config import Settings
from hubbub.server.http.metrics import Metrics
from hubbub.server.hub.hub import Hub
from hubbub.server.hub.writing import Policy
from hubbub.server.people.addresses import Submit
from hubbub.server.reactors.base import Reactor
from hubbub.server.reactors.keywords import Keywords
from hubbub.server.reactors.notifications import Notifications
from hubbub.server.stores.base import Store
from hubbub.server.webpush.keys import Keys
from hubbub.server.webpush.notifier import Notifier
from hubbub.server.webpush.service import PushServices


def prompt_reactors(store: Store, submit: Submit) -> list[Reactor]:
    """Return what reads on soon after each commit, for those who are to be told."""
    return [Keywords(store, submit), Notifications(store, time.time)]


def keys_of(settings: Settings, store: Store) -> Keys:
    """Return what makes the server's own key, once somebody wants to be notified."""
    is_secure = settings.public_url.lower().startswith("https:")
    return Keys(store, time.time, settings.public_url.rstrip("/") if is_secure else "")


def notifier_of(
    settings: Settings, store: Store, keys: Keys, hub: Hub, measured: Metrics
) -> Notifier:
    """Return what sends notifications."""
    return Notifier(
        store,
        PushServices(keys, settings.reach, time.time),
        hub.watching.is_active,
        partial(hub.writing.commit, policy=Policy.UNLIMITED),
        time.time,
        wait=settings.push_wait,
        counted=measured.notified,
    )
