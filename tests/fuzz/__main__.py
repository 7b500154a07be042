"""Lets atheris look for bytes that break a target: `python -m tests.fuzz TARGET [libFuzzer options]`.

Without a target each has its turn, in a process of its own, for TEST_FUZZ_SECONDS (60).
"""

import os
import subprocess
import sys
from pathlib import Path

SECONDS = os.environ.get("TEST_FUZZ_SECONDS", "60")
FOUND = Path(".fuzz")  # what was found, and what reached new code


def main(arguments: list[str]) -> int:
    """Fuzz one target, or each in turn; the number of those that broke."""
    import atheris

    with atheris.instrument_imports(include=["hubbub", "json", "jwt"]):
        from tests.fuzz.targets import SEEDS, TARGETS
    if not arguments:
        return sum(each(name) != 0 for name in TARGETS)
    name, *options = arguments
    corpus = FOUND / name
    corpus.mkdir(parents=True, exist_ok=True)
    for n, seed in enumerate(SEEDS[name]):
        (corpus / f"seed-{n}").write_bytes(seed)
    own = [sys.argv[0], str(corpus), f"-artifact_prefix={FOUND}/{name}-", *options]
    atheris.Setup(own, TARGETS[name])
    atheris.Fuzz()
    return 0


def each(name: str) -> int:
    """Fuzz a target for a while; its exit code."""
    print(f"==> {name}, {SECONDS} s", flush=True)
    limits = (
        f"-max_total_time={SECONDS}",
        "-max_len=4096",
        "-rss_limit_mb=1024",
        "-print_final_stats=1",
    )
    return subprocess.run(
        [sys.executable, "-m", "tests.fuzz", name, *limits], check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
