from io import StringIO

from benchmarks.progress import Progress


def test_the_time_left_follows_the_pace_so_far() -> None:
    now, out = [0.0], StringIO()
    progress = Progress(3, 100.0, out, clock=lambda: now[0])
    progress.show("busy: ws")
    now[0] = 20.0
    progress.done(10.0)
    progress.show("busy: nats")
    assert out.getvalue().splitlines() == [
        "[1/3] busy: ws · 1:40 left",
        "[2/3] busy: nats · 3:00 left",
    ]
