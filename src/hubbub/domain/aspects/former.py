"""What messages said before they were edited, if that is not kept: an edit erases it, and so does the server for older edits."""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any

from hubbub.domain.aspects.people.accounts import OPERATOR, forbidden
from hubbub.domain.aspects.people.audit import BY_RULE, Internal
from hubbub.domain.facts import Answer, MessageKey, Needs
from hubbub.domain.ledger import Ledger
from hubbub.domain.principals import Principal
from hubbub.domain.rules import Aspect, Rule, Rules
from hubbub.events import FormerErased
from hubbub.protocol.messages import Edit


class EraseFormer(Internal, frozen=True, kw_only=True):
    """Erases what messages said before an edit that kept it. `edits` are pairs: a message, and that edit of it."""

    edits: tuple[tuple[int, int], ...]


def last_only(rules: Rules) -> Rules:
    """Return rules by which each edit erases what the message said before."""
    return Rules(
        dataclasses.replace(aspect, rules=tuple(map(_erasing, aspect.rules)))
        for aspect in rules.aspects
    )


def _erasing(rule: Rule[Any]) -> Rule[Any]:
    if rule.command is not Edit:
        return rule
    decide: Callable[..., Answer] = rule.decide
    return dataclasses.replace(rule, decide=partial(decide, erases=True))


def _needs(_: Needs, __: Principal, ___: EraseFormer) -> None:
    """Nothing: what is gone meanwhile has no texts."""


def _erase(ledger: Ledger, principal: Principal, change: EraseFormer) -> Answer:
    if principal.id != OPERATOR.id:
        return forbidden("do this")
    for message, edit in change.edits:
        ledger.erase_former(MessageKey(change.room, message), edit)
    place = ledger.next(change.room, principal)
    messages, edits = zip(*change.edits, strict=True)
    return ledger.append(FormerErased(**place, messages=list(messages), edits=list(edits)))


ASPECT = Aspect(
    rules=(Rule(EraseFormer, BY_RULE, _needs, _erase, is_internal=True, in_threads=True),),
    events=(FormerErased,),
)
