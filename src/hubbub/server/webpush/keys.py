"""The server's own key, by which push services know it (RFC 8292): made once, kept with the logs, the same on all nodes."""

from base64 import urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import urlsplit

from hubbub.server.stores.base import Records, StoreFailed
from hubbub.server.stores.notifications import VAPID_KEY, VapidKey
from hubbub.server.webpush.remembered import Remembered

NAME = "vapid"
LIFETIME = 12 * 3600.0  # seconds; a push service takes at most 24 hours
MOST_KEPT = 100  # push services whose tokens are kept


class Keys:
    """Makes the key when it is asked for first, and signs with it."""

    def __init__(self, store: Records, now: Callable[[], float], subject: str = "") -> None:
        """`subject` is where a push service can find out who this is; empty if there is no such address."""
        self._store = store
        self._subject = subject
        self._now = now
        self._secret = b""
        self._signed = Remembered(MOST_KEPT, (0.0, ""))  # until when, and how, by push service

    async def public(self) -> str:
        """Return the public key, as browsers take it (`applicationServerKey`). Raises StoreFailed."""
        from hubbub.server.webpush.signing import public_of  # loaded only if needed

        return unpadded(public_of(await self._known()))

    async def authorization(self, endpoint: str) -> str:
        """Return the header with which a push service is asked. Raises StoreFailed."""
        from hubbub.server.webpush.signing import public_of, signed

        secret, now = await self._known(), self._now()
        service = service_of(endpoint)
        until, header = self._signed[service]
        if until - now < LIFETIME / 2:
            claims = {"aud": service, "exp": int(now + LIFETIME)}
            claims |= {"sub": self._subject} if self._subject else {}
            key = unpadded(public_of(secret))
            header = f"vapid t={signed(secret, claims)}, k={key}"
            self._signed[service] = now + LIFETIME, header
        return header

    async def _known(self) -> bytes:
        if not self._secret:
            rows = await self._store.rows(VAPID_KEY)
            self._secret = rows[0].secret if rows else await self._made()
        return self._secret

    async def _made(self) -> bytes:
        """Make the key, unless another node has."""
        from hubbub.server.webpush.signing import new_secret

        async with self._store.turn("vapid key") as turn:
            if turn is None:
                raise StoreFailed("Another node is making the key for Web Push")
            if rows := await turn.get(VAPID_KEY, [(NAME,)]):
                return rows[0].secret
            await turn.put(VAPID_KEY, [row := VapidKey(NAME, new_secret())])
        return row.secret


def service_of(endpoint: str) -> str:
    """Return the push service of an endpoint: its origin (RFC 6454)."""
    parts = urlsplit(endpoint)
    return f"{parts.scheme}://{parts.netloc}".lower().removesuffix(":443")


def unpadded(data: bytes) -> str:
    """Return bytes in base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()
