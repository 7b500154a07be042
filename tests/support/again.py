"""Try once more, alone, the few tests that failed in a run of all of them (decision 054): python -m tests.support.again."""

import json
import subprocess
import sys
from pathlib import Path

MOST = 8
FAILED = Path(".pytest_cache/v/cache/lastfailed")
ALONE = [sys.executable, "-m", "pytest", "--last-failed", "--last-failed-no-failures", "none"]


def main() -> int:
    """Return the exit status: 0 if there were few and each passes alone."""
    failed = sorted(json.loads(FAILED.read_text())) if FAILED.exists() else []
    if not 1 <= len(failed) <= MOST:
        return 1
    print(
        f"\n==> Trying again, alone, what failed beside other tests: {', '.join(failed)}",
        flush=True,
    )
    status = subprocess.run(ALONE, check=False).returncode
    if not status:
        print(f"==> Flaky, to be mended: {', '.join(failed)}", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
