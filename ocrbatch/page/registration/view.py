"""A page as registration sees it: small, and smaller still, and with what stands out on it."""

from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.geometry import Matrix, transform_points
from ocrbatch.page.cuts import Pyramid, halved
from ocrbatch.page.quantiles import quantile
from ocrbatch.page.registration.features import Features, glance_features, orb_features, sift_features, telling_features
from ocrbatch.page.registration.landmarks import find_markers, find_squares
from ocrbatch.page.registration.shift import Thumbnail, thumbnail
from ocrbatch.page.ruling import find_ruling
from ocrbatch.records import Grey, Page

Floats = npt.NDArray[np.float32]

WORK_SIDE = 1000
"""Landmarks are looked for in a picture whose longer side has so many pixels."""
THIN = 9
PRINT_SHARE, PAPER_SHARE = 0.999, 0.8
FAINTEST, DARK_ENOUGH = 8.0, 110.0
MOST_GAIN = 6.0


class PageView:
    """A page at 1, 1/2, 1/4 … of its size, and what is seen on it, each made when it is first asked for.

    What is seen is told in the *working frame*: the page's picture with a longer side of 1000 pixels.
    """

    def __init__(self, page: Page, pyramid: Pyramid | None = None) -> None:
        self.page = page
        self.level = halved(page.pixels) if pyramid is None else pyramid

    @cached_property
    def work(self) -> Grey:
        """The working picture (H, W) uint8."""
        return self.stretched(self._small)

    @cached_property
    def _small(self) -> Grey:
        level, size = self._work_size
        picture: Grey = cv2.resize(self.level(level), size, interpolation=cv2.INTER_LINEAR)
        return picture

    @cached_property
    def _levels(self) -> Grey | None:
        """The grey (256,) uint8 for each of a pale page's, so that its print is as dark as others'; else None."""
        # Only what is thin counts: a dark desk around a pale sheet is no print.
        thin = cv2.morphologyEx(self._small, cv2.MORPH_BLACKHAT, np.ones((THIN, THIN), np.uint8))
        depth = quantile(thin[::2, ::2], PRINT_SHARE)
        if not FAINTEST <= depth < DARK_ENOUGH:
            return None
        gain = min(DARK_ENOUGH / depth, MOST_GAIN)
        paper = quantile(self._small[::4, ::4], PAPER_SHARE)
        return np.asarray(np.clip(255 - (paper - np.arange(256)) * gain, 0, 255), np.uint8)

    def stretched(self, picture: Grey) -> Grey:
        """Give a picture (h, w) of the page with its print as dark as most pages' is."""
        return picture if self._levels is None else np.asarray(cv2.LUT(picture, self._levels), np.uint8)

    @property
    def to_page(self) -> Matrix:
        """The matrix (3, 3) from the working frame to the page's own pixels."""
        level, size = self._work_size
        source = self.level(level)
        return np.diag([2**level * source.shape[1] / size[0], 2**level * source.shape[0] / size[1], 1.0])

    @property
    def _work_size(self) -> tuple[int, tuple[int, int]]:
        """The halvings that the working picture is made from, and its width and height."""
        scale = WORK_SIDE / max(self.page.pixels.shape)
        level = max(int(np.floor(np.log2(1 / scale) + 0.4)), 0)
        height, width = self.level(level).shape
        return level, (max(round(width * scale * 2**level), 1), max(round(height * scale * 2**level), 1))

    @cached_property
    def thumbnail(self) -> Thumbnail:
        """A small picture of it, to be laid over another one's."""
        return thumbnail(self.work)

    @cached_property
    def telling(self) -> Features:
        """Its clearest corners, which tell one form from another."""
        return telling_features(self.work)

    @cached_property
    def glance(self) -> Features:
        """Some corners from all over it, which are enough for most pages."""
        return glance_features(self.work)

    @cached_property
    def orb(self) -> Features:
        """Its corners, more of them and fainter ones."""
        return orb_features(self.work)

    @cached_property
    def sift(self) -> Features:
        """Its corners for hard cases."""
        return sift_features(self.work)

    @cached_property
    def squares(self) -> Floats:
        """The middles (n, 2) of its printed black squares."""
        return find_squares(self.work)

    @cached_property
    def markers(self) -> dict[int, Floats]:
        """The corners (4, 2) of its ArUco markers, by their ids."""
        return find_markers(self.work)

    @cached_property
    def runs(self) -> tuple[Floats, ...]:
        """Its runs of boxes, each (n, 4, 2), in reading order."""
        back = np.linalg.inv(self.to_page)
        return tuple(transform_points(back, run) for run in find_ruling(self.page).runs)


def rectified(view: PageView, to_page: Matrix, width: int, height: int) -> Grey:
    """Give the page as seen from another frame of ``width``×``height`` pixels; ``to_page`` (3, 3) leads from it.

    Where the frame is coarser than the page, a halved page is sampled, so that nothing between its pixels is lost.
    """
    corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]], dtype=float) @ to_page.T
    points = corners[:, :2] / corners[:, 2:]
    area = abs(cv2.contourArea(points.astype(np.float32)))
    ratio = np.sqrt(max(area, 1.0) / (width * height))
    level = max(int(np.floor(np.log2(max(ratio, 1.0)) + 0.35)), 0)
    source = view.level(level)
    shrink = np.diag([1 / 2**level, 1 / 2**level, 1.0])
    # Coordinates are those of pixels' corners; OpenCV's are those of their centres.
    half = np.array([[1.0, 0, 0.5], [0, 1.0, 0.5], [0, 0, 1.0]])
    matrix = np.linalg.inv(half) @ shrink @ to_page @ half
    picture: Grey = cv2.warpPerspective(
        source, matrix, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    return view.stretched(picture)
