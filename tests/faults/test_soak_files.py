"""The soak of files in small: a large upload over a link that breaks, and many slow downloads. `make soak` has it at full size, and bounds what it costs."""

from pathlib import Path

from tests.faults.soak_files import Size, soak

SMALL = Size(mib=4, cuts=4, readers=40, each=2**19, pause=0)


async def test_an_upload_is_cut_and_many_download_and_all_of_it_comes(tmp_path: Path) -> None:
    sent, _ = await soak(SMALL, tmp_path)
    assert sent.cuts == SMALL.cuts
