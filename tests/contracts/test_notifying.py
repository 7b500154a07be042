"""Who is notified by Web Push of a message, of what, and where; whoever keeps it."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

import msgspec
import pytest

from hubbub.domain.aspects.people.accounts import SuspendPerson
from hubbub.domain.aspects.people.removal import RemovePerson
from hubbub.domain.aspects.people.sessions import CloseSession, CloseSessions, OpenSession
from hubbub.domain.aspects.people.subscriptions import MAX_SUBSCRIPTIONS
from hubbub.domain.facts import EVERYONE, Answer, Proposal
from hubbub.domain.principals import Principal
from hubbub.domain.screening import screen_change
from hubbub.domain.tables.subscriptions import SUBSCRIPTIONS, Subscription
from hubbub.events.people import Subscribed, Unsubscribed
from hubbub.protocol.commands.preferences import BlockPerson, Prefer
from hubbub.protocol.commands.reading import MarkRead, SetRoom
from hubbub.protocol.commands.subscriptions import Subscribe, Unsubscribe
from hubbub.protocol.keys import thread_key
from hubbub.protocol.messages import Change, Delete
from hubbub.server.engine.devices import GRACE as GRACE_SECONDS
from hubbub.server.reactors.base import go_round
from hubbub.server.reactors.keywords import Keywords
from hubbub.server.reactors.notifications import Notifications
from hubbub.server.stores.notifications import NOTIFICATIONS, OF_USE_FOR, VAPID_KEY
from hubbub.server.webpush import notifier
from hubbub.server.webpush.keys import Keys
from hubbub.server.webpush.notifier import MOST_REFUSALS, Notifier
from hubbub.server.webpush.service import LATER, Outcome, Push, PushReply, PushServices, meaning
from tests.contracts.test_reading import mentioning, post
from tests.support.devices import AUTH, P256DH
from tests.support.rooms import ADA, ADMIN, GRACE, MARGARET, ROOM_RULES, House

WAIT = 5.0


class Service:
    """A push service: what it was given, and what it answers."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, Any], Push]] = []
        self.answers: dict[str, PushReply] = {}  # by endpoint
        self.before: Callable[[], object] = lambda: None

    async def push(self, to: Subscription, push: Push) -> PushReply:
        self.before()
        self.got.append((to.endpoint, msgspec.json.decode(push.content), push))
        return self.answers.get(to.endpoint, PushReply(Outcome.SENT))


class Scene:
    """A house whose people have devices, and what notifies them, at a time that only tests move on."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.service = Service()
        self.now = datetime.fromisoformat(house.at).timestamp()
        self.active: set[str] = set()
        self.outcomes: list[str] = []
        self.notifier = self.another_node()

    def another_node(self) -> Notifier:
        return Notifier(
            self.house.store,
            cast("PushServices", self.service),
            self._is_active,
            self._submit,
            lambda: self.now,
            wait=WAIT,
            counted=self.outcomes.append,
        )

    async def _is_active(self, who: str) -> bool:
        return who in self.active

    async def _submit(self, principal: Principal, change: Change) -> Answer:
        commit = self.house.store.commit([Proposal(principal, change)], self.house.at)
        return (await commit).answers[0]

    async def device(
        self, who: Principal, name: str = "phone", *, shows_text: bool = False
    ) -> Principal:
        """Log in, and subscribe."""
        here = replace(who, session=(who.id, "session", name))
        opened: dict[str, Any] = {
            "session": name,
            "digest": "d",
            "scopes": ("read", "post"),
            "until": 2e9,
        }
        await self.house.do(who, OpenSession(room=who.id, **opened))
        await self.house.do(here, subscribing(who, name, shows_text=shows_text))
        return here

    async def look(self, seconds: float = WAIT) -> list[str]:
        """Let all of this happen; returns which endpoints were notified, and of which message."""
        await go_round(Keywords(self.house.store, self._submit), self.house.store)
        await go_round(Notifications(self.house.store, lambda: self.now), self.house.store)
        self.now += seconds
        return await self.send()

    async def send(self) -> list[str]:
        before = len(self.service.got)
        await self.notifier.send_due()
        return [
            f"{where.rpartition('/')[2]} {what['seq']}"
            for where, what, _ in self.service.got[before:]
        ]

    async def left(self) -> int:
        return len(await self.house.store.rows(NOTIFICATIONS))


async def code(scene: Scene, who: Principal, change: Change) -> str | None:
    """Do something as a client would; returns the code of the refusal."""
    if refusal := screen_change(ROOM_RULES, who, change, 65_536):
        return refusal.code
    (found,) = await scene.house.codes((who, change))
    return found


def subscribing(who: Principal, name: str = "phone", **fields: Any) -> Subscribe:
    endpoint = f"https://push.example/{name}"
    return Subscribe(
        **{"room": who.id, "endpoint": endpoint, "p256dh": P256DH, "auth": AUTH} | fields
    )


@pytest.fixture
def scene(house: House) -> Scene:
    return Scene(house)


# --- of what ---


async def test_in_a_direct_one_is_notified_of_each_message_and_elsewhere_of_mentions(
    scene: Scene,
) -> None:
    await scene.device(GRACE)
    direct = await scene.house.make(ADA, "direct", GRACE)
    room = await scene.house.make(ADA, "closed", GRACE)
    said = await post(scene.house, ADA, direct, "hello")
    await post(scene.house, ADA, room, "hello all")
    assert await scene.look() == [f"phone {said}"]
    assert scene.service.got[-1][1] == {"room": direct, "seq": said}
    named = await post(scene.house, ADA, room, "@grace", mentions=mentioning(GRACE))
    assert await scene.look() == [f"phone {named}"]
    every = await post(scene.house, ADA, room, "@room", calls=[EVERYONE])
    assert await scene.look() == [f"phone {every}"]
    assert scene.service.got[-1][1] == {"room": room, "seq": every, "mention": True}
    assert await scene.left() == 0 and scene.outcomes == ["sent"] * 3


async def test_of_a_keyword_as_of_any_mention(scene: Scene) -> None:
    await scene.device(GRACE)
    room = await scene.house.make(ADA, "closed", GRACE)
    await scene.house.do(GRACE, Prefer(room=GRACE.id, name="keywords", value=["deploy"]))
    said = await post(scene.house, ADA, room, "deploy!")
    assert await scene.look() == [f"phone {said}"]


async def test_of_a_thread_whoever_follows_it_is_notified_unless_it_chose_otherwise(
    scene: Scene,
) -> None:
    await scene.device(GRACE)
    room = await scene.house.make(ADA, "closed", GRACE)
    thread = thread_key(room, await post(scene.house, ADA, room, "what about it?"))
    await post(scene.house, GRACE, thread, "this")
    first = await post(scene.house, ADA, thread, "that")
    assert await scene.look() == [f"phone {first}"]
    assert scene.service.got[-1][1] == {"room": thread, "seq": first}
    choices: list[tuple[SetRoom, bool]] = [
        (SetRoom(room=room, level="none"), False),
        (SetRoom(room=room, level="mentions"), True),
        (SetRoom(room=room, muted_until=2e9), False),
        (SetRoom(room=room, muted_until=0), True),
        (SetRoom(room=thread, level="mentions"), False),
        (SetRoom(room=thread, level="all"), True),
    ]
    for choice, is_told in choices:
        await scene.house.do(GRACE, choice)
        said = await post(scene.house, ADA, thread, "and that")
        assert await scene.look() == [f"phone {said}"] * is_told, choice


QUIET: dict[str, Callable[[str, int], tuple[Principal, Change]]] = {
    "read": lambda room, seq: (GRACE, MarkRead(room=room, upto=seq)),
    "deleted": lambda room, seq: (ADA, Delete(room=room, seq=seq)),
    "none": lambda room, _: (GRACE, SetRoom(room=room, level="none")),
    "muted": lambda room, _: (GRACE, SetRoom(room=room, muted_until=2e9)),
    "blocked": lambda _, __: (GRACE, BlockPerson(room=GRACE.id, who=ADA.id)),
    "do not disturb": lambda _, __: (
        GRACE,
        Prefer(room=GRACE.id, name="quiet", value={"until": 2e9}),
    ),
}


@pytest.mark.parametrize("why", QUIET)
async def test_what_happens_while_one_waits_counts(scene: Scene, why: str) -> None:
    await scene.device(GRACE)
    room = await scene.house.make(ADA, "direct", GRACE)
    said = await post(scene.house, ADA, room, "hello")
    assert await scene.look(WAIT - 1) == [] and await scene.left() == 1
    await scene.house.do(*QUIET[why](room, said))
    scene.now += 1
    assert await scene.send() == [] and await scene.left() == 0


async def test_whoever_wrote_it_is_not_notified(scene: Scene) -> None:
    room = await scene.house.make(ADA, "direct", GRACE)
    await scene.device(ADA, "laptop")
    await post(scene.house, ADA, room, "hello")
    assert await scene.look(0) == [] and await scene.left() == 0


async def test_nobody_is_notified_of_what_was_there_before_it_has_a_device(scene: Scene) -> None:
    room = await scene.house.make(ADA, "direct", GRACE)
    await post(scene.house, ADA, room, "hello")
    scene.house.at = scene.house.at.replace("2026", "2027", 1)
    await scene.device(GRACE)
    assert await scene.look(0) == [] and await scene.left() == 0


async def test_several_messages_of_a_room_are_one_notification(scene: Scene) -> None:
    await scene.device(GRACE)
    rooms = [await scene.house.make(ADA, "direct", GRACE, *some) for some in ((), (MARGARET,))]
    newest = {room: await post(scene.house, ADA, room, "hello") for room in (*rooms, *rooms)}
    assert await scene.look(0) == []
    assert 2 <= await scene.left() < 4, "the newest of each room in a step"
    assert len(await scene.look()) == 2
    assert {what["room"]: what["seq"] for _, what, _ in scene.service.got} == newest
    topics = {push.topic for _, _, push in scene.service.got}
    assert len(topics) == 2 and all(len(each) == 32 and each.isalnum() for each in topics)
    await post(scene.house, ADA, rooms[0], "again")
    await scene.look()
    assert scene.service.got[-1][2].topic in topics


# --- where ---


async def test_all_devices_are_notified_and_only_those_told_of_the_text_that_want_it(
    scene: Scene,
) -> None:
    await scene.device(GRACE)
    await scene.device(GRACE, "tablet", shows_text=True)
    room = await scene.house.make(ADA, "direct", GRACE)
    said = await post(scene.house, ADA, room, "hello " * 200)
    assert sorted(await scene.look()) == [f"phone {said}", f"tablet {said}"]
    contents = {where[-6:]: what for where, what, _ in scene.service.got}
    assert contents["/phone"] == {"room": room, "seq": said}
    assert contents["tablet"]["by"] == ADA.id[2:] and len(contents["tablet"]["text"]) == 500


async def test_while_one_is_at_a_device_none_is_notified(scene: Scene) -> None:
    await scene.device(GRACE)
    room = await scene.house.make(ADA, "direct", GRACE)
    await post(scene.house, ADA, room, "hello")
    scene.active = {GRACE.id}
    assert await scene.look() == []
    assert await scene.left() == 1, "the device may just have gone"
    scene.active = set()
    assert len(await scene.send()) == 1
    await post(scene.house, ADA, room, "hello")
    scene.active = {GRACE.id}
    assert await scene.look(WAIT + GRACE_SECONDS + 1) == [] and await scene.left() == 0


async def test_a_device_is_notified_as_long_as_its_session_lasts(scene: Scene) -> None:
    devices = [await scene.device(GRACE, name) for name in ("phone", "tablet", "watch")]
    room = await scene.house.make(ADA, "direct", GRACE)
    await scene.house.do(GRACE, CloseSession(room=GRACE.id, session="phone"))
    said = await post(scene.house, ADA, room, "hello")
    assert sorted(await scene.look()) == [f"tablet {said}", f"watch {said}"]
    await scene.house.do(GRACE, CloseSessions(room=GRACE.id, keeps="watch"))
    said = await post(scene.house, ADA, room, "hello")
    assert await scene.look() == [f"watch {said}"]
    await scene.house.do(devices[2], Unsubscribe(room=GRACE.id))
    await post(scene.house, ADA, room, "hello")
    assert await scene.look() == [] and await scene.left() == 0
    told = [e for e in await scene.house.log(GRACE.id) if isinstance(e, Subscribed | Unsubscribed)]
    assert [(type(e), e.session) for e in told] == [
        *((Subscribed, name) for name in ("phone", "tablet", "watch")),
        (Unsubscribed, "watch"),
    ]
    page = await scene.house.store.read(GRACE.id, 0, 99)
    assert page.bodies and not any(b"push.example" in body for body in page.bodies)


@pytest.mark.parametrize("ends", [SuspendPerson, RemovePerson])
async def test_who_is_suspended_or_removed_has_no_device_any_more(
    scene: Scene, ends: Callable[..., Change]
) -> None:
    await scene.device(GRACE)
    fields: dict[str, Any] = {"handles": (GRACE.id[2:],)} if ends is RemovePerson else {}
    await scene.house.do(ADMIN, ends(account=GRACE.id, **fields))
    assert await scene.house.store.rows(SUBSCRIPTIONS) == []


# --- what push services answer ---


@pytest.mark.parametrize(
    "status, outcome",
    [
        (201, Outcome.SENT),
        (200, Outcome.SENT),
        (404, Outcome.GONE),
        (410, Outcome.GONE),
        (400, Outcome.REFUSED),
        (403, Outcome.REFUSED),
        (413, Outcome.REFUSED),
        (307, Outcome.REFUSED),
        (429, Outcome.LATER),
        (408, Outcome.LATER),
        (500, Outcome.LATER),
        (503, Outcome.LATER),
    ],
)
def test_what_a_status_means(status: int, outcome: Outcome) -> None:
    assert meaning(status).outcome is outcome


@pytest.mark.parametrize(
    "header, seconds",
    [
        ("", LATER),
        ("7", 7.0),
        ("0", 1.0),
        ("99999", 3600.0),
        ("Mon, 30 Nov 2026 00:00:00 GMT", LATER),
        ("-1", LATER),
        ("²", LATER),
        ("9" * 400, LATER),
    ],
)
def test_when_a_service_wants_to_be_asked_again(header: str, seconds: float) -> None:
    assert meaning(503, header).after == seconds


async def test_where_nobody_is_any_more_nobody_is_notified(scene: Scene) -> None:
    await scene.device(GRACE)
    await scene.device(GRACE, "tablet")
    room = await scene.house.make(ADA, "direct", GRACE)
    scene.service.answers["https://push.example/phone"] = PushReply(Outcome.GONE)
    await post(scene.house, ADA, room, "hello")
    assert len(await scene.look()) == 2
    assert [row.session for row in await scene.house.store.rows(SUBSCRIPTIONS)] == ["tablet"]


async def test_a_device_is_given_up_after_five_refusals_in_a_row(scene: Scene) -> None:
    await scene.device(GRACE)
    room = await scene.house.make(ADA, "direct", GRACE)

    async def refuse(times: int) -> None:
        scene.service.answers["https://push.example/phone"] = PushReply(Outcome.REFUSED)
        for _ in range(times):
            await post(scene.house, ADA, room, "hello")
            await scene.look()
        scene.service.answers.clear()

    await refuse(MOST_REFUSALS - 1)
    await post(scene.house, ADA, room, "hello")
    await scene.look()
    await refuse(MOST_REFUSALS - 1)
    assert len(await scene.house.store.rows(SUBSCRIPTIONS)) == 1
    await refuse(1)
    assert await scene.house.store.rows(SUBSCRIPTIONS) == [] and MOST_REFUSALS == 5


async def test_what_a_service_cant_take_now_is_tried_again_there_and_nowhere_else(
    scene: Scene,
) -> None:
    await scene.device(GRACE)
    await scene.device(GRACE, "tablet")
    room = await scene.house.make(ADA, "direct", GRACE)
    scene.service.answers["https://push.example/phone"] = PushReply(Outcome.LATER, 30.0)
    said = await post(scene.house, ADA, room, "hello")
    assert sorted(await scene.look()) == [f"phone {said}", f"tablet {said}"]
    scene.now += 29
    assert await scene.send() == []
    scene.now += 1
    assert await scene.send() == [f"phone {said}"] and await scene.left() == 1
    scene.service.answers.clear()
    scene.now += 30
    assert await scene.send() == [f"phone {said}"] and await scene.left() == 0


async def test_after_two_hours_nobody_needs_to_be_told(scene: Scene) -> None:
    await scene.device(GRACE)
    room = await scene.house.make(ADA, "direct", GRACE)
    scene.service.answers["https://push.example/phone"] = PushReply(Outcome.LATER, 30.0)
    await post(scene.house, ADA, room, "hello")
    await scene.look()
    assert scene.service.got[-1][2].seconds == OF_USE_FOR - WAIT == 7_195
    scene.now += OF_USE_FOR
    assert await scene.send() == [] and await scene.left() == 0


# --- crashes, and other nodes ---


async def test_what_was_sent_last_is_sent_again_after_a_crash_and_replaces_what_is_shown(
    scene: Scene,
) -> None:
    await scene.device(GRACE)
    room = await scene.house.make(ADA, "direct", GRACE)
    said = await post(scene.house, ADA, room, "hello")

    def crash() -> None:
        if scene.service.got:
            raise RuntimeError("killed")

    await scene.device(GRACE, "tablet")
    scene.service.before = crash
    with pytest.raises(RuntimeError, match="killed"):
        await scene.look()
    assert await scene.left() == 1
    scene.service.before = lambda: None
    scene.notifier = scene.another_node()
    while not (sent := await scene.send()):
        pass  # a database may not know yet that the session which had the turn has ended
    assert sorted(sent) == [f"phone {said}", f"tablet {said}"]
    assert await scene.left() == 0
    assert {what["room"] for _, what, _ in scene.service.got} == {room}


async def test_what_is_noted_twice_is_sent_once(scene: Scene) -> None:
    await scene.device(GRACE)
    room = await scene.house.make(ADA, "direct", GRACE)
    await post(scene.house, ADA, room, "hello")
    for _ in range(2):
        reactor = Notifications(scene.house.store, lambda: scene.now)
        reactor.name = f"notifications {id(reactor)}"  # which begins at the first event
        await go_round(reactor, scene.house.store)
    assert await scene.left() == 1
    scene.now += WAIT
    assert len(await scene.send()) == 1 and await scene.send() == []


async def test_a_turn_ends_in_time_whatever_services_do(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifier, "SECONDS_A_TURN", 15.0)
    await scene.device(GRACE)
    rooms = [await scene.house.make(ADA, "direct", GRACE, *some) for some in ((), (MARGARET,))]
    for room in rooms:
        await post(scene.house, ADA, room, "hello")

    def take_long() -> None:
        scene.now += 16

    scene.service.before = take_long
    assert len(await scene.look()) == 1 and await scene.left() == 1
    assert len(await scene.send()) == 1 and await scene.left() == 0


# --- subscribing ---


async def test_an_account_has_only_so_many_devices(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MAX_SUBSCRIPTIONS == 16
    monkeypatch.setattr("hubbub.domain.aspects.people.subscriptions.MAX_SUBSCRIPTIONS", 2)
    phone = await scene.device(GRACE)
    await scene.device(GRACE, "tablet")
    assert await code(scene, phone, subscribing(GRACE, "other")) is None
    with pytest.raises(AssertionError):
        await scene.device(GRACE, "watch")
    rows = await scene.house.store.rows(SUBSCRIPTIONS)
    assert [row.endpoint.rpartition("/")[2] for row in rows] == ["other", "tablet"]


async def test_only_a_session_or_a_token_of_ones_own_subscribes(scene: Scene) -> None:
    here = await scene.device(GRACE)
    assert await code(scene, GRACE, subscribing(GRACE)) == "forbidden"
    ended = replace(GRACE, session=(GRACE.id, "session", "ended"))
    assert await code(scene, ended, subscribing(GRACE)) == "forbidden"
    assert await code(scene, here, subscribing(ADA)) == "not_found"
    user = replace(GRACE, session=(GRACE.id, "jwt", "ended"))
    assert await code(scene, user, subscribing(GRACE)) == "forbidden"
    await scene.house.do(here, subscribing(GRACE, shows_text=True))
    (row,) = await scene.house.store.rows(SUBSCRIPTIONS)
    assert row.shows_text


BAD: list[dict[str, str]] = [
    *(
        {"endpoint": bad}
        for bad in (
            "http://push.example/1",
            "push.example",
            "https:///1",
            "https://u:p@push.example/1",
            "https://push.example/1#x",
            "https://push.example:0/",
            "https://push.example:99999/",
            "https://push.example/ü",
            "https://push.example/ x",
            "https://[::1/",
            "javascript:alert(1)",
        )
    ),
    *({"p256dh": bad} for bad in (P256DH[:-1] + "x", "A" * 87, "!" * 87, P256DH[:60])),
    *({"auth": bad} for bad in ("A" * 24, "!" * 22, "A" * 21)),
]


@pytest.mark.parametrize("bad", BAD, ids=str)
async def test_what_no_browser_gives_is_refused(scene: Scene, bad: dict[str, str]) -> None:
    here = await scene.device(GRACE)
    assert await code(scene, here, subscribing(GRACE, **bad)) == "bad_request"


async def test_the_key_of_the_server_is_kept_with_its_logs(scene: Scene) -> None:
    store = scene.house.store
    key = await Keys(store, time.time).public()
    assert await Keys(store, time.time).public() == key
    assert len(await store.rows(VAPID_KEY)) == 1
