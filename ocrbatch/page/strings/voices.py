"""Two voices on one run of digits: its pieces through the digits' network, and its whole strip through the strings'.

Each knows texts and how likely they are; together they choose among all that either knows of.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from ocrbatch.geometry import Quad, transform_points
from ocrbatch.page.lattice import Step, Way
from ocrbatch.page.strings.amounts import first_digit_weight, is_amount
from ocrbatch.page.strings.beam import FrameLogs, digit_frames, spans
from ocrbatch.page.strings.looks import TEXTS, Looks, likely_texts, told_by_all
from ocrbatch.page.strings.sequence import frame_width
from ocrbatch.page.strings.strip import HIGH
from ocrbatch.records import LABELS, UNREAD, CellImage, FieldImage, Grey, cell_quads, read_only

PIECES_WEIGHT = 0.6
"""What the pieces say counts beside the strip by so much: of composed runs read fewer, and err elsewhere."""
STRIP_FLOOR, PIECES_FLOOR = math.log(1e-8), math.log(1e-3)
"""The least that a voice says of a text, also of one that it does not know."""
HOPELESS = math.log(1e-5)
"""A text of less probability is not worth cells of its own."""
LEAST = 1e-9


def join(ways: tuple[Way, ...], looks: Looks, field: FieldImage) -> tuple[FieldImage, tuple[Way, ...]]:
    """Give the ways that both voices together find likeliest, best first, and the field that their cells are of.

    ``ways`` are those through the field's lattice, ``looks`` those at its strip. A text that only they have is a way
    over new cells, which are put behind the field's own, with their pieces of the strip for ink. A blank field,
    and one without a strip's place, stay as they are.
    """
    if field.strip is None or field.strip_quad is None or all(cell.blank for cell in field.cells):
        return field, ways
    known = _by_digits(ways)
    texts = list(dict.fromkeys([*known, *likely_texts(looks)]))
    amount = is_amount(field.place.rules)
    told = _told(looks, texts, amount=amount)
    begins = [first_digit_weight(text) if amount else 0.0 for text in texts]
    scores = np.array([told[text] + PIECES_WEIGHT * _log(known.get(text)) for text in texts]) + begins
    least = np.logaddexp.reduce(scores) + HOPELESS
    kept = [
        i
        for i in np.argsort(-scores, kind="stable")[: max(len(ways), TEXTS)]
        if texts[i] in known or scores[i] >= least
    ]
    shares = scores[kept] - np.logaddexp.reduce(scores[kept])
    cells = _NewCells(field, field.strip, field.strip_quad, digit_frames(looks[0]))
    joined = []
    for text, share in zip([texts[i] for i in kept], shares.tolist(), strict=True):
        way = known[text] if text in known else cells.way(text, share)
        joined.append(replace(way, log_probability=share))
    return cells.field(), tuple(joined)


def _by_digits(ways: tuple[Way, ...]) -> dict[str, Way]:
    """Give the ways by their digits; those of the same digits, whatever signs are beside them, together.

    What could not be read before and after the digits is left out: the strip says whether it is a digit.
    """
    found: dict[str, Way] = {}
    for way in ways:
        read = [(step, cell) for step, cell in zip(way.steps, way.cells, strict=True) if step.text]
        digits = [index for index, (step, _) in enumerate(read) if step.text != UNREAD]
        own = read[digits[0] : digits[-1] + 1] if digits else read
        text = "".join(step.text for step, _ in own)
        if text in found:
            together = float(np.logaddexp(found[text].log_probability, way.log_probability))
            found[text] = replace(found[text], log_probability=together)
        else:
            found[text] = Way(tuple(step for step, _ in own), tuple(cell for _, cell in own), way.log_probability)
    return found


def _log(way: Way | None) -> float:
    return PIECES_FLOOR if way is None else max(way.log_probability, PIECES_FLOOR)


def _told(looks: Looks, texts: Sequence[str], *, amount: bool) -> dict[str, float]:
    """Give what the strip says of each text; of one with ink that could not be read it knows nothing."""
    digits = [text for text in texts if set(text) <= set(LABELS)]
    told = np.maximum(told_by_all(looks, digits, amount=amount), STRIP_FLOOR)
    return dict.fromkeys(texts, STRIP_FLOOR) | dict(zip(digits, told.tolist(), strict=True))


class _NewCells:
    """The cells of texts that the strip alone has; those of the same place in it are one."""

    def __init__(self, field: FieldImage, strip: Grey, corners: Quad, logs: FrameLogs) -> None:
        self._field, self._strip, self._corners, self._logs = field, strip, corners, logs
        self._width = strip.shape[1]
        self._numbers: dict[tuple[int, int], int] = {}

    def way(self, text: str, share: float) -> Way:
        """Give the way that reads a text from cells of its own; ``share`` is its log-probability."""
        sides = spans(self._logs, text)
        steps = tuple(self._step(label, *span) for label, span in zip(text, sides, strict=True))
        return Way(steps, tuple(self._cell(*span) for span in sides), share)

    def _step(self, label: str, first: float, last: float) -> Step:
        """Give what the frames of a span make of it: the label's share of all digits', and the next best."""
        frames = self._logs[int(first) : max(math.ceil(last), int(first) + 1), : len(LABELS)]
        shares = np.exp(frames.astype(np.float64)).max(axis=0, initial=LEAST)
        shares /= shares.sum()
        own = LABELS.index(label)
        second = int(np.argmax(np.where(np.arange(len(LABELS)) == own, -1.0, shares)))
        return Step(label, float(shares[own]), LABELS[second], float(shares[second]))

    def _cell(self, first: float, last: float) -> int:
        step = frame_width(self._width)
        left = min(int(first * step + 0.5), self._width - 1)
        right = max(min(int(last * step + 0.5), self._width), left + 1)
        return self._numbers.setdefault((left, right), len(self._field.cells) + len(self._numbers))

    def field(self) -> FieldImage:
        """Give the field with the new cells behind its own."""
        if not self._numbers:
            return self._field
        made = tuple(CellImage(read_only(self._strip[:, a:b].copy()), blank=False) for a, b in self._numbers)
        sheet = np.array([[0, 0], [self._width, 0], [self._width, HIGH], [0, HIGH]], np.float32)
        to_page = cv2.getPerspectiveTransform(sheet, self._corners.astype(np.float32))
        corners = np.array([[[a, 0], [b, 0], [b, HIGH], [a, HIGH]] for a, b in self._numbers], np.float32)
        quads = cell_quads([*self._field.place.cells, *transform_points(to_page, corners)])
        return replace(self._field, place=replace(self._field.place, cells=quads), cells=self._field.cells + made)
