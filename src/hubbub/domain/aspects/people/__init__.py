"""People: accounts, the ways to one, what they prove themselves with, and the log of what was done with all that."""

from hubbub.domain.aspects.people import (
    accounts,
    audit,
    credentials,
    invites,
    passwords,
    preferences,
    removal,
    sessions,
    subscriptions,
)

ASPECTS = (
    accounts.ASPECT,
    invites.ASPECT,
    credentials.ASPECT,
    passwords.ASPECT,
    sessions.ASPECT,
    preferences.ASPECT,
    subscriptions.ASPECT,
    audit.ASPECT,
    removal.ASPECT,
)
