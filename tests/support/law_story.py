"""One history of a room in which whatever the law is to notice would show, so that nobody has to find it at random."""

from hubbub.domain.aspects.people.accounts import OPERATOR
from hubbub.domain.aspects.previews import ShowPreviews
from hubbub.domain.facts import Proposal
from hubbub.domain.principals import Principal
from hubbub.events import LinkPreview
from hubbub.protocol.messages import Delete, Edit, Patch, Post, React, RemovePreview, Unreact
from tests.support.laws import LINKS, PEOPLE, ROOMS, Law

ADA, NAMESAKE, SOMEONE, ANYONE = PEOPLE
LOBBY, KITCHEN = ROOMS


def tell(law: Law) -> None:
    """All of it. After each chapter the law looks."""
    try:
        law.begin([post(ADA, "one", key="k1"), post(NAMESAKE, "two"), post(SOMEONE, "three")])
        for chapter in (
            keys_come_again,
            messages_change,
            people_react,
            documents_are_patched,
            links_are_previewed,
            messages_are_deleted,
            the_oldest_are_forgotten,
        ):
            law.take_snapshot(LOBBY, 5)
            chapter(law)
            law.catch_up()
        law.reopen()
    finally:
        law.teardown()


def keys_come_again(law: Law) -> None:
    """In the same batch and in another, and of those who share theirs."""
    happen(law, post(SOMEONE, "four", key="k2"), post(SOMEONE, "not again", key="k2"))
    happen(law, post(ANYONE, "nor by who is as nameless", key="k2"))
    happen(law, post(ADA, "nor later", key="k1"), edit(ADA, 1, "edited", key="k1"))
    happen(law, post(ADA, "five"), edit(ADA, 1, "not edited again", key="k1"))


def messages_change(law: Law) -> None:
    """Only by their authors."""
    happen(law, edit(ADA, 2, "by a namesake"), post(ADA, "six"), post(ADA, "seven"))
    happen(law, edit(ADA, law.head(LOBBY), "edited"))
    happen(law, post(ADA, "eight"))
    law.read_from_anywhere(LOBBY, 3)
    law.read_on(0, 1, 1)


def people_react(law: Law) -> None:
    """Not in the order of their names, two of one name, and again."""
    happen(law, post(ADA, "to react to"))
    seq = law.head(LOBBY)
    law.take_snapshot(LOBBY, 5)
    happen(law, react(ANYONE, seq), react(NAMESAKE, seq), react(ADA, seq))
    law.catch_up()
    happen(law, react(ADA, seq), post(ADA, "more"))
    happen(law, unreact(ADA, seq), react(SOMEONE, seq))


def documents_are_patched(law: Law) -> None:
    """Again and again, beside other changes."""
    happen(law, patch({"a": 1, "b": {"d": 1}}), post(ADA, "beside"))
    happen(law, patch({"a": None}), patch({"b": {"d": None}}, if_seq=1), patch({"c": 2}))
    happen(law, patch({"b": {"d": 2}}), patch({"e": 3}), patch({"c": None}))


def links_are_previewed(law: Law) -> None:
    """Previews come, change, are removed for good, and go with their links and messages."""
    happen(law, post(ADA, " ".join(LINKS)), post(ADA, LINKS[0]))
    seq = law.head(LOBBY) - 1
    happen(law, preview(seq, *LINKS), preview(seq + 1, LINKS[0]))
    law.take_snapshot(LOBBY, 5)
    happen(law, Proposal(ADA, RemovePreview(room=LOBBY, seq=seq, url=LINKS[0])))
    law.catch_up()
    happen(law, preview(seq, *LINKS), edit(ADA, seq, "no link"), delete(ADA, seq + 1))


def messages_are_deleted(law: Law) -> None:
    """In the batch that made or changed them, or later; and touched once more."""
    head = law.head(LOBBY)
    happen(law, post(ADA, "short-lived"), react(ADA, head + 1), delete(ADA, head + 1))
    happen(law, post(ADA, "with reactions and edits"))
    seq = law.head(LOBBY)
    happen(law, react(NAMESAKE, seq), react(SOMEONE, seq), edit(ADA, seq, "edited"))
    happen(law, delete(ADA, seq), delete(ADA, 2))
    happen(law, edit(ADA, seq, "too late"), react(NAMESAKE, seq), delete(ADA, seq))


def the_oldest_are_forgotten(law: Law) -> None:
    """With their reactions."""
    happen(law, post(ADA, "in the kitchen", room=KITCHEN), post(ADA, "still", room=KITCHEN))
    happen(law, react(ADA, 1, room=KITCHEN))
    law.trim(KITCHEN, 1)
    law.trim(LOBBY, 2)
    law.trim(LOBBY, 0)


def happen(law: Law, *proposals: Proposal) -> None:
    """Commit them together, as they are."""
    law.commit(list(proposals), False)


def post(who: Principal, text: str, key: str | None = None, room: str = LOBBY) -> Proposal:
    """A message."""
    return Proposal(who, Post(room=room, text=text, client_message_id=key))


def edit(who: Principal, seq: int, text: str, key: str | None = None) -> Proposal:
    """Another text."""
    return Proposal(who, Edit(room=LOBBY, seq=seq, text=text, client_message_id=key))


def delete(who: Principal, seq: int) -> Proposal:
    """No message."""
    return Proposal(who, Delete(room=LOBBY, seq=seq))


def preview(seq: int, *urls: str) -> Proposal:
    """What is behind links of a message."""
    shown = tuple(LinkPreview(url, "a title") for url in urls)
    return Proposal(OPERATOR, ShowPreviews(room=LOBBY, seq=seq, edit=0, previews=shown))


def react(who: Principal, seq: int, room: str = LOBBY) -> Proposal:
    """A thumb up."""
    return Proposal(who, React(room=room, seq=seq, emoji="👍"))


def unreact(who: Principal, seq: int) -> Proposal:
    """No thumb any more."""
    return Proposal(who, Unreact(room=LOBBY, seq=seq, emoji="👍"))


def patch(what: dict[str, object], if_seq: int | None = None) -> Proposal:
    """A change to the document."""
    return Proposal(ADA, Patch(room=LOBBY, patch=what, if_seq=if_seq))
