"""Tonight's blind sample as people key it."""

import asyncio
import re
from datetime import UTC, date, datetime

from ocrbatch.job.corrected import Verdict
from ocrbatch.job.ledger import Ledger
from ocrbatch.output.escape import escape_name
from ocrbatch.review.desk import MARKS, SAMPLE, Desk, RefusedError, Said
from ocrbatch.review.fields import ReviewField
from ocrbatch.review.sampling import SIZE, Drawn, draw, estimate, kept_samples, keyed, same_digits, sample_setting

_VALUE = re.compile(r"[0-9 ]*")


class Samples:
    """The samples of a job, kept in its ledger; ``size`` fields are drawn a night."""

    def __init__(self, desk: Desk, size: int = SIZE) -> None:
        self._desk, self._size = desk, size
        self._nights: dict[str, list[Drawn]] | None = None
        # Two who key at once would each keep a sample without what the other has keyed.
        self._one = asyncio.Lock()

    async def tonight(self) -> list[Drawn]:
        """Give tonight's sample; it is drawn when it is asked for first, and filled up when more was read."""
        async with self._one:
            return await self._tonight()

    async def _tonight(self) -> list[Drawn]:
        nights = await self._all()
        night = date.today().isoformat()
        sample = nights.get(night, [])
        if len(sample) < self._size:
            drawn = [one for others in nights.values() for one in others]
            if more := draw(self._desk.fields, drawn, self._size - len(sample)):
                await self._keep(night, [*sample, *more])
        return nights.get(night, [])

    async def next(self, client: str) -> ReviewField | None:
        """Give a field of tonight's sample that nobody has keyed and nobody else is about to."""
        for one in await self.tonight():
            field = self._desk.fields.at(one.place)
            if one.keyed is None and field is not None and self._desk.queue.take(client, field):
                return field
        return None

    async def key(self, client: str, who: str, key: str, value: str) -> bool:
        """Keep what was keyed; tells whether it is what was read. If not, the field goes to review.

        Raises RefusedError where the field is not, or no longer, to be keyed.
        """
        value = value.strip()
        if value not in MARKS and not _VALUE.fullmatch(value):
            raise RefusedError("a value is digits, or what a mark is")
        async with self._one:
            field = self._desk.fields.get(key)
            night, drawn = await self._drawn(field)
            if field is None or drawn is None or drawn.keyed is not None:
                raise RefusedError("this field is not to be keyed")
            agrees = same_digits(value, drawn.accepted)
            if not agrees and (field.said is None or field.said.verdict is Verdict.UNDONE):
                # First this: a sample that is asked again does no harm, a mistake that is forgotten would.
                await self._desk.save(Said(client, who, key, field.state, Verdict.REVIEW, source=SAMPLE))
            at = datetime.now(UTC).isoformat(timespec="seconds")
            await self._keep(night, keyed((await self._all())[night], field.place, value, who, at))
        return agrees

    async def _drawn(self, field: ReviewField | None) -> tuple[str, Drawn | None]:
        """Find a field in the samples, with its night: one that was shown before midnight may be keyed after it."""
        for night, sample in (await self._all()).items():
            for one in sample:
                if field is not None and one.place == field.place:
                    return night, one
        return "", None

    async def told(self) -> dict[str, object]:
        """Give how far tonight's sample is, and what all samples show."""
        tonight = await self.tonight()
        nights = await self._all()
        shown = estimate((one for sample in nights.values() for one in sample), self._desk.fields)
        return {
            "tonight": len(tonight),
            "done": sum(one.keyed is not None for one in tonight),
            "keyed": shown.keyed,
            "wrong": shown.wrong,
            "open": shown.open,
            "error": shown.error,
            "bound": shown.bound,
        }

    async def _all(self) -> dict[str, list[Drawn]]:
        if self._nights is None:
            self._nights = kept_samples(await self._desk.with_ledger(Ledger.settings))
        return self._nights

    async def _keep(self, night: str, sample: list[Drawn]) -> None:
        await self._desk.with_ledger(lambda ledger: ledger.keep_settings(sample_setting(night, sample)))
        (await self._all())[night] = sample


def blind(field: ReviewField) -> dict[str, object]:
    """Give what a page shows of a field whose value is not to be seen."""
    box = field.read.box
    _, page, form, name = field.place
    return {
        "key": field.key,
        "file": escape_name(field.file),
        "page": page,
        "form": escape_name(form),
        "field": escape_name(name),
        "kind": field.read.kind,
        "box": [box.x, box.y, box.width, box.height],
    }
