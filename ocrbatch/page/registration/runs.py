"""Proposals from the form's ruling: its runs of boxes, told apart by how many cells they have."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ocrbatch.geometry import Matrix, transform_points
from ocrbatch.page.registration.transforms import affine_through, homography_through

Floats = npt.NDArray[np.float32]

NEAR = 0.5
DRIFT = 0.04
MAX_STRETCH = 1.5
SCALES = (0.2, 5.0)
MAX_RUNS = 60


def outlines(runs: Sequence[Floats]) -> Floats:
    """Give the corners (n, 4, 2) of runs of boxes, each (k, 4, 2)."""
    corners = [np.stack([run[0, 0], run[-1, 1], run[-1, 2], run[0, 3]]) for run in runs]
    return np.array(corners, dtype=np.float32).reshape(-1, 4, 2)


def propose_by_runs(reference: Sequence[Floats], page: Sequence[Floats]) -> Matrix | None:
    """Give the transform (3, 3) that brings most of the reference's runs (k, 4, 2) onto runs of as many cells.

    Either way up; the page's rows are level to 20 degrees, as they are found so.
    """
    reference, page = list(reference)[:MAX_RUNS], list(page)[:MAX_RUNS]
    counts, page_counts = np.array([len(run) for run in reference]), np.array([len(run) for run in page])
    source, upright = outlines(reference), outlines(page)
    best: tuple[float, float, Matrix] | None = None
    for target in (upright, np.roll(upright, 2, axis=1)):
        same = counts[:, None] == page_counts[None]
        for i, j in np.argwhere(same):
            guess = affine_through(source[i], target[j])
            if not _likely(guess):
                continue
            for _ in range(2):
                pairs, far = _met(guess, source, target, same)
                if not pairs:
                    break
                guess = _through(source[[k for k, _ in pairs]], target[[k for _, k in pairs]])
            if not pairs:
                continue
            cells = float(sum(counts[k] for k, _ in pairs))
            if best is None or (-cells, far) < (-best[0], best[1]):
                best = cells, far, guess
    return None if best is None else best[2]


def _through(source: Floats, target: Floats) -> Matrix:
    """Fit a homography to outlines (n, 4, 2) where they span the page, else an affine transform."""
    fit = homography_through if len(source) >= 4 else affine_through
    return fit(source.reshape(-1, 2), target.reshape(-1, 2))


def _likely(guess: Matrix) -> bool:
    """Tell whether a scanner or a camera could have done this."""
    large, small = np.linalg.svd(guess[:2, :2], compute_uv=False)
    return bool(small > SCALES[0] and large < SCALES[1] and large < MAX_STRETCH * small)


def _met(
    guess: Matrix, source: Floats, target: Floats, same: npt.NDArray[np.bool_]
) -> tuple[list[tuple[int, int]], float]:
    """Give the pairs of runs that a guess brings together, and how far apart their corners are on the mean."""
    moved = transform_points(guess, source)
    far = np.linalg.norm(moved[:, None] - target[None], axis=3).max(axis=2)
    height = np.linalg.norm(target[:, 3] - target[:, 0], axis=1)
    far = np.where(same, far, np.inf)
    reach = NEAR * height + DRIFT * 100
    nearest, back = far.argmin(axis=1), far.argmin(axis=0)
    pairs = [(i, int(j)) for i, j in enumerate(nearest) if back[j] == i and far[i, j] <= reach[j]]
    return pairs, float(np.mean([far[i, j] for i, j in pairs])) if pairs else np.inf
