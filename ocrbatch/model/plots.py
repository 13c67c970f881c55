"""Pictures, as PNG bytes, of how a training went and where a model errs; the same data gives the same bytes.

Colours are those of M. Okabe and K. Ito, "Color universal design", 2008, which the colour-blind tell apart; line
styles, marks and words say the same once more.
"""

import io
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from ocrbatch.errors import MissingExtraError
from ocrbatch.model.datasets import Labels
from ocrbatch.model.evaluate import BINS, NAMES, Evaluation, reliability, risk_coverage
from ocrbatch.page.classify import INSTALL_TRAIN
from ocrbatch.records import Grey, Probabilities, Tiles

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

Curve = tuple[npt.NDArray[np.floating[Any]], npt.NDArray[np.bool_]]
"""Confidence (n,) in 0–1 and whether the reading was right (n,)."""

DPI = 100
TILES_SHOWN = 40
COLUMNS = 10
LONGEST_NAME = 48

BLUE, ORANGE, GREEN, PURPLE, SKY, YELLOW = "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00"
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, YELLOW)
STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
MARKS = ("o", "s", "^", "D", "v", "P", "X")
GREY = "#767676"


def history_picture(history: Sequence[Mapping[str, float]]) -> bytes:
    """Draw accuracy and loss over the epochs.

    ``history`` has a row an epoch; every column whose name ends with ``accuracy`` or ``loss`` is drawn, and the
    epoch of the least ``clean_loss`` + ``worn_loss`` is marked where there is a ``clean_loss``.
    Raises MissingExtraError without matplotlib.
    """
    figure = _figure(13, 5.5)
    if not history:
        return _notice(figure, "no epochs")
    from matplotlib.ticker import MaxNLocator

    epochs = [row.get("epoch", number) for number, row in enumerate(history, 1)]
    best = _best_epoch(history)
    axes: Sequence[Axes] = figure.subplots(1, 2)
    for ax, measure in zip(axes, ("accuracy", "loss"), strict=True):
        names = [name for name in dict.fromkeys(name for row in history for name in row) if name.endswith(measure)]
        for index, name in enumerate(names):
            values = [row.get(name, math.nan) for row in history]
            ax.plot(epochs, values, label=_words(name), markersize=5, **_look(index))
        if best is not None:
            ax.axvline(epochs[best], color=GREY, linestyle=(0, (1, 2)), label=f"best epoch: {epochs[best]:g}")
        ax.set(xlabel="epoch", ylabel=measure, title=measure.capitalize(), xlim=(min(epochs) - 0.5, max(epochs) + 0.5))
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        _finish(ax, legend=bool(names))
    return _png(figure)


def confusion_picture(evaluation: Evaluation) -> bytes:
    """Draw how often each truth (rows) was read as each label (columns), 11 by 11.

    The darker a cell off the diagonal, the greater the logarithm of its count. Raises MissingExtraError without
    matplotlib.
    """
    figure = _figure(10.5, 9.5)
    counts = evaluation.confusion
    if evaluation.count == 0:
        return _notice(figure, "no tiles")
    diagonal = np.eye(len(NAMES), dtype=bool)
    depth = np.log1p(np.where(diagonal, 0, counts))
    depth /= max(depth.max(), 1e-9)
    ax = figure.subplots()
    ax.imshow(np.ma.masked_array(depth, diagonal), cmap="Oranges", vmin=0, vmax=1.8)
    ax.set_facecolor("#cfe3f1")
    for (row, column), count in np.ndenumerate(counts):
        colour = "black" if count else GREY
        weight = "bold" if row == column else "normal"
        ax.text(column, row, str(count), ha="center", va="center", color=colour, weight=weight, fontsize=12)
    ax.set_xticks(range(len(NAMES)), NAMES, fontsize=13)
    ax.set_yticks(range(len(NAMES)), NAMES, fontsize=13)
    ax.set_xlabel("reading", fontsize=13)
    ax.set_ylabel("truth", fontsize=13)
    wrong = int(counts.sum() - np.trace(counts))
    ax.set_title(f"{wrong} of {counts.sum()} tiles read wrong (blue, bold: read right)", fontsize=14)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    return _png(figure)


def mistakes_picture(tiles: Tiles, labels: Labels, scores: Probabilities) -> bytes:
    """Draw up to 40 wrong readings, the surest first, each under its truth, reading and confidence.

    ``tiles`` (n, 28, 28) uint8, ink bright on 0; ``labels`` (n,) 0–10; ``scores`` (n, 11). Raises MissingExtraError
    without matplotlib.
    """
    wrong = np.flatnonzero(scores.argmax(axis=1) != labels)
    if len(wrong) == 0:
        return _notice(_figure(13, 2), "no wrong readings")
    shown = wrong[np.argsort(-scores[wrong].max(axis=1), kind="stable")][:TILES_SHOWN]
    count = str(len(wrong)) if len(wrong) == len(shown) else f"the surest {len(shown)} of {len(wrong)}"
    figure = _sheet(len(shown), f"Wrong readings ({count}): truth→reading, confidence")
    for ax, index in zip(figure.axes, shown, strict=True):
        _draw_tile(ax, tiles[index], _caption(labels[index], scores[index]), GREY)
    return _png(figure)


def predictions_picture(tiles: Tiles, labels: Labels, scores: Probabilities) -> bytes:
    """Draw 40 evenly spaced tiles with reading and confidence, framed by whether the reading is right.

    ``tiles`` (n, 28, 28) uint8, ink bright on 0; ``labels`` (n,) 0–10; ``scores`` (n, 11). Raises MissingExtraError
    without matplotlib.
    """
    if len(labels) == 0:
        return _notice(_figure(13, 2), "no tiles")
    shown = np.linspace(0, len(labels) - 1, min(len(labels), TILES_SHOWN)).round().astype(np.int64)
    title = "Thin blue frame: right, with the reading; thick orange frame: wrong, with truth→reading"
    figure = _sheet(len(shown), title)
    for ax, index in zip(figure.axes, shown, strict=True):
        right = scores[index].argmax() == labels[index]
        caption = _caption(labels[index], scores[index])
        _draw_tile(ax, tiles[index], caption, BLUE if right else ORANGE, 1.5 if right else 5)
    return _png(figure)


def reliability_picture(curves: Mapping[str, Curve]) -> bytes:
    """Draw the share that is right against the confidence in 15 equal bins, and how many tiles each bin has.

    A curve a name, each from its confidence (n,) and whether its reading was right (n,); names without tiles are
    left out. Raises MissingExtraError without matplotlib.
    """
    figure = _figure(10, 10.5)
    curves = {name: curve for name, curve in curves.items() if len(curve[0])}
    if not curves:
        return _notice(figure, "no tiles")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    edges = np.linspace(0, 1, BINS + 1)
    upper.plot((0, 1), (0, 1), color=GREY, linewidth=1, label="confidence holds")
    for index, (name, (confidence, right)) in enumerate(curves.items()):
        binned = reliability(confidence, right)
        found, some = binned.count, binned.count > 0
        sure, share = binned.confidence[some], binned.accuracy[some]
        look = _look(index)
        upper.plot(sure, share, label=f"{_legible(name)} ({len(right)} tiles)", markersize=6, **look)
        # Bins without tiles stay gaps: a logarithm has no zero.
        lower.stairs(
            np.where(some, found, np.nan), edges, baseline=None, color=look["color"], ls=look["linestyle"], lw=2
        )
    upper.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), ylabel="share of readings that are right")
    upper.set_title("Reliability: does confidence hold?")
    _finish(upper)
    lower.set(xlabel="confidence", ylabel="tiles in the bin", yscale="log")
    lower.set_ylim(bottom=0.7)
    _plain_numbers(lower.yaxis)
    _finish(lower, legend=False)
    return _png(figure)


def rejection_picture(curves: Mapping[str, Curve]) -> bytes:
    """Draw the share of errors among the kept readings against the share rejected, the least sure first.

    A curve a name, each from its confidence (n,) and whether its reading was right (n,); readings of one confidence
    are rejected together; a curve ends where no error is left. Raises MissingExtraError without matplotlib.
    """
    figure = _figure(12, 7.5)
    curves = {name: curve for name, curve in curves.items() if len(curve[0])}
    if not curves:
        return _notice(figure, "no tiles")
    ax = figure.subplots()
    seen = [1.0]
    for index, (name, curve) in enumerate(curves.items()):
        traced = risk_coverage(*curve)
        rejected, error = traced.rejected, traced.error
        percent = error[error > 0] * 100
        seen += percent.tolist()
        label = _legible(name) if len(percent) else f"{_legible(name)} (no errors)"
        ends = [len(percent) - 1] if len(percent) else None
        ax.plot(rejected[error > 0] * 100, percent, label=label, markersize=9, markevery=ends, **_look(index))
    # Whole decades, so that the axis has numbers however flat the curves are.
    limits = 10.0 ** np.floor(np.log10(min(seen))), 10.0 ** np.ceil(np.log10(1.01 * max(seen)))
    ax.set_title("Errors left when the least sure readings are rejected (mark: no error is left beyond)")
    ax.set(xlabel="rejected, %", ylabel="wrong among the kept, %", xlim=(-1, 101), yscale="log", ylim=limits)
    _plain_numbers(ax.yaxis)
    _finish(ax)
    return _png(figure)


def _best_epoch(history: Sequence[Mapping[str, float]]) -> int | None:
    losses = [row.get("clean_loss", math.nan) + row.get("worn_loss", 0.0) for row in history]
    known = [index for index, loss in enumerate(losses) if not math.isnan(loss)]
    return min(known, key=losses.__getitem__) if known else None


def _caption(label: np.int64, scores: npt.NDArray[np.float32]) -> str:
    read = int(scores.argmax())
    text = NAMES[read] if read == label else f"{NAMES[int(label)]}→{NAMES[read]}"
    return f"{text} {scores[read]:.2f}"


def _sheet(count: int, title: str) -> "Figure":
    """Give a figure of exactly ``count`` axes, 10 a row from the top left."""
    rows = -(-count // COLUMNS)
    height = 0.8 + 1.5 * rows
    # The places are known; finding them would take most of the time.
    figure = _figure(13, height, layout=None)
    figure.subplots_adjust(0.015, 0.1 / height, 0.985, 1 - 0.7 / height, wspace=0.2, hspace=0.3)
    figure.text(0.5, 1 - 0.12 / height, title, ha="center", va="top", fontsize=13)
    for number in range(count):
        figure.add_subplot(rows, COLUMNS, number + 1)
    return figure


def _draw_tile(ax: "Axes", tile: Grey, caption: str, colour: str, width: float = 1) -> None:
    ax.imshow(255 - tile, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    ax.set_title(caption, fontsize=11, pad=5)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set(color=colour, linewidth=width)


def _look(index: int) -> dict[str, Any]:
    return {
        "color": COLOURS[index % len(COLOURS)],
        "linestyle": STYLES[index % len(STYLES)],
        "marker": MARKS[index % len(MARKS)],
        "linewidth": 2,
    }


def _words(column: str) -> str:
    return column.replace("_", " ") if "_" in column else f"training {column}"


def _legible(name: str) -> str:
    """Give a name as a legend takes it: short, no formula between dollars, and not hidden for a leading underscore."""
    short = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME // 3]}…{name[-LONGEST_NAME * 2 // 3 :]}"
    return (" " if short.startswith("_") else "") + short.replace("$", r"\$")


def _plain_numbers(axis: "Axis") -> None:
    """Write 0.01, 0.1, 1, 10 instead of powers."""
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _finish(ax: "Axes", legend: bool = True) -> None:
    ax.grid(visible=True, which="major", color="#dddddd", linewidth=0.8)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=11)
    ax.title.set_fontsize(14)
    ax.xaxis.label.set_fontsize(12)
    ax.yaxis.label.set_fontsize(12)
    if legend:
        ax.legend(fontsize=11, handlelength=3.5)


def _notice(figure: "Figure", text: str) -> bytes:
    figure.text(0.5, 0.5, text, ha="center", va="center", fontsize=20, color=GREY)
    return _png(figure)


def _figure(width: float, height: float, layout: Literal["constrained"] | None = "constrained") -> "Figure":
    """Give an empty figure of ``width`` by ``height`` hundred pixels that no window knows of."""
    try:
        import matplotlib  # noqa: F401  (its parts may be loaded where it itself cannot be)
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError(f"Pictures need matplotlib, which is not installed: {INSTALL_TRAIN}") from error
    return Figure(figsize=(width, height), dpi=DPI, layout=layout, facecolor="white")


def _png(figure: "Figure") -> bytes:
    file = io.BytesIO()
    # Without the name of the software the bytes depend on the picture alone.
    figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()
