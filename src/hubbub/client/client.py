"""The client: one identity, and all that it can do. See `connection` for how it stays connected."""

import secrets
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, Unpack
from urllib.parse import quote

from hubbub.client.account.keeping import Keeper
from hubbub.client.account.me import Me
from hubbub.client.account.sight import Sight
from hubbub.client.connection import Connection, Hearers
from hubbub.client.files import FilePlace, OnProgress, UploadedFile, keys_of
from hubbub.client.rooms import verbs
from hubbub.client.rooms.managing import SettingsGiven, create
from hubbub.client.rooms.newest import Newest
from hubbub.client.rooms.room import Room
from hubbub.client.rooms.rooms import Rooms
from hubbub.client.rooms.verbs import Acknowledgement
from hubbub.client.wire.address import DEFAULT_URL, page_url, websocket_url
from hubbub.client.wire.exchange import Exchange
from hubbub.client.wire.link import Outside
from hubbub.client.wire.outbox import new_key
from hubbub.client.wire.reconnect import Welcome
from hubbub.client.wire.states import Status
from hubbub.domain.aspects import RULES
from hubbub.domain.rules import Rules
from hubbub.protocol.commands.search import Order, Search, SearchPage
from hubbub.protocol.messages import Follow, Hello, Join, Page

MAX_QUEUED = 1000


class Client:
    """A client of a server. Make one with `connect`.

    Attributes:
        url: the address that was given to `connect`.
    """

    def __init__(  # noqa: PLR0913 - all options
        self,
        url: str = DEFAULT_URL,
        *,
        name: str | None = None,
        token: str | None = None,
        key: str | None = None,
        open_timeout: float | None = 10.0,
        patience: float = 30.0,
        max_queued: int = MAX_QUEUED,
        outside: Outside | None = None,
        rules: Rules = RULES,
    ) -> None:
        """The options of `connect`. `rules` are the kinds of events that it knows, and how they change a room."""
        outside = outside or Outside()
        hello = Hello(name=name, key=key or secrets.token_urlsafe(24), token=token)
        self.url = url
        self._token = token
        self._draw = outside.draw
        self._exchange = Exchange(outside, patience)
        self._rules = rules
        self._rooms = Rooms(outside, self._exchange, max_queued, rules)
        self._keeper = Keeper(self._exchange, self._rooms, outside, max_queued)
        self._rooms.tell(self._keeper)
        self._sight = Sight(self._exchange, outside, self._keeper.tell)
        hearers = Hearers(self._exchange, self._rooms, self._keeper, self._sight)
        self._connection = Connection(
            websocket_url(url), hello, outside, hearers, rules.events, open_timeout
        )

    @property
    def status(self) -> Status:
        """The state of the connection, and its cause."""
        return self._connection.status

    @property
    def welcome(self) -> Welcome | None:
        """The last greeting of the server. None before the first connection."""
        return self._connection.welcome

    @property
    def user(self) -> str:
        """The client's name on the server. Empty before the first connection."""
        return self.welcome.user if self.welcome else ""

    @property
    def me(self) -> Me:
        """Your account's rooms, the people, and what you keep for yourself. Only for accounts: to others, it raises `Refused` when it is opened."""
        return Me(self._keeper, self._exchange, self._sight, self.url, self._token)

    def statuses(self) -> Newest[Status]:
        """The current status and each later one, for `async for`. A slow reader gets the newest 16."""
        return self._connection.statuses()

    async def open(self) -> Self:
        """Connect. `async with` calls this for you.

        Raises:
            Unreachable: there was no connection within `open_timeout`.
            Refused: the server refused the name or token.
            Closed: the server refused the connection for good, or is not a hubbub server.
            RuntimeError: the client was opened before.
        """
        await self._connection.open(self.url)
        return self

    async def close(self) -> None:
        """Close the connection (close code 1000) and the client. Safe to call again."""
        await self._connection.close()

    async def follow(
        self,
        room: str,
        *,
        since: int | None = None,
        epoch: str | None = None,
        max_missed: int | None = None,
    ) -> Room:
        """Follow a room, from its current state or from a position.

            room = await me.follow("lobby")                             # from its current state
            room = await me.follow("lobby", since=seq, epoch=epoch)     # after the event `seq`

        Args:
            room: 1 to 64 letters, digits or `_ - . : @ + ~`.
            since: start after the event with this seq; 0 starts at the beginning of the log.
            epoch: the epoch of the log that `since` refers to. If the server has another log, there is a `Reset`.
            max_missed: if more events than this were missed, get a snapshot (and a `Reset`) instead of them.

        Raises:
            ValueError: this client already follows the room.
            Refused: the server refused, for example with `forbidden` or `bad_position`.
            Unknown, Closed: the client was closed.
        """
        reading = await self._rooms.follow(room, since, epoch, max_missed, Follow)
        return Room(reading.room, reading, self._exchange, self._rooms.unfollow, self.follow)

    async def join(
        self,
        room: str,
        *,
        since: int | None = None,
        epoch: str | None = None,
        max_missed: int | None = None,
    ) -> Room:
        """Join a room, and follow it as `follow` does. A free room has no members, so there both are the same."""
        reading = await self._rooms.follow(room, since, epoch, max_missed, Join)
        return Room(reading.room, reading, self._exchange, self._rooms.unfollow, self.follow)

    async def post(
        self,
        room: str,
        message: str | bytes,
        *,
        reply_to: int | None = None,
        client_message_id: str | None = None,
        title: str | None = None,
        files: Iterable[UploadedFile | str] | None = None,
        alts: dict[str, str] | None = None,
    ) -> Acknowledgement:
        """Like `Room.post`, in a room that need not be joined."""
        return await verbs.post(
            *(self._exchange, room, message),
            reply_to=reply_to,
            client_message_id=client_message_id,
            title=title,
            files=keys_of(files),
            alts=alts,
        )

    async def upload(
        self,
        source: Path | bytes,
        *,
        name: str | None = None,
        on_progress: OnProgress | None = None,
    ) -> UploadedFile:
        """Upload a file, which a post of yours can then show, within 24 hours. Only for accounts.

            file = await me.upload(Path("plan.png"))
            await me.post("#kitchen", "Here is the plan", files=[file])

        It is read and sent piece by piece. After a lost connection, the upload resumes. It needs no open client.

        Args:
            source: where it is, or its content.
            name: what it is called; that of the path if not given.
            on_progress: called with the bytes sent so far and the total; after a lost connection, the first number may go down.

        Raises:
            Refused: the server refused it: `too_large`, `unauthenticated` …
            Unreachable: there was no answer to several attempts in a row.
            OSError: the file can't be read.
        """
        from hubbub.client import transfers  # slow to import

        return await transfers.upload(self._place(), source, name, on_progress)

    async def set_avatar(self, whose: str, picture: UploadedFile | str | None) -> None:
        """Set or remove the picture of a room, your account or one of your bots (as an admin, of any account). It needs no open client.

            picture = await me.upload(Path("me.jpg"))
            await me.set_avatar(account, picture)

        Args:
            whose: the key of a room (`@r…`), or of an account (`@p…`), which needs a session.
            picture: an uploaded file that was not posted, of which the server makes a small square. None removes the picture.

        Raises:
            Refused: the server refused it: `bad_request` (no picture), `forbidden`, `unsupported` (it lacks Pillow) …
            Unreachable: there was no answer to several attempts in a row.
        """
        from hubbub.client import transfers

        [file] = keys_of([picture] if picture else None) or [""]
        await transfers.set_avatar(self._place(), whose, file)

    async def download(self, file: str, target: Path) -> None:
        """Write a file that a message shows to a new file, by its key. What is there already stays.

        After a lost connection, it goes on where it was. The target is there only once all of it is.

        Raises:
            Refused: there is no such file, or you may not read its message (`not_found`).
            Unreachable: there was no answer to several attempts in a row, or the content is not what was uploaded.
            OSError: the target is there already, or can't be written.
        """
        from hubbub.client import transfers  # slow to import

        await transfers.download(self._place(), file, target)

    def _place(self) -> FilePlace:
        return FilePlace(self.url, self._token, self._draw)

    async def history(
        self, room: str, *, before: int | None = None, after: int | None = None, limit: int = 50
    ) -> Page:
        """Like `Room.history`, of a room that need not be joined."""
        return await verbs.history(self._exchange, room, before, after, limit)

    async def search(
        self, query: str, *, before: str | None = None, limit: int = 20, order: Order = "newest"
    ) -> SearchPage:
        """Find messages in the rooms that you may read, the newest first. Without an account, name a room in the query.

            page = await me.search('deploy* "on friday" from:ada in:#plans has:link')

        Args:
            query: words that a message must all have; "phrases"; the beginnings of words*; and filters: `from:`, `in:`,
                `before:` and `after:` a day, `has:link`, `has:file`, `has:image`, `is:pinned`, `is:thread`.
            before: the `then` of a page: only what comes after it.
            limit: the maximum number of messages, 1 to 50.
            order: `"relevance"` gives the best of the newest 200 that match, without further pages.

        Returns:
            A `SearchPage`: `hits`, each with `room`, `message` and `highlights` (where the words are in the text: start
            and length in code points); `more`; and `indexed_to`, the time up to which everything is found.

        Raises:
            Refused: the query can't be understood (`bad_request`), or took too long (`timed_out`).
        """
        asked = Search(query=query, before=before, limit=limit, order=order)
        page: SearchPage = await self._exchange.ask(asked, SearchPage)
        return page

    async def create_room(
        self,
        kind: Literal["open", "closed"],
        title: str,
        *,
        people: Iterable[str] | None = None,
        client_message_id: str | None = None,
        **settings: Unpack[SettingsGiven],
    ) -> str:
        """Make a room, of which you are the host. Only for accounts. A lost answer makes no second one.

            key = await me.create_room("closed", "Kitchen", people=[grace], alias="kitchen")
            room = await me.follow(key)

        Args:
            kind: who may come in: every account but guests, or members alone.
            title: 1 to 80 characters.
            people: the keys of up to 50 accounts that become members as well.
            client_message_id: 1 to 64 characters; random if not given.
            settings: as for `Room.change`.

        Returns:
            The key of the room, `@r…`.

        Raises:
            Refused: the server refused to make it.
            Unknown, Closed: the client was closed.
        """
        return await create(
            self._exchange, kind, title, people or (), client_message_id, **settings
        )

    async def direct(self, people: Iterable[str]) -> str:
        """Return the key of the direct of you and 1 to 8 others, who are named by the keys of their accounts.

        It is made if there is none yet. Raises the same errors as `create_room`.
        """
        return await create(self._exchange, "direct", None, people)

    async def remove_person(self, account: str, *, messages: bool = False) -> None:
        """Remove somebody's account for good; with `messages`, also all that it wrote. For owners and admins.

        Names and credentials are gone at once, and the rest within seconds. If the answer is lost, ask again:
        an account that is gone is `not_found`.

        Args:
            account: the key of the account, `@p…`.
            messages: whether its messages and reactions are erased, in all rooms.

        Raises:
            Refused: the server refused: `forbidden`, `not_found` …
            Unreachable: there was no answer.
        """
        from hubbub.client.wire import http  # slow to import

        path = f"people/{quote(account, safe='@')}/remove"
        await http.post(self.url, path, {"messages": messages}, **http.bearer(self._token))

    def link(self, room: str, seq: int | None = None) -> str:
        """Return the address at which the page shows a room, or one of its messages: a link for people."""
        path = f"/r/{quote(room, safe='@')}"
        return page_url(self.url, path if seq is None else f"{path}/{seq}")

    async def send(self, do: str, /, **fields: Any) -> Any:
        """Send a command by its name and fields, and return the `ok` of its reply.

            await me.send("react", room="lobby", seq=42, emoji="👍")

        For commands that have no method here, such as those of a newer server. If the answer is lost, the command
        is repeated if this client knows it as a change, or if you give a `client_message_id`.

        Raises:
            Refused: the server refused the command, or does not know it.
            Unknown: the answer was lost, and the client can't know whether repeating the command would be safe.
            Closed: the client is closed.
        """
        if any(kind.__struct_config__.tag == do for kind in self._rules.by_command):
            fields.setdefault("client_message_id", new_key())
        return await self._exchange.ask({**fields, "do": do})

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


def connect(
    url: str = DEFAULT_URL,
    *,
    name: str | None = None,
    token: str | None = None,
    key: str | None = None,
    open_timeout: float | None = 10.0,
    patience: float = 30.0,
    max_queued: int = MAX_QUEUED,
) -> Client:
    """Return a client that connects to a server and stays connected. Use it with `async with`, or call `open()`.

        import asyncio
        import hubbub

        async def main() -> None:
            async with hubbub.connect("http://localhost:8181", name="ada") as me:
                room = await me.join("lobby")
                await room.post("hello, everyone")
                async for event in room:
                    print(event)

        asyncio.run(main())

    Args:
        url: the address of the server: `http(s)://…`, `ws(s)://…` or `host:port`.
        name: the name to use. Without one, the server picks one.
        token: a token from `hubbub token create`, or a JWT that the server accepts. The name then comes from the token.
        key: a secret that makes the name yours while you are connected, 16 to 128 characters; random if not given.
        open_timeout: seconds to wait for the first connection. None waits for ever, as each reconnect does.
        patience: seconds to retry a command that is refused temporarily (`rate_limited`, `busy`, `unavailable`).
        max_queued: how many untaken events of each room to keep in memory. The rest is read from the log once you go on.

    Raises:
        ValueError: `url` is not a valid address.
    """
    return Client(
        url,
        name=name,
        token=token,
        key=key,
        open_timeout=open_timeout,
        patience=patience,
        max_queued=max_queued,
    )
