"""The simulation of the fan-out does what can be calculated."""

import random

import pytest

from benchmarks.scale.simulation import Costs, Outcome, Simulation, World, weighted_percentile

FREE = Costs(commit=0, commit_event=0, post=0, write=0, write_event=0, hint=0, hop=0)


def one_room(nodes: int, watchers: int, posts_per_s: float) -> World:
    return World(nodes, posts_per_s, lambda _: 0, lambda _, __: watchers)


def run(world: World, costs: Costs, seconds: float = 200.0, seed: int = 1) -> Outcome:
    return Simulation(world, costs, seconds, seed).run()


def test_the_same_seed_gives_the_same() -> None:
    world = one_room(3, 50, 20)
    costs = Costs(0.002, 1e-5, 1e-4, 5e-6, 1e-7, 5e-5, 3e-4)
    first, second, other = (run(world, costs, 20, seed) for seed in (1, 1, 2))
    assert first == second != other


def test_each_watcher_gets_each_post_once() -> None:
    outcome = run(one_room(4, 25, 50), Costs(0.01, 1e-4, 1e-4, 1e-5, 1e-6, 1e-5, 1e-3), 20)
    assert outcome.deliveries == outcome.posts * 4 * 25
    assert sum(weight for _, weight in outcome.latencies) == pytest.approx(outcome.deliveries)
    assert outcome.hints == 3 * outcome.commits


def test_a_post_alone_takes_what_its_way_takes() -> None:
    costs = Costs(
        commit=0.01, commit_event=0, post=0.001, write=1e-4, write_event=0, hint=0.002, hop=0.05
    )
    outcome = run(one_room(2, 10, 0.1), costs)
    here, there = 0.001 + 0.01 + 10 * 1e-4, 0.001 + 0.01 + 0.05 + 0.002 + 10 * 1e-4
    assert outcome.percentile(0.5) == pytest.approx(here)
    assert outcome.percentile(1.0) == pytest.approx(there)


def test_a_queue_of_commits_waits_as_long_as_the_formula_says() -> None:
    """Commits that hold one event each are a queue with one server and constant service: M/D/1."""
    service, load = 0.01, 0.5
    world = World(100, load / service, lambda _: 0, lambda _, node: int(node == 0))
    outcome = run(
        world,
        Costs(commit=service, commit_event=0, post=0, write=0, write_event=0, hint=0, hop=0),
        500,
    )
    mean = sum(latency * weight for latency, weight in outcome.latencies) / outcome.deliveries
    assert mean == pytest.approx(service * (1 + load / (2 * (1 - load))), rel=0.05)


def test_a_node_is_as_busy_as_its_work() -> None:
    costs = Costs(
        commit=0.001, commit_event=0, post=0.001, write=1e-5, write_event=1e-5, hint=0, hop=0
    )
    outcome = run(one_room(1, 100, 100), costs)
    assert outcome.load == pytest.approx(100 * (0.001 + 100 * 1e-5), rel=0.05)


def test_the_longer_a_delivery_takes_the_more_goes_into_the_next() -> None:
    costs = Costs(commit=0.001, commit_event=0, post=0, write=1e-4, write_event=1e-7, hint=0, hop=0)
    world = World(2, 100, lambda _: 0, lambda _, node: 1000 * node)
    outcome = run(world, costs, 50)  # a delivery takes 0.1 s, and 10 posts come meanwhile
    assert outcome.busy[1] / outcome.seconds == pytest.approx(1.0, abs=0.05)
    assert outcome.percentile(0.99) < 0.5, "it keeps up"


def test_percentiles_count_the_weights() -> None:
    values = [(3.0, 1.0), (1.0, 8.0), (2.0, 1.0)]
    assert [weighted_percentile(values, share) for share in (0.5, 0.8, 0.85, 1.0)] == [1, 1, 2, 3]
    assert weighted_percentile([], 0.5) == 0


def test_rooms_that_nobody_watches_on_a_node_cost_it_nothing() -> None:
    world = World(3, 100, lambda dice: dice.randrange(2), lambda room, node: int(room == node))
    outcome = run(world, Costs(0.001, 0, 0, 0.001, 0, 0, 0), 50)
    assert outcome.busy[2] == 0
    assert outcome.deliveries == outcome.posts


def test_the_dice_decide_the_room() -> None:
    chosen: list[int] = []

    def choose(dice: random.Random) -> int:
        chosen.append(dice.randrange(5))
        return chosen[-1]

    outcome = run(World(1, 50, choose, lambda _, __: 1), FREE, 10)
    assert set(chosen) == set(range(5))
    assert len(chosen) == outcome.posts
