"""Subscriptions of Web Push: which devices of an account are notified while no page is open there.

Each belongs to a session or an API token and ends with it. The own log says that there is one, and nothing that could reach the device.
"""

from hubbub.domain.aspects.people.accounts import active, forbidden, to_know
from hubbub.domain.aspects.people.audit import BY_RULE, Internal
from hubbub.domain.aspects.people.preferences import CHANGE_OWN
from hubbub.domain.aspects.people.sessions import KINDS, SESSIONS, SessionId
from hubbub.domain.facts import Answer, Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal
from hubbub.domain.rules import Aspect, Rule
from hubbub.domain.tables.subscriptions import SUBSCRIPTIONS, Subscription, SubscriptionKey
from hubbub.events.people import Subscribed, Unsubscribed
from hubbub.protocol.commands.subscriptions import Subscribe, Unsubscribe, fault
from hubbub.protocol.errors import Refusal

MAX_SUBSCRIPTIONS = 16  # of an account


class EndSubscription(Internal, frozen=True, kw_only=True):
    """Ends a subscription of the account whose log is `room`, if it still has this endpoint: nobody is there any more."""

    kind: str
    session: str
    endpoint: str


def _needs(wanted: Needs, principal: Principal, change: Subscribe | Unsubscribe) -> None:
    to_know(wanted, change.room)
    for kind in KINDS:
        wanted.count(SUBSCRIPTIONS, change.room, kind)
    if key := _key_of(principal):
        wanted.row(SESSIONS, SessionId(*key))
        wanted.row(SUBSCRIPTIONS, key)


def _subscribe(ledger: Ledger, principal: Principal, change: Subscribe) -> Answer:
    key = _key_of(principal)
    if principal.id != change.room or active(ledger, change.room) is None:
        return forbidden("change settings of this account")
    if key is None or ledger.row(SESSIONS, SessionId(*key)) is None:
        return forbidden("subscribe: this needs a session or an API token")
    row = ledger.row(SUBSCRIPTIONS, key)
    count = sum(ledger.count(SUBSCRIPTIONS, change.room, kind) for kind in KINDS)
    if row is None and count >= MAX_SUBSCRIPTIONS:
        why = f"Too many devices are notified: an account takes at most {MAX_SUBSCRIPTIONS}"
        return Refusal("too_large", why)
    device = change.endpoint, change.p256dh, change.auth
    now = Subscription(*key, *device, change.shows_text, row.since if row else ledger.at)
    if row == now:
        return ledger.unchanged()
    ledger.put(SUBSCRIPTIONS, now)
    place = ledger.next(change.room, principal)
    return ledger.append(
        Subscribed(**place, kind=key.kind, session=key.session, shows_text=change.shows_text)
    )


def _unsubscribe(ledger: Ledger, principal: Principal, change: Unsubscribe) -> Answer:
    key = _key_of(principal)
    if principal.id != change.room or active(ledger, change.room) is None:
        return forbidden("change settings of this account")
    if key is None or ledger.row(SUBSCRIPTIONS, key) is None:
        return ledger.unchanged()
    return _end(ledger, principal, key)


def _key_of(principal: Principal) -> SubscriptionKey | None:
    """Return the key of the subscription of whoever acts; None without a session."""
    return SubscriptionKey(*principal.session) if len(principal.session) == 3 else None


def _end(ledger: Ledger, principal: Principal, key: SubscriptionKey) -> Answer:
    ledger.drop(SUBSCRIPTIONS, key)
    place = ledger.next(key.account, principal)
    return ledger.append(Unsubscribed(**place, kind=key.kind, session=key.session))


def _end_needs(wanted: Needs, _: Principal, change: EndSubscription) -> None:
    wanted.row(SUBSCRIPTIONS, SubscriptionKey(change.room, change.kind, change.session))


def _end_if_gone(ledger: Ledger, principal: Principal, change: EndSubscription) -> Answer:
    key = SubscriptionKey(change.room, change.kind, change.session)
    row = ledger.row(SUBSCRIPTIONS, key)
    if row is None or row.endpoint != change.endpoint:
        return ledger.unchanged()
    return _end(ledger, principal, key)


def _screen(change: Subscribe, _: int) -> Refusal | None:
    why = fault(change)
    return Refusal("bad_request", why) if why else None


ASPECT = Aspect(
    tables=(SUBSCRIPTIONS,),
    rules=(
        Rule(Subscribe, CHANGE_OWN, _needs, _subscribe, _screen),
        Rule(Unsubscribe, CHANGE_OWN, _needs, _unsubscribe),
        Rule(EndSubscription, BY_RULE, _end_needs, _end_if_gone, is_internal=True),
    ),
    events=(Subscribed, Unsubscribed),
)
