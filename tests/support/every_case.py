"""Whether tests of large tables try all of their cases: `make soak` does. Otherwise they try enough to meet every pair."""

import os
from typing import Final

EVERY_CASE: Final = os.environ.get("TEST_EVERY_CASE", "") != ""
