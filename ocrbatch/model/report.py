"""Measures of models laid out: for a person, as plain values, and several side by side."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ocrbatch.model.evaluate import NAMES, Evaluation
from ocrbatch.records import NOT_A_DIGIT

STRICT = 0.001
ERRORS = (0.005, STRICT)
"""How often the kept may be wrong: what has to be rejected for it is told."""
HEADINGS = (
    *("set", "model", "tiles", "accuracy", "wrong", "loss"),
    *("calibration error", "AURC", f"rejected for {STRICT:.1%}", "non-digits taken"),
)
NAMED = 2
"""The columns that are names, and stand to the left."""
UNDEFINED = "-"


def as_text(evaluation: Evaluation) -> str:
    """Lay the measures out for a person."""
    rows = [
        ("tiles", str(evaluation.count)),
        ("accuracy", _percent(evaluation.accuracy, 2)),
        ("loss", _number(evaluation.loss, 5)),
        ("calibration error", _number(evaluation.calibration_error, 4)),
        ("AURC", _number(evaluation.aurc, 6)),
        *((f"rejected for {error:.1%}", _percent(evaluation.rejected_for(error), 2)) for error in ERRORS),
        ("non-digits taken", _percent(evaluation.taken, 2)),
    ]
    lines = [f"{name:<19}{value}" for name, value in rows]
    return "\n".join([*lines, "", *_label_lines(evaluation), "", *_confusion_lines(evaluation)])


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """Give the measures as plain values; what is undefined is None.

    ``rejection`` is the risk–coverage curve at every whole per cent rejected, or the last point before it.
    """
    return {
        "count": evaluation.count,
        "loss": _plain(evaluation.loss),
        "accuracy": _plain(evaluation.accuracy),
        "wrong": _wrong(evaluation),
        "calibration_error": _plain(evaluation.calibration_error),
        "aurc": _plain(evaluation.aurc, 8),
        "rejected_for": {str(error): _plain(evaluation.rejected_for(error)) for error in ERRORS},
        "non_digits_taken": _plain(evaluation.taken),
        "labels": list(NAMES),
        "label_counts": evaluation.confusion.sum(axis=1).tolist(),
        "recall": [_plain(value) for value in evaluation.recall().tolist()],
        "precision": [_plain(value) for value in evaluation.precision().tolist()],
        "f1": [_plain(value) for value in evaluation.f1().tolist()],
        "confusion": evaluation.confusion.tolist(),
        "reliability": _reliability(evaluation),
        "rejection": _rejection(evaluation),
        "not_a_digit": NOT_A_DIGIT,
    }


def compare(results: Sequence[tuple[str, str, Evaluation]]) -> str:
    """Lay (model, set, measures) out as a table with a row each, in their order."""
    table = [HEADINGS, *(_row(*result) for result in results)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = []
    for row in table:
        cells = [
            cell.ljust(width) if index < NAMED else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells))
    return "\n".join(lines)


def _row(model: str, data: str, evaluation: Evaluation) -> tuple[str, ...]:
    return (
        data,
        model,
        str(evaluation.count),
        _percent(evaluation.accuracy, 2),
        str(_wrong(evaluation)),
        _number(evaluation.loss, 5),
        _number(evaluation.calibration_error, 4),
        _number(evaluation.aurc, 6),
        _percent(evaluation.rejected_for(STRICT), 2),
        _percent(evaluation.taken, 2),
    )


def _label_lines(evaluation: Evaluation) -> list[str]:
    lines = ["label   count   found   right      F1"]
    counts = evaluation.confusion.sum(axis=1).tolist()
    measures = (evaluation.recall(), evaluation.precision(), evaluation.f1())
    for name, count, *shares in zip(NAMES, counts, *measures, strict=True):
        # Neither in the set nor read: nothing to tell.
        if not np.isnan(shares[-1]):
            lines.append(f"{name:>5}{count:>8}" + "".join(f"{_percent(share, 1):>8}" for share in shares))
    return lines


def _confusion_lines(evaluation: Evaluation) -> list[str]:
    lines = ["truth down, reading across", "     " + "".join(f"{name:>7}" for name in NAMES)]
    for name, row in zip(NAMES, evaluation.confusion, strict=True):
        if row.any():
            lines.append(f"{name:>5}" + "".join(f"{count or '.':>7}" for count in row.tolist()))
    return lines


def _reliability(evaluation: Evaluation) -> list[dict[str, Any]]:
    bins = evaluation.reliability()
    return [
        {"count": count, "confidence": _plain(confidence), "accuracy": _plain(accuracy)}
        for count, confidence, accuracy in zip(
            bins.count.tolist(), bins.confidence.tolist(), bins.accuracy.tolist(), strict=True
        )
    ]


def _rejection(evaluation: Evaluation) -> list[dict[str, Any]]:
    curve = evaluation.risk_coverage()
    if not len(curve.rejected):
        return []
    points = np.unique(np.searchsorted(curve.rejected, np.arange(101) / 100, side="right") - 1)
    return [{"rejected": _plain(curve.rejected[at]), "error": _plain(curve.error[at])} for at in points]


def _wrong(evaluation: Evaluation) -> int:
    return int((~evaluation.right).sum())


def _percent(value: float, digits: int) -> str:
    return UNDEFINED if math.isnan(value) else f"{value:.{digits}%}"


def _number(value: float, digits: int) -> str:
    return UNDEFINED if math.isnan(value) else f"{value:.{digits}f}"


def _plain(value: float, digits: int = 6) -> float | None:
    return None if math.isnan(value) else round(float(value), digits)
