"""Previews of links, whoever keeps them."""

from dataclasses import replace
from typing import Any

from hubbub.domain.aspects.people.accounts import OPERATOR
from hubbub.domain.aspects.previews import PREVIEWS, ShowPreviews
from hubbub.domain.facts import Accepted, Answer
from hubbub.domain.principals import Principal, Scope
from hubbub.events import LinkPreview, Previewed
from hubbub.protocol.errors import Refusal
from hubbub.protocol.messages import Change, Delete, Edit, Post, RemovePreview
from hubbub.server.stores.base import Store
from tests.support.fakes import ADA, AT, guest, holder, stranger
from tests.support.stores import commit, log_of

A, B = "https://a.example/", "https://b.example/"
OF_A, OF_B = LinkPreview(A, "A title", "A site", "About it"), LinkPreview(B, "Another")
PLACE: dict[str, Any] = {"room": "lobby", "at": AT, "by": OPERATOR.name, "id": OPERATOR.person.id}


async def shown(store: Store, seq: int = 1) -> list[LinkPreview] | None:
    """What a message shows to those who come now."""
    messages = (await store.snapshot("lobby", 50)).page.messages
    return next(message.previews for message in messages if message.seq == seq)


def show(*previews: LinkPreview, edit: int = 0) -> ShowPreviews:
    return ShowPreviews(room="lobby", seq=1, edit=edit, previews=previews)


async def posted(store: Store, text: str = f"{A} {B}") -> None:
    """A message by ada that shows previews of both links."""
    await commit(store, Post(room="lobby", text=text))
    await commit(store, show(OF_A, OF_B), by=OPERATOR)


async def answer(store: Store, who: Principal, change: Change) -> Answer:
    [found] = (await commit(store, change, by=who)).answers
    return found


async def test_previews_are_an_event_and_in_the_snapshot(store: Store) -> None:
    await posted(store)
    assert (await log_of(store, "lobby"))[1:] == [
        Previewed(**PLACE, seq=2, message=1, previews=[OF_A, OF_B])
    ]
    assert await shown(store) == [OF_A, OF_B]
    assert await answer(store, OPERATOR, show(OF_A, OF_B)) == Accepted(None, AT)


async def test_an_edit_takes_away_the_previews_of_links_that_are_gone(store: Store) -> None:
    await posted(store)
    await commit(store, Edit(room="lobby", seq=1, text=f"only {B}."))
    _, erased, _, left = await log_of(store, "lobby")
    assert erased == Previewed(**PLACE, seq=2, erased=True)
    by_ada = {**PLACE, "by": "ada", "id": ADA.person.id}
    assert left == Previewed(**by_ada, seq=4, message=1, previews=[OF_B])
    assert await shown(store) == [OF_B]
    await commit(store, Edit(room="lobby", seq=1, text=f"still {B}"))
    assert (await store.head("lobby")).seq == 5, "and nothing is said if they are all there"
    await commit(store, Edit(room="lobby", seq=1, text=f"in code: `{B}`"))
    assert await shown(store) is None
    [row] = await store.rows(PREVIEWS)
    assert (row.previews, row.without) == ([], [])


async def test_what_was_fetched_for_a_former_text_is_not_shown(store: Store) -> None:
    await commit(store, Post(room="lobby", text=A))
    await commit(store, Edit(room="lobby", seq=1, text=B))
    assert await answer(store, OPERATOR, show(OF_A)) == Accepted(None, AT)
    assert await shown(store) is None
    assert await answer(store, OPERATOR, show(OF_B, edit=2)) == Accepted(3, AT)


async def test_authors_and_moderators_remove_previews_and_they_stay_away(store: Store) -> None:
    await posted(store)
    remove = RemovePreview(room="lobby", seq=1, url=A)
    refused = await answer(store, guest("grace"), remove)
    assert isinstance(refused, Refusal)
    assert refused.detail.startswith("Only the author or a moderator may remove this preview")
    assert await answer(store, ADA, remove) == Accepted(3, AT)
    assert (await log_of(store, "lobby"))[1] == Previewed(**PLACE, seq=2, erased=True)
    assert await answer(store, ADA, remove) == Accepted(None, AT)
    assert await answer(store, OPERATOR, show(OF_A, OF_B)) == Accepted(None, AT)
    assert await shown(store) == [OF_B]
    moderator = replace(holder("mary"), scopes=frozenset((Scope.MODERATE,)))
    of_other = RemovePreview(room="lobby", seq=1, url=B)
    assert await answer(store, moderator, of_other) == Accepted(4, AT)
    assert await shown(store) is None
    await commit(store, Edit(room="lobby", seq=1, text=f"{A} again, and {B}"))
    assert await answer(store, OPERATOR, show(OF_A, OF_B, edit=5)) == Accepted(None, AT)
    assert await shown(store) is None
    others = " ".join(f"https://{n}.example/" for n in range(3))
    for text in (f"{others} {A}", f"`{A}`"):
        await commit(store, Edit(room="lobby", seq=1, text=text))
    head = (await store.head("lobby")).seq
    await commit(store, Edit(room="lobby", seq=1, text=f"{A} first"))
    assert await answer(store, OPERATOR, show(OF_A, edit=head + 1)) == Accepted(None, AT)
    assert await shown(store) is None, "as long as it was anywhere in the text"


async def test_what_is_deleted_shows_nothing_any_more(store: Store) -> None:
    await posted(store)
    await commit(store, Delete(room="lobby", seq=1))
    assert (await log_of(store, "lobby"))[1] == Previewed(**PLACE, seq=2, erased=True)
    assert not await store.rows(PREVIEWS)
    assert await answer(store, OPERATOR, show(OF_A)) == Accepted(None, AT), "nor afterwards"
    assert isinstance(await answer(store, ADA, RemovePreview(room="lobby", seq=1, url=A)), Refusal)


async def test_only_the_server_shows_previews(store: Store) -> None:
    await commit(store, Post(room="lobby", text=A))
    for who in (ADA, stranger("grace")):
        refused = await answer(store, who, show(OF_A))
        assert isinstance(refused, Refusal) and refused.code == "forbidden"
