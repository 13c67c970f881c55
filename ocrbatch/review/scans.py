"""Where the page of a field is to be found."""

import json

from ocrbatch.job.ledger import Ledger
from ocrbatch.job.remote import Address, Place
from ocrbatch.records import FilePage
from ocrbatch.review.desk import Desk
from ocrbatch.review.fields import ReviewField
from ocrbatch.review.pictures import Lately, PictureError, Scan

KEPT = 64
MAX_PIXELS = 100_000_000


class Scans:
    """Finds the pages of fields in the ledger, and their files on the disk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._kept: Lately[Scan] = Lately(KEPT)
        self._fields = desk.fields
        self._max_pixels = 0

    async def of(self, field: ReviewField) -> tuple[Scan, int]:
        """Give the scan of a field, and the field's place among those of its page. Raises PictureError."""
        if self._fields is not self._desk.fields:
            # A run has read something: perhaps these very pages, with another form.
            self._kept, self._fields = Lately(KEPT), self._desk.fields
        name = field.place[:2]
        scan = self._kept.get(name)
        if scan is None or not _may_be_there(scan.path):
            scan = await self._desk.with_ledger(lambda ledger: self._find(ledger, field))
            self._kept.put(name, scan)
        for place, reading in enumerate(scan.page.result.fields):
            if reading.name == field.place[3]:
                return scan, place
        raise PictureError("the page has no such field any more; reload the page")

    def _find(self, ledger: Ledger, field: ReviewField) -> Scan:
        sha256, number, *_ = field.place
        files = ledger.same_content(sha256)
        page = next((page for name, _ in files[:1] for page in ledger.pages_of(name) if _is(page, number)), None)
        if page is None:
            raise PictureError("the job has no such page any more; reload the page")
        # One of several files with the same content may have been taken away.
        paths = [state.path for _, state in files]
        return Scan(page, next(filter(_may_be_there, paths), paths[0]), self._most(ledger))

    def _most(self, ledger: Ledger) -> int:
        """Give how many pixels a picture of the job may have."""
        if not self._max_pixels:
            manifest = json.loads(ledger.settings().get("manifest", "{}"))
            self._max_pixels = int(manifest.get("settings", {}).get("max_pixels", MAX_PIXELS))
        return self._max_pixels


def _may_be_there(path: Place) -> bool:
    """Tell whether a file is there; of one in a store, reading it will tell: to ask there takes its time."""
    return isinstance(path, Address) or path.is_file()


def _is(page: FilePage, number: int) -> bool:
    return page.result.page == number
