from collections.abc import Callable

from hubbub.protocol.messages import Members
from hubbub.terminal.presence import PresenceRemarks


class Timer:
    def __init__(self, act: Callable[[], None]) -> None:
        self.act = act

    def cancel(self) -> None:
        self.act = lambda: None


class Scene:
    def __init__(self, *names: str) -> None:
        self.said: list[str] = []
        self.timers: list[Timer] = []
        self.remarks = PresenceRemarks(members(*names), self.said.append, self.later)

    def later(self, _: float, act: Callable[[], None]) -> Timer:
        self.timers.append(Timer(act))
        return self.timers[-1]

    def pass_time(self) -> None:
        for timer in self.timers:
            timer.act()
        self.timers.clear()


def members(*names: str) -> Members:
    return Members(len(names), list(names))


def test_who_comes_is_told_at_once() -> None:
    scene = Scene("ada")
    scene.remarks.update(members("ada", "grace"))
    assert scene.said == ["grace is here"]


def test_who_leaves_is_told_once_it_has_lasted() -> None:
    scene = Scene("ada", "grace")
    scene.remarks.update(members("ada"))
    assert scene.said == []
    scene.pass_time()
    assert scene.said == ["grace has left"]


def test_who_is_back_at_once_is_not_told_of() -> None:
    scene = Scene("ada", "grace")
    scene.remarks.update(members("ada"))
    scene.remarks.update(members("ada", "grace"))
    scene.pass_time()
    assert scene.said == []


def test_in_a_large_room_nobody_is_told_of() -> None:
    scene = Scene("ada", "grace")
    scene.remarks.update(Members(101, []))
    scene.pass_time()
    assert scene.said == []


def test_two_of_one_name_come_and_leave_each_for_themselves() -> None:
    scene = Scene()
    one, two = "aaaaaaaaaaa=", "bbbbbbbbbbb="
    scene.remarks.update(Members(2, ["ada", "ada"], [one, two]))
    scene.remarks.update(Members(1, ["ada"], [two]))
    scene.pass_time()
    assert scene.said == ["ada is here", "ada is here", "ada has left"]
