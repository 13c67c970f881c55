"""Whether what a person says of a field can be: its kind, its cells, its form's rules, and the sums of its page."""

from collections.abc import Mapping, Sequence

from ocrbatch.form.rules import BlankAs, Sum
from ocrbatch.form.rules.rule import is_number
from ocrbatch.form.template import Blank, Field, Kind
from ocrbatch.job.corrected import Verdict
from ocrbatch.output.workbook_checks import BLANK, LONGEST, MARKS, SHORT_UNREADABLE, UNREADABLE
from ocrbatch.records import FieldReading

_WORDS = {
    BLANK: Verdict.BLANK,
    UNREADABLE: Verdict.UNREADABLE,
    SHORT_UNREADABLE: Verdict.UNREADABLE,
}


def verdict_of(text: str) -> tuple[Verdict, str]:
    """Give what a person means by a cell's text: a word for a verdict, else a value.

    An apostrophe before it, by which spreadsheets mark a text, is not part of it.
    """
    said = " ".join(text.split()).casefold()
    if said in _WORDS:
        return _WORDS[said], ""
    return Verdict.VALUE, text.strip().removeprefix("'").strip()


def fault_of(verdict: Verdict, value: str, field: FieldReading, own: Field | None) -> str:
    """Say why a field cannot be what a person says; empty where it can. ``own`` is the form's field, if it has one."""
    blank = own.blank if own else Blank.ALLOWED
    if verdict is Verdict.BLANK and blank is Blank.FORBIDDEN:
        return "the form does not let it be blank"
    if verdict is not Verdict.VALUE:
        return ""
    if blank is Blank.REQUIRED:
        return "the form wants it blank"
    if field.kind == Kind.MARK:
        return "" if value in MARKS else f"is no mark; write {', '.join(MARKS)}, or blank"
    if fault := _fault_of_digits(value, field, own):
        return fault
    broken = [rule.text for rule in own.rules if not rule.allows(value)] if own else []
    return f"breaks {'; '.join(broken)}" if broken else ""


def _fault_of_digits(value: str, field: FieldReading, own: Field | None) -> str:
    digits = value.replace(" ", "")
    if not is_number(digits) or (field.kind == Kind.STRING and " " in value):
        return "is no number; write its digits alone"
    # Of boxes that were found without a form, some may have been missed.
    most = len(own.cells) if own and own.kind is Kind.BOXES else LONGEST
    return f"has {len(value)} signs, the field takes {most}" if len(value) > most else ""


def zeros_may_be_lost(value: str, field: FieldReading, own: Field | None) -> bool:
    """Tell whether a spreadsheet's number may have lost zeros: not where it fills its field."""
    return not (own is not None and own.kind is Kind.BOXES and len(value) == len(own.cells) and len(value) <= 15)


def broken_sums(fields: Sequence[Field], values: Mapping[str, str]) -> list[tuple[str, set[str]]]:
    """Give the sums of a form's page that do not hold, as the form spells them, with the fields that they bind.

    ``values`` has the fields that are settled, blanks as empty texts; a sum with another one is not looked at.
    """
    amounts = {field.name: rule.amount for field in fields for rule in field.rules if isinstance(rule, BlankAs)}
    broken = []
    for field in fields:
        for rule in field.rules:
            if isinstance(rule, Sum) and not _holds(rule, field.name, values, amounts):
                broken.append((rule.text, {field.name, *rule.parts}))
    return broken


def _holds(rule: Sum, total: str, values: Mapping[str, str], amounts: Mapping[str, int]) -> bool:
    if not {total, *rule.parts} <= values.keys():
        return True
    parts = [rule.amount(values[name]) if values[name] else amounts.get(name) for name in rule.parts]
    whole = values[total] or amounts.get(total)
    if whole is None or (isinstance(whole, str) and not is_number(whole)):
        return True
    known = [part for part in parts if part is not None]
    return len(known) < len(parts) or int(whole) == sum(known)
