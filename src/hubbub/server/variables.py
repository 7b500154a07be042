"""Variables of the environment: which ones hubbub reads, and what a mistyped one was meant to be."""

import difflib
from collections.abc import Iterable, Mapping

PREFIX = "HUBBUB_"
SECRETS = frozenset({"store", "broker", "jwt_jwks_url"})  # settings that may hold one
CLIENTS = frozenset({"token", "url"})  # which are no settings of a server


def settings_in(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that are, or should be, settings of a server; with the name of each."""
    found = {v: v.removeprefix(PREFIX).lower() for v in environment if v.startswith(PREFIX)}
    return {variable: name for variable, name in found.items() if name not in CLIENTS}


def file_of(name: str) -> str | None:
    """The setting whose value is in a file that a variable names, as HUBBUB_STORE_FILE does."""
    secret = name.removesuffix("_file")
    return secret if secret != name and secret in SECRETS else None


def mistake_in(environment: Mapping[str, str], settings: Iterable[str]) -> str | None:
    """What is wrong with a variable that nothing reads, or that holds no text; None if there is none."""
    known = {*settings, *CLIENTS, *(f"{secret}_file" for secret in SECRETS)}
    for variable, name in settings_in(environment).items():
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            meant = f"; did you mean {PREFIX}{close[0].upper()}?" if close else ""
            return f"Unknown environment variable {variable}{meant}"
    for variable, text in environment.items():
        if variable.startswith(PREFIX) and any("\ud800" <= c <= "\udfff" for c in text):
            return f"Environment variable {variable} is not valid UTF-8"
    return None
