"""`python -m tests.faults.soak`: a thousand faults under half a million posts, and no promise broken."""

import argparse
import asyncio
import random
import sys
import tempfile
from pathlib import Path

from tests.support.soaking import Segment, Tally

FAULTS_EACH = 25  # a segment


async def soak(faults: int, posts: int, seed: int, bug: str = "") -> Tally:
    """Endure so many faults, spread over so many posts, with a seeded bug; prints how it goes."""
    print(f"TEST_SEED={seed}", flush=True)
    dice, tally = random.Random(seed), Tally()
    while tally.faults.total() < faults or tally.posts < posts:
        # Some of what is acknowledged are no posts, and the last segment makes up for that.
        count = max(1, min(FAULTS_EACH, faults - tally.faults.total()))
        with tempfile.TemporaryDirectory(prefix="hubbub-soak-") as data:
            await Segment(Path(data), dice, tally, bug).endure(count, -(-posts // faults))
        print(tally, flush=True)
        if tally.findings:
            break
    return tally


def main() -> int:
    """Parse the command line; exit status 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=__doc__)
    parser.add_argument("--faults", type=int, default=1_000)
    parser.add_argument("--posts", type=int, default=500_000, help="that are acknowledged")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    chosen = parser.parse_args()
    tally = asyncio.run(soak(chosen.faults, chosen.posts, chosen.seed))
    for finding in tally.findings[:20]:
        print(finding)
    return 1 if tally.findings else 0


if __name__ == "__main__":
    sys.exit(main())
