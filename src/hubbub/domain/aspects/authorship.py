"""Who may change a message: its author, and those who moderate."""

from hubbub.domain.access import Permission, RoomKind, kind_of, may
from hubbub.domain.aspects.people.accounts import is_at_least, role_of, to_know
from hubbub.domain.facts import MessageKey, Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal
from hubbub.protocol.errors import Refusal
from hubbub.protocol.messages import Delete, Edit, RemovePreview


def message_needs(
    wanted: Needs, principal: Principal, change: Edit | Delete | RemovePreview
) -> None:
    """Name what must be known in order to change a message; see `refusal_of`."""
    wanted.messages.add(MessageKey(change.room, change.seq))
    if principal.is_account:
        to_know(wanted, principal.id)


def refusal_of(
    ledger: Ledger,
    principal: Principal,
    key: MessageKey,
    own: Permission,
    anyones: Permission,
    deed: str = "edit or delete this message",
) -> Refusal | None:
    """Return why someone may not do this with a message, which needs another permission if it isn't their own, or None."""
    if refusal := ledger.absent(key):
        return refusal
    is_own = principal.may_own and ledger.owner(key) == principal.id
    operation = own if is_own else anyones
    if refusal := ledger.refusal(principal, operation, key.room):
        return refusal
    if may(principal, operation, key.room) and (
        is_own or _may_moderate(ledger, principal, key.room)
    ):
        return None
    why = f"Only the author or a moderator may {deed}"
    if not principal.may_own:
        why += "; guests prove authorship with the key they posted it with"
    return Refusal("forbidden", why)


def _may_moderate(ledger: Ledger, principal: Principal, room: str) -> bool:
    """Whether someone whose credential allows it may moderate. In free rooms, an account needs the role for it now."""
    if not principal.is_account or kind_of(room) is not RoomKind.FREE:
        return True
    return is_at_least(role_of(ledger, principal), "moderator")
