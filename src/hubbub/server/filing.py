"""Puts together what keeps and gives files, for as long as the server runs."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

from aiohttp import web

from hubbub.server.config import Settings
from hubbub.server.files.directory import Directory
from hubbub.server.files.downloads import Downloads
from hubbub.server.files.portraits import Portraits
from hubbub.server.files.quotas import Quotas
from hubbub.server.files.shrinker import Shrinker, can_shrink
from hubbub.server.files.sweeping import Sweeper
from hubbub.server.files.thumbnails import Thumbnails
from hubbub.server.files.uploads import Uploads
from hubbub.server.http.metrics import FileFigures
from hubbub.server.http.resources.files.files import DOWNLOADS, UPLOADS_OF_SERVER
from hubbub.server.http.resources.files.portraits import PORTRAITS
from hubbub.server.hub.rights import Rights
from hubbub.server.people.addresses import Submit
from hubbub.server.stores.base import Records
from hubbub.server.stores.registry import kind_of

log = logging.getLogger(__name__)


class Filing(NamedTuple):
    """The files that people upload: how they come and go."""

    sweeper: Sweeper
    uploads: Uploads
    downloads: Downloads
    thumbnails: Thumbnails
    portraits: Portraits

    def figures(self) -> FileFigures:
        """Return what is measured of files."""
        uploads = self.uploads
        return FileFigures(uploads.received, self.downloads.sent, uploads.running)

    def equip(self, application: web.Application) -> None:
        """Let handlers find them."""
        application[UPLOADS_OF_SERVER], application[DOWNLOADS] = self.uploads, self.downloads
        application[PORTRAITS] = self.portraits


@asynccontextmanager
async def filing_of(
    settings: Settings, store: Records, submit: Submit, rights: Callable[[], Rights]
) -> AsyncIterator[Filing]:
    """Open the files that the settings name. Raises FilesFailed."""
    files = _directory(settings)
    uploads = Uploads(store, files, submit, Quotas(store, settings.file_limits))
    shrinker = Shrinker() if can_shrink() else None
    if shrinker is None:
        log.info(
            "Pillow is not installed (make images): thumbnails and pictures of people and rooms are unavailable"
        )
    thumbnails = Thumbnails(files, shrinker)
    downloads = Downloads(store, files, thumbnails, rights)
    try:
        portraits = Portraits(store, files, uploads, shrinker, rights)
        yield Filing(Sweeper(store, files, submit), uploads, downloads, thumbnails, portraits)
    finally:
        await thumbnails.close()
        if shrinker is not None:
            await shrinker.close()
        await files.close()


def _directory(settings: Settings) -> Directory:
    files = Directory(settings.files)
    if settings.files_dir is not None:
        files.prepare()
    elif kind_of(settings.store).is_shared:
        log.info(
            "Only this machine has the files in %s: if there are more nodes, let them share a directory with --files-dir",
            settings.files,
        )
    return files
