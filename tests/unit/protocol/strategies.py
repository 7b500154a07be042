"""Hypothesis strategies: every command, and any JSON that hubbub takes."""

from typing import Any

from hypothesis import strategies as st

from hubbub.events import Reference
from hubbub.protocol.commands.conversation import (
    GetEdits,
    GetMessage,
    GetSource,
    KeepDraft,
    ListDrafts,
    ListPins,
    ListSaved,
    Pin,
    Save,
    Unpin,
    Unsave,
)
from hubbub.protocol.commands.emoji import ListEmoji
from hubbub.protocol.commands.missed import ListMissed
from hubbub.protocol.commands.preferences import BlockPerson, Prefer, UnblockPerson
from hubbub.protocol.commands.reading import MarkRead, MarkUnread, SetRoom
from hubbub.protocol.commands.rooms import (
    Appoint,
    Archive,
    Ban,
    ChangeRoom,
    Create,
    InvitePeople,
    Mute,
    Remove,
    Restore,
    SetAvatar,
    Unban,
    Unmute,
)
from hubbub.protocol.commands.search import Search
from hubbub.protocol.commands.subscriptions import Subscribe, Unsubscribe
from hubbub.protocol.commands.threads import (
    EndThread,
    FollowThread,
    ListMyThreads,
    ListThreads,
    ReopenThread,
    UnfollowThread,
)
from hubbub.protocol.commands.watching import Away, Back, WatchPeople
from hubbub.protocol.messages import (
    AnyCommand,
    Delete,
    Edit,
    Follow,
    FollowAll,
    Hello,
    History,
    Join,
    Leave,
    Patch,
    Post,
    React,
    RemovePreview,
    Signal,
    Start,
    Unfollow,
    Unreact,
)


def text(min_size: int = 0, max_size: int = 40) -> st.SearchStrategy[str]:
    """What a string on the wire may hold: any character but NUL and lone surrogates."""
    characters = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
    return st.text(characters, min_size=min_size, max_size=max_size)


ids = st.none() | st.integers(-(2**63), 2**64 - 1) | text(max_size=64)
seqs = st.integers(-(2**63), 2**63 - 1)
rooms = text(1, 64).filter(lambda name: name != "__proto__")  # which is no key of an object
alts = st.none() | st.dictionaries(rooms, text(), max_size=3)
references = st.builds(Reference, room=text(1, 64), message=seqs)
numbers = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | numbers | text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(text().filter(lambda key: key != "__proto__"), inner, max_size=4)
    ),
    max_leaves=12,
)
keys = st.none() | text(1, 64)

follows = {
    "id": ids,
    "room": rooms,
    "since": st.none() | seqs,
    "epoch": st.none() | text(),
    "max_missed": st.none() | st.integers(-(2**63), 2**63),
}
settings = {
    "id": ids,
    "room": rooms,
    "title": st.none() | text(max_size=80),
    "alias": st.none() | text(max_size=32),
    "public": st.sampled_from([None, "none", "read", "post"]),
    "slow": st.none() | st.integers(0, 86_400),
    "receipts": st.none() | st.booleans(),
}
commands: dict[type[AnyCommand], st.SearchStrategy[AnyCommand]] = {
    Hello: st.builds(Hello, id=ids, name=st.none() | text(1, 32), key=st.none() | text(16, 128)),
    Start: st.builds(Start, id=ids, directory=st.none() | seqs, epoch=st.none() | text()),
    Follow: st.builds(Follow, **follows),
    FollowAll: st.builds(
        FollowAll,
        id=ids,
        rooms=st.dictionaries(rooms, seqs, max_size=3),
        heads=st.dictionaries(rooms, seqs, max_size=3),
        epoch=st.none() | text(),
    ),
    Unfollow: st.builds(Unfollow, id=ids, room=rooms),
    Join: st.builds(Join, **follows),
    Leave: st.builds(Leave, id=ids, room=rooms),
    WatchPeople: st.builds(WatchPeople, id=ids, people=st.lists(text(1, 64), max_size=3)),
    Away: st.builds(Away, id=ids),
    Back: st.builds(Back, id=ids),
    Post: st.builds(
        Post,
        id=ids,
        room=rooms,
        text=st.none() | text(),
        bytes=st.none() | st.binary(max_size=40),
        client_message_id=keys,
        reply_to=st.none() | seqs,
        of=st.none() | references,
        read=st.none() | seqs,
        mentions=st.none() | st.dictionaries(rooms, text(1), max_size=3),
        calls=st.none() | st.lists(text(1), max_size=3),
        also_in_room=st.booleans(),
        title=st.none() | text(1, 80),
        alts=alts,
    ),
    Edit: st.builds(Edit, id=ids, room=rooms, seq=seqs, text=text(), alts=alts),
    MarkRead: st.builds(MarkRead, id=ids, room=rooms, upto=seqs),
    MarkUnread: st.builds(MarkUnread, id=ids, room=rooms),
    SetRoom: st.builds(
        SetRoom,
        id=ids,
        room=rooms,
        level=st.sampled_from([None, "", "all", "mentions", "none"]),
        muted_until=st.none() | st.floats(0, 2**31),
        starred=st.none() | st.booleans(),
    ),
    Delete: st.builds(Delete, id=ids, room=rooms, seq=seqs),
    React: st.builds(React, id=ids, room=rooms, seq=seqs, emoji=text()),
    Unreact: st.builds(Unreact, id=ids, room=rooms, seq=seqs, emoji=text()),
    Patch: st.builds(Patch, id=ids, room=rooms, patch=json_values, if_seq=st.none() | seqs),
    Signal: st.builds(
        Signal,
        id=ids,
        room=rooms,
        signal=text(),
        key=keys,
        value=json_values,
        ttl=st.floats(0, 3600, exclude_min=True),
    ),
    Create: st.builds(
        Create,
        **settings,
        kind=st.sampled_from(["open", "closed", "direct"]),
        who=st.lists(text(1), max_size=50).map(tuple),
        key=keys,
    ),
    ChangeRoom: st.builds(ChangeRoom, **settings, kind=st.sampled_from([None, "open", "closed"])),
    SetAvatar: st.builds(SetAvatar, id=ids, room=rooms, file=text(0, 26)),
    **{kind: st.builds(kind, id=ids, room=rooms) for kind in (Archive, Restore)},
    InvitePeople: st.builds(
        InvitePeople,
        id=ids,
        room=rooms,
        who=st.lists(text(1), min_size=1, max_size=50).map(tuple),
    ),
    **{kind: st.builds(kind, id=ids, room=rooms, who=text(1)) for kind in (Remove, Unban, Unmute)},
    **{
        kind: st.builds(kind, id=ids, room=rooms, who=text(1), seconds=st.none() | st.just(0.5))
        for kind in (Ban, Mute)
    },
    Appoint: st.builds(
        Appoint, id=ids, room=rooms, who=text(1), role=st.sampled_from(["host", "member"])
    ),
    **{kind: st.builds(kind, id=ids, room=rooms, seq=seqs) for kind in (Pin, Unpin)},
    RemovePreview: st.builds(RemovePreview, id=ids, room=rooms, seq=seqs, url=text(1)),
    Save: st.builds(Save, id=ids, room=rooms, of=references, note=text()),
    Unsave: st.builds(Unsave, id=ids, room=rooms, of=references),
    KeepDraft: st.builds(
        KeepDraft, id=ids, room=rooms, where=rooms, text=text(), reply_to=st.none() | seqs
    ),
    Prefer: st.builds(Prefer, id=ids, room=rooms, name=text(1), value=st.none() | text()),
    **{
        kind: st.builds(kind, id=ids, room=rooms, who=text(1))
        for kind in (BlockPerson, UnblockPerson)
    },
    Subscribe: st.builds(
        Subscribe,
        id=ids,
        room=rooms,
        endpoint=text(1),
        p256dh=text(87, max_size=88),
        auth=text(22, max_size=24),
        shows_text=st.booleans(),
    ),
    Unsubscribe: st.builds(Unsubscribe, id=ids, room=rooms),
    ListEmoji: st.builds(ListEmoji, id=ids, version=st.none() | text()),
    ListDrafts: st.builds(ListDrafts, id=ids, after=text(max_size=64), limit=st.integers(1, 50)),
    GetMessage: st.builds(GetMessage, id=ids, room=rooms, seq=seqs, around=st.integers(0, 50)),
    GetSource: st.builds(GetSource, id=ids, room=rooms, seq=seqs),
    GetEdits: st.builds(
        GetEdits, id=ids, room=rooms, seq=seqs, after=seqs, limit=st.integers(1, 50)
    ),
    Search: st.builds(
        Search,
        id=ids,
        query=text(1, max_size=500),
        before=st.none() | text(max_size=20),
        limit=st.integers(1, 50),
        order=st.sampled_from(("newest", "relevance")),
    ),
    ListSaved: st.builds(ListSaved, id=ids, before=st.none() | seqs, limit=st.integers(1, 50)),
    **{
        kind: st.builds(kind, id=ids, room=rooms, client_message_id=keys)
        for kind in (FollowThread, UnfollowThread, EndThread, ReopenThread)
    },
    ListThreads: st.builds(
        ListThreads, id=ids, room=rooms, before=st.none() | keys, limit=st.integers(1, 50)
    ),
    ListMyThreads: st.builds(
        ListMyThreads,
        id=ids,
        before=st.none() | keys,
        limit=st.integers(1, 50),
        unread=st.booleans(),
    ),
    ListMissed: st.builds(ListMissed, id=ids, after=text(max_size=64), limit=st.integers(1, 20)),
    ListPins: st.builds(
        ListPins, id=ids, room=rooms, before=st.none() | seqs, limit=st.integers(1, 50)
    ),
    History: st.builds(
        History,
        id=ids,
        room=rooms,
        before=st.none() | seqs,
        after=st.none() | seqs,
        limit=st.integers(1, 200),
    ),
}
