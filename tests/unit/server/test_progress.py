import logging
from collections.abc import Callable

import pytest

from hubbub.server.process.progress import Shown


@pytest.fixture
def is_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    def decide(answer: bool) -> None:
        monkeypatch.setattr("sys.stderr.isatty", lambda: answer)

    return decide


def test_on_a_terminal_one_line_says_how_far_it_is_and_about_how_long_it_takes(
    is_terminal: Callable[[bool], None], capsys: pytest.CaptureFixture[str]
) -> None:
    is_terminal(True)
    times = iter([0.0, 2.0, 8.0, 8.5])
    shown = Shown(lambda: next(times))
    for done in (0, 1000, 4000, 4000):
        shown("rows copied", done, 4000)
    lines = [line.strip() for line in capsys.readouterr().err.replace("\x1b[K", "").split("\r")]
    assert lines == [
        "",
        "0 of 4,000 rows copied",
        "1,000 of 4,000 rows copied, about 6 s left",
        "4,000 of 4,000 rows copied",
        "4,000 of 4,000 rows copied",
    ]


def test_elsewhere_a_line_in_the_log_says_so_at_the_beginning_now_and_then_and_at_the_end(
    is_terminal: Callable[[bool], None], caplog: pytest.LogCaptureFixture
) -> None:
    is_terminal(False)
    caplog.set_level(logging.INFO)
    times = iter([100.0, 101.0, 111.0, 112.0, 113.0])
    shown = Shown(lambda: next(times))
    for done in (0, 1, 11, 12, 40):
        shown("rows copied", done, 40)
    assert caplog.messages == [
        "0 of 40 rows copied",
        "11 of 40 rows copied, about 29 s left",
        "40 of 40 rows copied",
    ]


def test_what_is_done_in_a_moment_is_not_logged_unless_its_beginning_was(
    is_terminal: Callable[[bool], None], caplog: pytest.LogCaptureFixture
) -> None:
    is_terminal(False)
    caplog.set_level(logging.INFO)
    times = iter([100.0, 101.0])
    shown = Shown(lambda: next(times))
    shown("pages copied", 10, 20)
    shown("pages copied", 20, 20)
    assert caplog.messages == []
