"""Where settings come from: flags override the environment, which overrides the file."""

import difflib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from hubbub.server.addresses import without_secrets
from hubbub.server.config import BadSettings, Settings
from hubbub.server.variables import PREFIX, SECRETS, file_of, mistake_in, settings_in

LISTS = frozenset({"allow_origin", "trusted_proxy", "outgoing_network", "outgoing_port"})
ENCODING = "utf-8-sig"  # some editors begin a file with a byte order mark
PATHS = frozenset(
    {
        "data",
        "tls_cert",
        "tls_key",
        "jwt_secret_file",
        "jwt_public_key_file",
        "oidc_client_secret_file",
        "files_dir",
    }
)


def load(
    flags: Mapping[str, Any], environment: Mapping[str, str], file: Path | None = None
) -> Settings:
    """Combine the settings: `flags` that are not None, then `HUBBUB_*`, then the TOML file.

    Raises:
        BadSettings: for an unknown key or an invalid value.
    """
    return Settings(
        **{name: value for name, (value, _) in gather(flags, environment, file).items()}
    )


def origins(
    flags: Mapping[str, Any], environment: Mapping[str, str], file: Path | None = None
) -> dict[str, str]:
    """Return where each setting that was set comes from. Raises BadSettings."""
    return {name: origin for name, (_, origin) in gather(flags, environment, file).items()}


def gather(
    flags: Mapping[str, Any], environment: Mapping[str, str], file: Path | None = None
) -> dict[str, tuple[Any, str]]:
    """Return the settings that were set, each with its origin. Raises BadSettings."""
    known = {f.name: f for f in fields(Settings)}
    made: dict[str, tuple[Any, str]] = {}
    for name, value in _read(file).items():
        made[name] = _convert(known, name, value, str(file)), str(file)
    if why := mistake_in(environment, known):
        raise BadSettings(why)
    for variable, name in settings_in(environment).items():
        text = environment[variable]
        if (secret := file_of(name)) is None:
            made[name] = _convert(known, name, text, variable), variable
        elif text:
            if f"{PREFIX}{secret.upper()}" in environment:
                raise BadSettings(
                    f"{variable} and {PREFIX}{secret.upper()} are both set: set only one"
                )
            made[secret] = _read_secret(variable, text), variable
    for name, value in flags.items():
        if value is not None:
            flag = f"--{name.replace('_', '-')}"
            made[name] = _convert(known, name, value, flag), flag
    return made


def shown(value: Any) -> str:
    """Return the value of a setting as TOML has it, without secrets in addresses; nothing for None."""
    if value is None:
        return ""
    plain = str(value) if isinstance(value, Path) else value
    if isinstance(plain, str) and "://" in plain:
        plain = without_secrets(plain)
    return json.dumps(plain, ensure_ascii=False)


def _read(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        return tomllib.loads(file.read_text(ENCODING))
    except (OSError, UnicodeError) as error:
        raise BadSettings(f"Can't read {file}: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise BadSettings(f"{file} is not valid TOML: {error}") from error


def _read_secret(variable: str, file: str) -> str:
    """Read a secret from a file, without the newline at its end."""
    try:
        return Path(file).read_text(ENCODING).rstrip("\r\n")
    except (OSError, UnicodeError) as error:
        raise BadSettings(f"{variable}: can't read {file}: {error}") from error


def _convert(known: Mapping[str, Any], name: str, value: Any, origin: str) -> Any:
    """Convert a value to the setting's type."""
    if name not in known:
        close = difflib.get_close_matches(name, known, 1)
        raise BadSettings(
            f"{origin}: unknown setting {name!r}"
            + (f"; did you mean {close[0]!r}?" if close else "")
        )
    default = known[name].default
    try:
        if "\0" in str(value):
            raise ValueError
        if name in PATHS:
            return Path(value).expanduser()
        if isinstance(default, bool):
            return _truth(value)
        if name in LISTS:
            return _several(value)
        if default is not MISSING and isinstance(default, int | float):
            if isinstance(value, bool) or (
                isinstance(value, float) and type(default)(value) != value
            ):
                raise ValueError
            return type(default)(value)
        if not isinstance(value, str):
            raise ValueError
    except (TypeError, ValueError, OverflowError, KeyError):
        shown = "***" if name in SECRETS else repr(value)
        raise BadSettings(f"{origin}: invalid value {shown} for {name}") from None
    return value


def _several(value: Any) -> tuple[str, ...]:
    return tuple(
        filter(None, map(str.strip, value.split(",") if isinstance(value, str) else value))
    )


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[
        str(value).lower()
    ]
