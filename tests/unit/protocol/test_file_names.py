"""Names of files from strangers: whatever is cut off or left out, what stays is safe."""

import pytest

from hubbub.protocol.files import LONGEST_NAME, LONGEST_NAME_BYTES, name_of

JOINER = "\u200d"


@pytest.mark.parametrize(
    "given, kept",
    [
        ("CON.txt", "_CON.txt"),
        (f"CON{JOINER * 130}.txt", "_CON.txt"),
        (f"CON{JOINER * 130}.not an ending", "_CON"),
        (f"nul{' ' * 130}.tar.gz", "_nul .tar.gz"),
        (f"lpt1.{'a' * 130}", f"_lpt1.{'a' * (LONGEST_NAME - 6)}"),
        (f"aux.{'a' * 112}.txt", f"_aux.{'a' * 111}.txt"),  # as long as may be without the mark
        (f"com¹.{'é' * 96}.a", f"_com¹.{'é' * 95}.a"),
        ("console.txt", "console.txt"),
    ],
    ids=range(8),
)
def test_no_name_is_that_of_a_device_once_it_is_cut(given: str, kept: str) -> None:
    assert name_of(given) == kept
    assert len(kept) <= LONGEST_NAME and len(kept.encode()) <= LONGEST_NAME_BYTES
    assert name_of(kept) == kept
