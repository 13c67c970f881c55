"""The way of one page, its stages in order; many pages go through the classifier together."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from ocrbatch.form.acceptance import Acceptance
from ocrbatch.page.choose import choose, ways_wanted, with_rules
from ocrbatch.page.classify import Classifier
from ocrbatch.page.cuts import halved
from ocrbatch.page.kinds import KINDS
from ocrbatch.page.lattice import Way, best_ways
from ocrbatch.page.legibility import with_doubt
from ocrbatch.page.register import AUTO, register
from ocrbatch.page.registration.index import FormIndex
from ocrbatch.page.segment import segment
from ocrbatch.page.strings.looks import Looks
from ocrbatch.page.strings.sequence import StringReader
from ocrbatch.page.strings.voices import join
from ocrbatch.page.whole import Whole
from ocrbatch.records import (
    FieldImage,
    FieldReading,
    Grey,
    Lattice,
    Page,
    PageFailure,
    PageResult,
    PageStatus,
    Probabilities,
    ReadPage,
    RegisteredPage,
    Status,
)

TILES_AT_ONCE = 512
PAGES_AT_ONCE = 8
"""A page waits with its pixels: blank ones have no tiles, and thousands of them must not pile up."""
ACCEPT = Acceptance(0.995)


@dataclass(frozen=True, slots=True)
class PreparedPage:
    """A page ready to be classified: its fields' pictures and lattices, in the order of its places."""

    registered: RegisteredPage
    fields: tuple[FieldImage, ...]
    lattices: tuple[Lattice, ...]

    @property
    def tile_count(self) -> int:
        """How many tiles wait for the classifier."""
        return sum(len(lattice.tiles) for lattice in self.lattices)

    @property
    def strips(self) -> tuple[Grey, ...]:
        """The runs of digits that the network of strings can read whole, in the fields' order."""
        return tuple(field.strip for field in self.fields if field.strip is not None)


def prepare(page: Page, index: FormIndex | Whole | None = None) -> PreparedPage:
    """Take a page to its tiles."""
    pyramid = halved(page.pixels)
    registered = register(page, index, pyramid=pyramid)
    # A page that was turned bright on dark is another one now.
    fields = segment(registered, pyramid if registered.page is page else None)
    return PreparedPage(registered, fields, tuple(KINDS[field.place.kind].lattice(field) for field in fields))


def finish(
    prepared: PreparedPage, scores: Probabilities, accept: Acceptance, looks: Sequence[Looks] | None = None
) -> PageResult:
    """Take a page from its tiles' scores (n, 11) to its result; ``looks``, where its strips were read, are at them."""
    places = prepared.registered.places
    parts = _parts(prepared, scores, looks)
    wanted = ways_wanted(places)
    found = [part.ways(most) for part, most in zip(parts, wanted, strict=True)]
    choices = choose(places, [ways for _, ways in found])
    if (more := ways_wanted(places, choices)) != wanted:
        found = [
            own if most == before else part.ways(most)
            for own, part, before, most in zip(found, parts, wanted, more, strict=True)
        ]
        choices = choose(places, [ways for _, ways in found])
    readings: Sequence[FieldReading] = [
        with_rules(KINDS[field.place.kind].read(field, choice, accept.of(prepared.registered.form)), choice)
        for (field, _), choice in zip(found, choices, strict=True)
    ]
    if prepared.registered.form == AUTO:
        readings = with_doubt(readings)
    waiting = any(reading.status in (Status.REVIEW, Status.INVALID) for reading in readings)
    return PageResult(
        page=prepared.registered.page.number,
        form=prepared.registered.form,
        status=PageStatus.REVIEW if waiting or prepared.registered.problem else PageStatus.READ,
        reason=prepared.registered.problem,
        registration=prepared.registered.registration,
        skew_degrees=prepared.registered.skew_degrees,
        fields=tuple(readings),
        form_page=prepared.registered.form_page,
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """A field of a page with what was told of its own tiles (n, 11), and by the looks at its strip if it was read."""

    field: FieldImage
    lattice: Lattice
    scores: Probabilities
    looks: Looks | None

    def ways(self, most: int) -> tuple[FieldImage, tuple[Way, ...]]:
        """Give so many ways to read the field, and the field that their cells are of."""
        own = best_ways(self.lattice, self.scores, most)
        return (self.field, own) if self.looks is None else join(own, self.looks, self.field)


def _parts(prepared: PreparedPage, scores: Probabilities, looks: Sequence[Looks] | None) -> list[_Part]:
    parts, start = [], 0
    whole = None if looks is None else iter(looks)
    for field, lattice in zip(prepared.fields, prepared.lattices, strict=True):
        end = start + len(lattice.tiles)
        own = None if whole is None or field.strip is None else next(whole)
        parts.append(_Part(field, lattice, scores[start:end], own))
        start = end
    return parts


def read_pages(
    pages: Iterable[Page | PageFailure],
    classifier: Classifier,
    *,
    strings: StringReader | None = None,
    index: FormIndex | Whole | None = None,
    accept: Acceptance = ACCEPT,
) -> Iterator[ReadPage]:
    """Read pages in their order; a page's result does not depend on those that are classified with it.

    With ``strings``, runs of digits are read whole too, and not by their pieces alone. With an ``index`` of forms, a
    page that is none of them is not read. A field is accepted where its confidence
    reaches what ``accept`` asks of its form. Failures pass through as failed pages.
    """
    waiting: list[PreparedPage | PageFailure] = []
    tiles = 0
    for page in pages:
        prepared = page if isinstance(page, PageFailure) else prepare(page, index)
        waiting.append(prepared)
        tiles += prepared.tile_count if isinstance(prepared, PreparedPage) else 0
        if tiles >= TILES_AT_ONCE or len(waiting) >= PAGES_AT_ONCE:
            yield from _classify(waiting, classifier, strings, accept)
            waiting, tiles = [], 0
    yield from _classify(waiting, classifier, strings, accept)


def _classify(
    waiting: list[PreparedPage | PageFailure],
    classifier: Classifier,
    strings: StringReader | None,
    accept: Acceptance,
) -> Iterator[ReadPage]:
    prepared = [page for page in waiting if isinstance(page, PreparedPage)]
    tiles = [lattice.tiles for page in prepared for lattice in page.lattices]
    scores = classifier.scores(np.concatenate(tiles)) if tiles else np.empty((0, 11), np.float32)
    looks = None if strings is None else iter(strings.looks([strip for page in prepared for strip in page.strips]))
    start = 0
    for item in waiting:
        if isinstance(item, PageFailure):
            yield ReadPage(_failed(item), None)
            continue
        end = start + item.tile_count
        own = None if looks is None else list(islice(looks, len(item.strips)))
        yield ReadPage(finish(item, scores[start:end], accept, own), item.registered.page)
        start = end


def _failed(failure: PageFailure) -> PageResult:
    return PageResult(failure.number, "", PageStatus.FAILED, failure.reason, 0.0, 0.0, ())
