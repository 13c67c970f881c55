"""A score as plain values, for scripts: counts, and shares that are null where there is nothing to share."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from ocrbatch.output.escape import escape_name
from ocrbatch.quality.compare import Compared
from ocrbatch.quality.confusions import Confusion
from ocrbatch.quality.reliability import Bin
from ocrbatch.quality.risk import Point, RiskCoverage
from ocrbatch.quality.score import Part, Report, Score, StatusCount
from ocrbatch.quality.shares import CONFIDENCE, interval, share

WRONG_SHOWN = 100
"""Wrong fields told one by one."""


def as_json(report: Report) -> dict[str, Any]:
    """Give a report as JSON's values; ``…_lower`` and ``…_upper`` are bounds of 95 %, one point at a time."""
    return {
        **_shares(report.total),
        "without_truth": report.without_truth,
        "corrected": report.corrected,
        "bounds_confidence": CONFIDENCE,
        **_all_of(report.whole),
        "by_form": [
            {"form": escape_name(part.form), **_shares(part.counts), **_all_of(part)} for part in report.by_form
        ],
        "by_field": [
            {"form": escape_name(part.form), "field": escape_name(part.field), **_shares(part.counts), **_short(part)}
            for part in report.by_field
        ],
        "wrong_fields": [_wrong(pair) for pair in report.wrong[:WRONG_SHOWN]],
    }


def _all_of(part: Part) -> dict[str, Any]:
    return {
        "by_status": {count.status: _status(count) for count in part.statuses},
        "error_against_accepted": _risk(part.risk),
        "calibration": {
            "fields": part.reliability.fields,
            "error": part.reliability.error,
            "bins": [_bin(one) for one in part.reliability.bins],
        },
        "confusions": _confusions(part.confusions),
    }


def _short(part: Part) -> dict[str, Any]:
    return {
        "by_status": {count.status: {"fields": count.fields, "wrong": count.wrong} for count in part.statuses},
        "acceptable": part.risk.acceptable,
        "aurc": part.risk.aurc,
        "excess_aurc": part.risk.excess_aurc,
        "calibration_error": part.reliability.error,
        "confusions": _confusions(part.confusions),
    }


def _shares(counts: Score) -> dict[str, Any]:
    return {
        **asdict(counts),
        "exact_share": share(counts.exact, counts.fields),
        "digit_accuracy": share(counts.digits - counts.digit_errors, counts.digits),
        "blanks_right_share": share(counts.blanks_right, counts.blanks),
        "accepted_share": share(counts.accepted, counts.fields),
        **_error("accepted_error", counts.accepted_wrong, counts.accepted),
    }


def _status(count: StatusCount) -> dict[str, Any]:
    return {"fields": count.fields, "wrong": count.wrong, **_error("error", count.wrong, count.fields)}


def _risk(risk: RiskCoverage) -> dict[str, Any]:
    return {
        "acceptable": risk.acceptable,
        "aurc": risk.aurc,
        "excess_aurc": risk.excess_aurc,
        "at_error": [
            {"target": target, **(_point(point, risk.fields) if point else _nothing())}
            for target, point in risk.at_error
        ],
        "points": [_point(point, risk.fields) for point in risk.points],
    }


def _nothing() -> dict[str, Any]:
    """Give what no threshold gives: nothing is accepted."""
    return {"threshold": None, "accepted": 0, "wrong": 0, "share": 0.0, **_error("error", 0, 0)}


def _point(point: Point, fields: int) -> dict[str, Any]:
    return {
        "threshold": point.threshold,
        "accepted": point.accepted,
        "wrong": point.wrong,
        "share": share(point.accepted, fields),
        **_error("error", point.wrong, point.accepted),
    }


def _bin(one: Bin) -> dict[str, Any]:
    lower, upper = interval(one.right, one.fields)
    return {
        **asdict(one),
        "right_share": share(one.right, one.fields),
        "right_share_lower": lower,
        "right_share_upper": upper,
    }


def _error(name: str, wrong: int, of: int) -> dict[str, float | None]:
    """Give an error with its bounds, null of nothing."""
    lower, upper = interval(wrong, of) if of else (None, None)
    return {name: share(wrong, of), f"{name}_lower": lower, f"{name}_upper": upper}


def _confusions(found: Iterable[Confusion]) -> list[dict[str, Any]]:
    return [asdict(one) for one in found]


def _wrong(pair: Compared) -> dict[str, Any]:
    return {
        "file": escape_name(pair.file),
        "page": pair.page,
        "form": escape_name(pair.form),
        "field": escape_name(pair.field),
        "true": escape_name(pair.true),
        "read": escape_name(pair.read),
        "confidence": pair.confidence if pair.status else None,
        "status": pair.status,
        "reasons": list(pair.reasons),
    }
