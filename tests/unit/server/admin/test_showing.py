"""What `hubbub config show` prints."""

import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from hubbub.server.admin.showing import show
from hubbub.server.config import Settings
from hubbub.server.sources import load


def test_each_setting_says_where_it_comes_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "hubbub.toml"
    file.write_text("keep_days = 7\nport = 1\nguests = 'off'")
    environment = {"HUBBUB_PORT": "2", "HUBBUB_GUESTS": "on"}
    show({"port": "3", "data": None}, environment, file, with_origin=True)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(fields(Settings))
    assert "port = 3  # --port" in lines
    assert 'guests = "on"  # HUBBUB_GUESTS' in lines
    assert f"keep_days = 7.0  # {file}" in lines
    assert 'durability = "full"  # default' in lines


def test_what_is_shown_can_be_a_settings_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = {"data": "/srv/\u00e4", "allow_origin": ["https://a.example", "https://b.example"]}
    show(flags, {}, None, with_origin=False)
    file = tmp_path / "hubbub.toml"
    file.write_text(capsys.readouterr().out, encoding="utf-8")
    assert tomllib.loads(file.read_text())["insecure_http"] is False
    assert load({}, {}, file) == load(flags, {})


def test_secrets_in_addresses_are_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    show({"jwt_jwks_url": "https://ada:pa55@a.example/keys?key=k3y"}, {}, None, with_origin=True)
    out = capsys.readouterr().out
    assert 'jwt_jwks_url = "https://***@a.example/keys?***"  # --jwt-jwks-url' in out
    assert "pa55" not in out and "k3y" not in out
