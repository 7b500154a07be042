"""A kind of store is registered in one place: settings, the doctor, backups and copies ask its entry."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hubbub.doctor.here import examine
from hubbub.server.addresses import BadAddress
from hubbub.server.admin.copying import CannotCopy, back_up, copy
from hubbub.server.config import BadSettings, Settings
from hubbub.server.findings import Finding, ok
from hubbub.server.stores import registry
from hubbub.server.stores.base import Progress, StoreFailed
from hubbub.server.stores.postgres.kind import Postgres
from hubbub.server.stores.registry import kind_of
from hubbub.server.stores.sqlite.kind import Sqlite


class Clay(Sqlite):
    """Tablets, of which there are two in a house, for scribes who share them."""

    name = "clay"
    schemes = ("clay",)
    form = "clay"
    end_form = "clay:TABLET"
    is_shared = True

    async def back_up(self, store: str, data: Path, target: Path, progress: Progress) -> None:
        raise StoreFailed("the clay is still wet")

    def examine(self, store: str, data: Path) -> Iterator[Finding]:
        yield ok("clay", "it is dry")


@pytest.fixture(autouse=True)
def clay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "KINDS", (*registry.KINDS, Clay()))


def test_an_address_tells_its_kind() -> None:
    assert isinstance(kind_of("sqlite"), Sqlite)
    assert isinstance(kind_of("sqlite:rooms"), Sqlite)
    assert isinstance(kind_of("postgresql://db/hubbub"), Postgres)
    assert isinstance(kind_of("clay"), Clay)
    with pytest.raises(BadAddress):
        kind_of("papyrus")


def test_settings_name_every_kind_and_say_which_may_be_shared() -> None:
    assert Settings(store="clay", workers=2, broker="nats://nats").store == "clay"
    forms = "sqlite or postgres://USER:PASSWORD@HOST/DATABASE or clay;"
    for wrong in ("papyrus", "clay:7", "sqlite:rooms"):
        with pytest.raises(BadSettings, match=f"Invalid store: use {forms}"):
            Settings(store=wrong)
    with pytest.raises(BadSettings, match="More than one worker needs PostgreSQL or clay"):
        Settings(workers=2)
    with pytest.raises(BadSettings, match="A broker needs PostgreSQL or clay"):
        Settings(broker="nats://nats")


def test_a_backup_is_made_as_the_kind_says(tmp_path: Path) -> None:
    with pytest.raises(CannotCopy, match="the clay is still wet"):
        back_up(Settings(store="clay", data=tmp_path), tmp_path / "copy")


def test_an_end_of_a_copy_is_of_any_kind() -> None:
    forms = "sqlite:DIRECTORY or postgres://USER@HOST/DATABASE or clay:TABLET"
    for wrong in ("papyrus:7", "clay", "sqlite", "postgres://a:b@c@d/e"):
        with pytest.raises(BadSettings, match=f"Invalid source: use {forms}"):
            copy(wrong, "sqlite:rooms")


def test_the_doctor_looks_at_a_store_as_its_kind_says(tmp_path: Path) -> None:
    found = examine({"store": "clay", "data": tmp_path}, {}, None)
    whats = [finding.what for finding in found]
    assert "clay" in whats and "SQLite" not in whats
