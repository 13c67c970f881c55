"""Thresholds that were proved for forms, and their file: a TOML table a form, which a person may read."""

import hashlib
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic import Field as Limits

from ocrbatch.errors import FormError
from ocrbatch.form.acceptance import Acceptance
from ocrbatch.form.faults import Faults, quoted, shown, shown_path
from ocrbatch.form.lines import scan_lines
from ocrbatch.form.template import Form, Kind
from ocrbatch.form.write import toml_text
from ocrbatch.records import ModelFile
from ocrbatch.version import __version__

LARGEST = 1_000_000
"""Bytes of a file of thresholds."""
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_HEAD = "# Confidences from which the fields of a form are accepted, proved by ocrbatch calibrate.\n"
_MEND = "write the file anew with ocrbatch calibrate"

_Share = Annotated[float, Limits(ge=0, le=1)]
_Between = Annotated[float, Limits(gt=0, lt=1)]
_Temperature = Annotated[float, Limits(gt=0, allow_inf_nan=False)]
_Count = Annotated[int, Limits(ge=0)]
_Sha256 = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")]


@dataclass(frozen=True, slots=True)
class Threshold:
    """The confidence from which a form's fields are accepted, what it was proved from, and what it is good for.

    With ``confidence``, at most ``target_error`` of the accepted fields are wrong (shares, 0–1): ``bound`` is what
    ``wrong`` of ``accepted`` fields prove, of ``fields`` that were compared. It holds for this version of
    ``ocrbatch`` with the models of these sha256 and temperatures and the form of this sha256. ``form_sha256`` is empty
    where no form was given; ``string_model_sha256`` where no model of strings took part, its temperature is 1 then.
    """

    form: str
    threshold: float
    target_error: float
    confidence: float
    fields: int
    accepted: int
    wrong: int
    bound: float
    ocrbatch: str
    model_sha256: str
    form_sha256: str
    model_temperature: float = 1.0
    string_model_sha256: str = ""
    string_model_temperature: float = 1.0


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    threshold: _Share
    target_error: _Between
    confidence: _Between
    fields: _Count
    accepted: _Count
    wrong: _Count
    bound: _Share
    ocrbatch: str
    model_sha256: _Sha256
    form_sha256: _Sha256
    model_temperature: _Temperature
    string_model_sha256: _Sha256
    string_model_temperature: _Temperature


def thresholds_toml(thresholds: Iterable[Threshold]) -> str:
    """Write thresholds as TOML, sorted by their forms; ``parse_thresholds`` gives them back."""
    parts = [_HEAD]
    for threshold in sorted(thresholds, key=lambda one: one.form):
        values = asdict(threshold)
        name = values.pop("form")
        parts.append(f"\n[{name if _BARE.fullmatch(name) else toml_text(name)}]\n")
        for key, value in values.items():
            parts.append(f"{key} = {toml_text(value) if isinstance(value, str) else repr(value)}\n")
    return "".join(parts)


def read_thresholds(path: Path) -> tuple[Threshold, ...]:
    """Read a file of thresholds. Raises FormError where it cannot be read and where ``parse_thresholds`` does."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FormError(f"{shown_path(path)}: cannot be read ({reason}); give a file of ocrbatch calibrate") from error
    return parse_thresholds(content, path)


def parse_thresholds(content: bytes, where: Path) -> tuple[Threshold, ...]:
    """Make thresholds of a file's bytes, in its order. Raises FormError, a line a fault, with how to mend it."""
    if len(content) > LARGEST:
        raise FormError(f"{shown_path(where)}: has more than {LARGEST // 10**6} MB; {_MEND}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormError(f"{shown_path(where)}: is not UTF-8; {_MEND}") from error
    lines = scan_lines(text)
    faults = Faults(where, lines)
    try:
        # The scan finds texts that would keep the parser busy.
        tables = {} if lines.limit else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormError(f"{shown_path(where)}: is no TOML ({error}); {_MEND}") from error
    found = [_threshold(name, table, faults) for name, table in tables.items()]
    faults.raise_any()
    if not found:
        raise FormError(f"{shown_path(where)}: has no thresholds; {_MEND}")
    return tuple(threshold for threshold in found if threshold is not None)


def _threshold(form: str, data: Any, faults: Faults) -> Threshold | None:
    if not isinstance(data, dict):
        faults.add((form,), f"is {shown(data)}; each form has a table of its own; {_MEND}")
        return None
    try:
        table = _Table.model_validate(data)
    except ValidationError as error:
        for found in error.errors(include_url=False, include_context=False):
            key = str(found["loc"][0])
            missing = found["type"] == "missing"
            faults.add((form, key), "is missing; " + _MEND if missing else f"is {shown(data[key])}; {_MEND}")
        return None
    if not table.wrong <= table.accepted <= table.fields:
        faults.add((form, "accepted"), f"is {table.accepted} of {table.fields}, {table.wrong} wrong; {_MEND}")
    return Threshold(form=form, **table.model_dump())


def load_acceptance(
    path: Path,
    model: ModelFile,
    forms: Sequence[Form],
    whole: str | None,
    accept: float,
    strict: float | None = None,
    strings: ModelFile | None = None,
) -> Acceptance:
    """Read a file of thresholds for what is to be read: ``forms``, or else fields of their own or a ``whole`` kind.

    The other arguments and the errors are those of ``acceptance`` and ``read_thresholds``.
    """
    return acceptance(
        read_thresholds(path),
        path,
        version=__version__,
        model=model,
        strings=strings,
        forms=form_sums({form.name: form.sha256 for form in forms}, whole),
        with_strings=string_forms(forms, whole),
        accept=accept,
        strict=strict,
    )


def form_sums(forms: Mapping[str, str], whole: str | None) -> dict[str, str]:
    """Give the names under which fields may come with what tells their forms apart: the forms' own sha256.

    Without ``forms``, fields come under ``auto``; those of pictures that are one field each under ``whole``, where
    the sha256 is that of their kind's name.
    """
    if forms:
        return dict(forms)
    return {"auto": ""} if whole is None else {"whole": hashlib.sha256(f"whole {whole}".encode()).hexdigest()}


def string_forms(forms: Iterable[Form], whole: str | None) -> tuple[str, ...]:
    """Give the names, sorted, under which fields come that the model of strings reads: those of ``form_sums``."""
    if whole is not None:
        return ("whole",) if whole == Kind.STRING else ()
    kinds = {form.name: {field.kind for page in form.pages for field in page.fields} for form in forms}
    return tuple(sorted(name for name, used in kinds.items() if Kind.STRING in used))


def acceptance(
    thresholds: Sequence[Threshold],
    where: Path,
    *,
    version: str,
    model: ModelFile,
    forms: Mapping[str, str],
    accept: float,
    strict: float | None = None,
    strings: ModelFile | None = None,
    with_strings: Collection[str] = (),
) -> Acceptance:
    """Give the confidences from which fields are accepted: a form's threshold, ``accept`` for forms without one.

    ``forms`` are those to be read with their sha256, empty for fields without a form. Where a target error was
    asked for, ``strict``, a threshold that was proved for a larger one is raised to 1 − ``strict`` if it is lower.
    ``strings`` is the model of strings, which takes part in the forms of ``with_strings``.
    Raises FormError where a threshold was proved with another version of the program, another model or another form,
    and where none is of these forms.
    """
    used = [one for one in thresholds if one.form in forms]
    if not used:
        known = ", ".join(quoted(one.form) for one in thresholds)
        asked = ", ".join(map(quoted, sorted(forms)))
        raise FormError(f"{shown_path(where)}: has thresholds for {known}, none for {asked}; calibrate a job of these")
    problems = []
    for one in used:
        made_with = {
            f"another version of ocrbatch ({one.ocrbatch})": one.ocrbatch == version,
            **_same_models(one, model, strings if one.form in with_strings else None),
            "another version of the form": one.form_sha256 == forms[one.form],
        }
        if others := [what for what, same in made_with.items() if not same]:
            problems.append(
                f"{shown_path(where)}: the threshold of {quoted(one.form)} was proved with {' and '.join(others)} and "
                "proves nothing of this one; read the corrected pages again, then run ocrbatch calibrate"
            )
    if problems:
        raise FormError("\n".join(problems))
    stricter = {one.form: strict is not None and strict < one.target_error for one in used}
    return Acceptance(
        accept,
        tuple((one.form, max(one.threshold, accept) if stricter[one.form] else one.threshold) for one in used),
    )


def _same_models(one: Threshold, model: ModelFile, strings: ModelFile | None) -> dict[str, bool]:
    """Tell of what a threshold may have been proved with whether it is what reads now."""
    name = f"sha256 {one.string_model_sha256[:12]}…" if one.string_model_sha256 else "none"
    used = ("", 1.0) if strings is None else (strings.sha256, strings.temperature)
    return {
        f"another model (sha256 {one.model_sha256[:12]}…)": one.model_sha256 == model.sha256,
        f"another temperature of the model ({one.model_temperature:g})": one.model_temperature == model.temperature,
        f"another model of strings ({name})": one.string_model_sha256 == used[0],
        f"another temperature of the model of strings ({one.string_model_temperature:g})": (
            one.string_model_temperature == used[1] or one.string_model_sha256 != used[0]
        ),
    }
