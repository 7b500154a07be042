"""Environment variables: which ones hubbub reads, and what a mistyped one was meant to be."""

import difflib
from collections.abc import Iterable, Mapping

PREFIX = "HUBBUB_"
SECRETS = frozenset({"store", "broker", "jwt_jwks_url"})  # settings that may hold one
CLIENTS = frozenset({"token", "url"})  # variables of clients, not settings of a server
KUBERNETES = (  # also in HUBBUB_PORT, which is a setting of ours
    ": Kubernetes sets it for a service named hubbub; set enableServiceLinks: false in the pod's spec"
)


def settings_in(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that are, or should be, settings of a server, with the name of each setting."""
    found = {v: v.removeprefix(PREFIX).lower() for v in environment if v.startswith(PREFIX)}
    return {variable: name for variable, name in found.items() if name not in CLIENTS}


def file_of(name: str) -> str | None:
    """Return the setting whose value is in a file that the variable names, as with HUBBUB_STORE_FILE."""
    secret = name.removesuffix("_file")
    return secret if secret != name and secret in SECRETS else None


def mistake_in(environment: Mapping[str, str], settings: Iterable[str]) -> str | None:
    """Return an error for an unknown variable or one that is not valid UTF-8; None if all are fine."""
    known = {*settings, *CLIENTS, *(f"{secret}_file" for secret in SECRETS)}
    for variable, name in settings_in(environment).items():
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            meant = f"; did you mean {PREFIX}{close[0].upper()}?" if close else ""
            if name.startswith(("service_", "port_")):
                meant = KUBERNETES
            return f"Unknown environment variable {variable}{meant}"
    for variable, text in environment.items():
        if variable.startswith(PREFIX) and any("\ud800" <= c <= "\udfff" for c in text):
            return f"Environment variable {variable} is not valid UTF-8"
    return None
