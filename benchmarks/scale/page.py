"""Tables and plots of the paper on scale: what was measured, and what the simulation makes of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from benchmarks.machine import describe
from benchmarks.plots import INK, PAPER, REST, STYLE
from benchmarks.report import table, write_into
from benchmarks.scale.costs import SHARES, Measured, costs_of
from benchmarks.scale.simulation import Costs, Outcome, Simulation, World

DOCS = Path(__file__).parents[2] / "docs"
PAGE, IMAGES = DOCS / "explanation" / "scale.md", DOCS / "images"
MILLION = 1_000_000
EVENT_BYTES = 190  # of a text of 64 in a native frame
ROOM_RATES = (1, 10, 100)  # posts a second
NODE_COUNTS = (50, 100, 200)
ROOMS = 100_000
TALK = 1 / 1800  # posts a second of each who is connected
CORE_JOINS = 0.8  # of a core, for those who come back


@dataclass(frozen=True, slots=True)
class Rooms:
    """Rooms whose sizes follow Zipf's law, over so many nodes."""

    sizes: list[int]
    nodes: int

    def watchers(self, room: int, node: int) -> int:
        """Spread evenly; what doesn't divide goes to nodes by turns."""
        share, rest = divmod(self.sizes[room], self.nodes)
        return share + ((node + room) % self.nodes < rest)


def zipf(people: int, rooms: int) -> list[int]:
    """The sizes of rooms, the nth a share of 1/n; at least 2 in each."""
    total = sum(1 / n for n in range(1, rooms + 1))
    return [max(2, round(people / total / n)) for n in range(1, rooms + 1)]


def write(measured: Measured, say: Callable[[str], None]) -> None:
    """Put all of it into the paper."""
    costs = costs_of(measured)
    say("simulating a room of a million")
    million = {
        (nodes, rate): _million_in_one_room(costs, nodes, rate)
        for nodes in NODE_COUNTS
        for rate in ROOM_RATES
    }
    say("simulating a million in many rooms")
    many = {nodes: _million_in_many_rooms(costs, nodes) for nodes in NODE_COUNTS}
    texts = {
        "machine": _machine(),
        "costs": _costs(measured),
        "rates": _rates(measured),
        "compared": _compared(measured),
        "room": _room(million),
        "rooms": _rooms(many, measured),
        "return": _return(measured),
    }
    for key in write_into(PAGE, texts):
        say(f"{PAGE.name}: no part for {key}")
    _plot_compared(measured)
    _plot_room(million)


def _million_in_one_room(costs: Costs, nodes: int, rate: int) -> Outcome:
    world = World(nodes, rate, lambda _: 0, lambda _, __: MILLION // nodes)
    return Simulation(world, costs, seconds=max(3.0, 30 / rate), seed=1).run()


def _million_in_many_rooms(costs: Costs, nodes: int) -> Outcome:
    rooms = Rooms(zipf(MILLION, ROOMS), nodes)
    shares = list(accumulate(rooms.sizes))
    numbers = range(ROOMS)

    def room_of(dice: Random) -> int:
        return dice.choices(numbers, cum_weights=shares)[0]

    world = World(nodes, MILLION * TALK, room_of, rooms.watchers)
    return Simulation(world, costs, seconds=5.0, seed=1).run()


def _machine() -> str:
    facts = {**describe(), "measured": f"{datetime.now(UTC):%Y-%m-%d}"}
    wanted = ("processor", "cores", "kernel", "Python", "measured")
    return table(("", ""), [(name, facts[name]) for name in wanted if name in facts])


def _spread(figures: Sequence[float], unit: float, digits: int) -> str:
    low, middle, high = min(figures), median(figures), max(figures)
    return f"{middle / unit:,.{digits}f} ({low / unit:,.{digits}f}–{high / unit:,.{digits}f})"


def _costs(measured: Measured) -> str:
    micro, milli = 1e-6, 1e-3
    rows = [
        ("a connection", "memory of the node, KiB", _spread(measured.connection_kib, 1, 1)),
        (
            "a room that someone follows",
            "memory of the node, KiB",
            _spread(measured.room_kib, 1, 1),
        ),
        (
            "a client that comes, and joins",
            "the node's core, µs",
            _spread(measured.join_cpu, micro, 0),
        ),
        ("", "the database's, µs", _spread(measured.join_cpu_database, micro, 0)),
        ("a post alone", "from post to answer, ms", _spread(measured.commit, milli, 2)),
        ("", "the node's core, µs", _spread(measured.post_cpu, micro, 0)),
        ("", "the database's, µs", _spread(measured.post_cpu_database, micro, 0)),
        ("a post among many", "the node's core, µs", _spread(measured.bulk_post_cpu, micro, 1)),
        ("", "the database's, µs", _spread(measured.bulk_post_cpu_database, micro, 1)),
        ("a buffer to one watcher", "the node's core, µs", _spread(measured.write_cpu, micro, 2)),
        (
            "a further event in it",
            "the node's core, µs",
            _spread(measured.write_event_cpu, micro, 3),
        ),
        ("a hint", "the hearing node's core, µs", _spread(measured.hint_cpu, micro, 0)),
        ("", "the broker's, µs", _spread(measured.hint_cpu_broker, micro, 0)),
        ("from answer to watcher, over NATS", "ms", _spread(measured.hop, milli, 2)),
    ]
    return table(("what", "of what", "median (least–most)"), rows)


def _rates(measured: Measured) -> str:
    rows = [(n, _spread(rates, 1, 0)) for n, rates in sorted(measured.posts_per_s.items())]
    return table(("nodes", "posts a second, flushed"), rows)


def _compared(measured: Measured) -> str:
    head = ("nodes", "watchers on each", "posts a second")
    head += tuple(f"{name}, {how}" for name in SHARES for how in ("measured", "simulated"))
    rows = []
    for each in measured.compared:
        pairs = ((each.measured[name], each.simulated[name]) for name in SHARES)
        point = (f"{n:,}" for n in (each.nodes, each.watchers, each.rate))
        rows.append((*point, *(f"{seconds * 1000:.1f} ms" for pair in pairs for seconds in pair)))
    picture = "![Measured and simulated](../images/scale-compared.png)"
    return f"{picture}\n\n{table(head, rows)}"


def _room(million: dict[tuple[int, int], Outcome]) -> str:
    head = (
        "nodes",
        "posts a second",
        "p50, ms",
        "p99, ms",
        "busiest core",
        "out of each node, Mbit/s",
    )
    rows = [
        (
            str(nodes),
            str(rate),
            f"{outcome.percentile(0.5) * 1000:,.0f}",
            f"{outcome.percentile(0.99) * 1000:,.0f}",
            f"{min(outcome.load, 1):.0%}",
            f"{MILLION / nodes * rate * EVENT_BYTES * 8 / 1e6:,.0f}",
        )
        for (nodes, rate), outcome in million.items()
    ]
    picture = "![A room of a million](../images/scale-room.png)"
    return f"{picture}\n\n{table(head, rows)}"


def _rooms(many: dict[int, Outcome], measured: Measured) -> str:
    head = (
        "nodes",
        "p50, ms",
        "p99, ms",
        "busiest core",
        "hints a second",
        "deliveries a second",
        "memory of a node, GiB",
    )
    rows = []
    for nodes, outcome in many.items():
        rooms = sum(size >= 1 for size in zipf(MILLION, ROOMS))
        followed = min(rooms, sum(min(size, nodes) for size in zipf(MILLION, ROOMS)) / nodes)
        kib = MILLION / nodes * median(measured.connection_kib) + followed * median(
            measured.room_kib
        )
        rows.append(
            (
                str(nodes),
                f"{outcome.percentile(0.5) * 1000:,.1f}",
                f"{outcome.percentile(0.99) * 1000:,.0f}",
                f"{min(outcome.load, 1):.0%}",
                f"{outcome.hints / outcome.seconds:,.0f}",
                f"{outcome.deliveries / outcome.seconds:,.0f}",
                f"{kib / 2**20:.2f}",
            )
        )
    return table(head, rows)


def _return(measured: Measured) -> str:
    join, database = median(measured.join_cpu), median(measured.join_cpu_database)
    rows = []
    for nodes in NODE_COUNTS:
        lost = MILLION / nodes
        rows.append(
            (
                str(nodes),
                f"{lost:,.0f}",
                f"{lost / (nodes - 1) * join / CORE_JOINS:.2f}",
                f"{lost * database:,.1f}",
            )
        )
    head = (
        "nodes",
        "clients of the one that is lost",
        "seconds until all are back",
        "seconds of the database's cores",
    )
    return table(head, rows)


def _plot_compared(measured: Measured) -> None:
    pyplot, figure, axes = _card()
    ends = (1.0, 100.0)
    axes.plot(ends, ends, "--", color=REST, label="equal")
    for nodes, colour in ((1, "#1971c2"), (2, "#d9480f")):
        points = [each for each in measured.compared if each.nodes == nodes]
        for name, marker in (("p50", "o"), ("p99", "s")):
            simulated = [each.simulated[name] * 1000 for each in points]
            real = [each.measured[name] * 1000 for each in points]
            label = f"{name}, {nodes} node{'s' * (nodes > 1)}"
            axes.plot(simulated, real, marker, color=colour, label=label)
    axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
    axes.set(xlabel="latency simulated, ms", ylabel="latency measured, ms")
    axes.set_title("The simulation beside what was measured")
    axes.legend(frameon=False)
    _save(pyplot, figure, "scale-compared.png")


def _plot_room(million: dict[tuple[int, int], Outcome]) -> None:
    pyplot, figure, axes = _card()
    for rate, colour in zip(ROOM_RATES, ("#1971c2", "#f08c00", "#d9480f"), strict=True):
        for share, style in ((0.5, "o-"), (0.99, "s--")):
            values = [million[nodes, rate].percentile(share) * 1000 for nodes in NODE_COUNTS]
            label = f"{rate} posts a second, p{share * 100:.0f}"
            axes.plot(NODE_COUNTS, values, style, color=colour, label=label)
    axes.set(xlabel="nodes", ylabel="latency of a delivery, ms", ylim=(0, None), xticks=NODE_COUNTS)
    axes.set_title("A room of a million watchers, simulated")
    axes.legend(frameon=False)
    _save(pyplot, figure, "scale-room.png")


def _card() -> tuple[Any, Any, Any]:
    from matplotlib import pyplot

    pyplot.rcParams.update(STYLE)
    figure, axes = pyplot.subplots(figsize=(8, 4.5), dpi=110)
    figure.patch.set_facecolor(PAPER)
    axes.grid(True)
    axes.tick_params(colors=INK)
    return pyplot, figure, axes


def _save(pyplot: Any, figure: Any, name: str) -> None:
    figure.savefig(IMAGES / name, bbox_inches="tight")
    pyplot.close(figure)
