"""TLS: the certificate, and its renewal while connections stay open."""

import logging
import ssl
from pathlib import Path

from hubbub.server.audit import audit

log = logging.getLogger(__name__)


class BadCertificate(Exception):
    """A certificate or key that can't be used. The message says which and why."""


class Tls:
    """The TLS context of all connections. `context` stays the same object when the certificate is renewed."""

    def __init__(self, cert: Path, key: Path) -> None:
        self._files = (cert, key)
        self.context = self._load()

    def reload(self) -> None:
        """Use the current files for new connections; keep the old certificate if they are invalid."""
        try:
            self._load()  # try them in an unused context first
            self.context.load_cert_chain(*self._files)
        except (BadCertificate, OSError) as error:
            log.error("Can't reload the certificate; the old one stays in use: %s", error)
        else:
            audit("certificate reloaded")
            log.info("Reloaded the certificate")

    def _load(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        cert, key = self._files
        try:
            for file in self._files:
                file.read_bytes()  # `load_cert_chain` doesn't tell which file it can't read
            context.load_cert_chain(cert, key, password=_no_password)
        except ssl.SSLError as error:
            why = (
                "they don't belong together"
                if "MISMATCH" in str(error)
                else "they are not valid PEM"
            )
            raise BadCertificate(
                f"{cert} and {key} can't be used: {why} ({error.reason})"
            ) from error
        except OSError as error:
            raise BadCertificate(
                f"Can't read {error.filename or cert}: {error.strerror}"
            ) from error
        return context


def _no_password() -> bytes:
    """Give an empty password; otherwise OpenSSL would ask at the terminal, and the server would hang."""
    return b""
