"""Paper for runs of digits: security print, ruling, boxes, grain and shade, and what scanning does to it."""

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.records import Grey

Floats = npt.NDArray[np.float32]


def draw_paper(shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Draw paper (h, w) float32, 0 black to 255 white, with what is printed on it but lines."""
    base = float(rng.uniform(150, 253))
    paper = np.full(shape, base, np.float32)
    kind = rng.random()
    if kind < 0.7:
        contrast = float(rng.uniform(0.02, 0.2)) * base
        for _ in range(int(rng.choice([1, 2, 3], p=[0.5, 0.35, 0.15]))):
            paper -= contrast * _print(shape, rng)
    if rng.random() < 0.5:
        paper += _shade(shape, rng) * float(rng.uniform(2, 25))
    if rng.random() < 0.4:
        blotches = cv2.resize(rng.normal(0, 1, (4, 12)).astype(np.float32), shape[::-1], interpolation=cv2.INTER_CUBIC)
        paper += blotches * float(rng.uniform(1, 8))
    return paper


def _print(shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Draw security print as shares of its ink: waves, straight lines, arcs, dots, or large faint letters."""
    kind = rng.random()
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    pitch = float(rng.uniform(3, 11))
    sharp = float(rng.uniform(1, 5))
    if kind < 0.55:
        angle = float(rng.choice([rng.normal(0, 0.12), rng.uniform(-1.57, 1.57)]))
        across = -np.sin(angle) * x + np.cos(angle) * y
        along = np.cos(angle) * x + np.sin(angle) * y
        for _ in range(2):
            length, height = rng.uniform(15, 200), rng.uniform(0, 0.9) * pitch * rng.choice([0.3, 1, 2])
            across = across + height * np.sin(2 * np.pi * (along / length + rng.random()))
        return _lines(across / pitch, sharp)
    if kind < 0.75:
        centre = rng.uniform(-1, 2, 2) * np.array(shape[::-1])
        return _lines(np.hypot(x - centre[0], (y - centre[1]) * rng.uniform(0.5, 2)) / pitch, sharp)
    if kind < 0.92:
        angle = float(rng.uniform(0, 1.57))
        u, v = np.cos(angle) * x + np.sin(angle) * y, -np.sin(angle) * x + np.cos(angle) * y
        dots = np.sin(2 * np.pi * u / pitch) * np.sin(2 * np.pi * v / pitch)
        return np.asarray(np.clip(dots * sharp, 0, 1), np.float32)
    letters = np.zeros(shape, np.uint8)
    text = "".join(rng.choice(list("ABCDEFGHKLMNPRSTUVXYZ"), 14))
    cv2.putText(
        letters,
        text,
        (int(rng.integers(-30, 10)), int(shape[0] * rng.uniform(0.4, 1.1))),
        cv2.FONT_HERSHEY_TRIPLEX,
        float(rng.uniform(0.5, 2.5)),
        255,
        int(rng.integers(1, 4)),
        cv2.LINE_AA,
    )
    return letters.astype(np.float32) / np.float32(255)


def _lines(phase: Floats, sharp: float) -> Floats:
    return np.asarray(np.clip(0.5 + sharp * (np.sin(2 * np.pi * phase) - 0.5), 0, 1), np.float32)


def _shade(shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    angle = rng.uniform(0, 2 * np.pi)
    return np.asarray(np.cos(angle) * x + np.sin(angle) * y, np.float32)


def draw_ruling(paper: Floats, box: tuple[int, int, int, int], rng: np.random.Generator) -> None:
    """Draw in place the lines around a field ``box`` (x, y, width, height): a box, a line below, a comb's ticks."""
    x, y, width, height = box
    kind = rng.random()
    if kind < 0.35:
        return
    thick = int(rng.choice([1, 1, 2, 2, 3]))
    level = float(paper.mean()) * float(rng.uniform(0.1, 0.75))
    sides = {"below"} if kind < 0.6 else {"below", "above"} if kind < 0.72 else {"below", "above", "left", "right"}
    tilt = float(rng.normal(0, 0.006))
    drawn = np.zeros(paper.shape, np.uint8)

    def line(start: tuple[float, float], end: tuple[float, float]) -> None:
        points = [(round(8 * u), round(8 * (v + tilt * (u - x)))) for u, v in (start, end)]
        cv2.line(drawn, points[0], points[1], 255, thick, cv2.LINE_AA, 3)

    beyond = float(rng.choice([0.0, width]))
    if "below" in sides:
        line((x - beyond, y + height), (x + width + beyond, y + height))
    if "above" in sides:
        line((x - beyond, y), (x + width + beyond, y))
    if "left" in sides:
        line((x, y), (x, y + height))
    if "right" in sides:
        line((x + width, y), (x + width, y + height))
    paper += (level - paper) * (drawn.astype(np.float32) / 255)


def scan(picture: Floats, rng: np.random.Generator) -> Grey:
    """Scan a picture (h, w) float32: blur, noise, sometimes two levels only, sometimes JPEG."""
    if rng.random() < 0.7:
        picture = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.3, 1.1)))
    picture = picture + rng.normal(0, float(rng.uniform(0.5, 9)), picture.shape).astype(np.float32)
    grey: Grey = np.clip(picture, 0, 255).astype(np.uint8)
    kind = rng.random()
    if kind < 0.12:
        middle = float(grey.min()) * 0.45 + float(np.median(grey)) * 0.55
        return np.where(grey < middle, np.uint8(0), np.uint8(255))
    if kind < 0.75:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 97))]
        return np.asarray(cv2.imdecode(cv2.imencode(".jpg", grey, quality)[1], cv2.IMREAD_GRAYSCALE), np.uint8)
    return grey
