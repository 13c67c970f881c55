"""Where the labels of fields stand on a picture: beside their fields, off the writing and off each other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.geometry import Box, clip_box
from ocrbatch.records import Grey

FONT = cv2.FONT_HERSHEY_SIMPLEX
SCALES = (0.62, 0.48)
PADDING = 3
GAP = 4
TAKEN = 1000.0
"""What a pixel of another field or label costs; a pixel of black ink costs 255."""
FAR = 0.02
"""What a pixel of distance costs for each pixel of the label."""


@dataclass(frozen=True, slots=True)
class Label:
    """A text in its ``box``, in the picture's pixels, from ``baseline`` on."""

    text: str
    box: Box
    baseline: tuple[int, int]
    scale: float
    thickness: int


def place_labels(picture: Grey, fields: Sequence[Box], texts: Sequence[str]) -> list[Label]:
    """Give a label for each field of a picture (H, W), in the emptiest of the near places around it."""
    height, width = picture.shape
    cost = 255 - picture.astype(np.float32)
    # Even paper costs nothing, whatever its grey.
    cost = np.maximum(cost - np.median(cost) - 30, 0)
    for box in fields:
        _take(cost, box)
    labels = []
    for field, text in zip(fields, texts, strict=True):
        found = [
            (_price(cost, label.box, field) + 40 * step, label)
            for step, scale in enumerate(SCALES)
            for label in _candidates(field, text, scale, width, height)
        ]
        label = min(found, key=lambda pair: pair[0])[1]
        _take(cost, label.box)
        labels.append(label)
    return labels


def _take(cost: npt.NDArray[np.float32], box: Box) -> None:
    inside = clip_box(box, cost.shape[1], cost.shape[0])
    cost[inside.y : inside.bottom, inside.x : inside.right] += TAKEN


def _price(cost: npt.NDArray[np.float32], box: Box, field: Box) -> float:
    """Give what a place covers, a pixel on average, and how far off it is."""
    covered = cost[box.y : box.bottom, box.x : box.right]
    apart_x = max(field.x - box.right, box.x - field.right, 0)
    apart_y = max(field.y - box.bottom, box.y - field.bottom, 0)
    return float(covered.mean() if covered.size else 0.0) + FAR * 10 * (apart_x + apart_y)


def _candidates(field: Box, text: str, scale: float, width: int, height: int) -> Iterator[Label]:
    """Give the places above, below, right and left of a field, inside the picture."""
    (text_width, text_height), drop = cv2.getTextSize(text, FONT, scale, 1)
    across, down = text_width + 2 * PADDING, text_height + drop + 2 * PADDING
    middle_x, middle_y = field.x + (field.width - across) // 2, field.y + (field.height - down) // 2
    above, below = field.y - GAP - down, field.bottom + GAP
    right, left = field.right + GAP, field.x - GAP - across
    places = [(x, y) for y in (above, below) for x in (field.x, field.right - across, middle_x)]
    places += [(right, middle_y), (left, middle_y)]
    places += [(right, above), (right, below), (left, above), (left, below)]
    places += [(field.x, above - down), (field.x, below + down), (right + across, middle_y)]
    places += [(width - across, middle_y), (0, middle_y)]
    for x, y in places:
        x_in, y_in = min(max(x, 0), max(width - across, 0)), min(max(y, 0), max(height - down, 0))
        yield Label(text, Box(x_in, y_in, across, down), (x_in + PADDING, y_in + PADDING + text_height), scale, 1)
