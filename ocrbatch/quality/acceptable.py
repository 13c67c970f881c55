"""Which fields a lower threshold of confidence could accept: those that nothing but their confidence keeps back."""

from ocrbatch.output.results import ResultRow
from ocrbatch.records import Status

LOW_CONFIDENCE = "low confidence"
"""How the reason begins that a field has where only its confidence was below what was asked."""


def can_be_accepted(row: ResultRow) -> bool:
    """Tell whether the field is accepted, or would be with a lower threshold.

    A field in review for any other reason than a low confidence stays there whatever its confidence, as do a blank
    field and one that breaks a rule.
    """
    if row.status == Status.ACCEPTED:
        return True
    if row.status != Status.REVIEW or not row.value or not row.reasons:
        return False
    return all(reason.startswith(LOW_CONFIDENCE) for reason in row.reasons)
