"""Thresholds from a corrected job: for each form the lowest at which accepted fields are surely wrong seldom enough."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ocrbatch.errors import FormError
from ocrbatch.form.faults import quoted
from ocrbatch.form.thresholds import Threshold, form_sums, read_thresholds, thresholds_toml
from ocrbatch.output.files import Drafts
from ocrbatch.output.results import results_path
from ocrbatch.quality.bounds import upper_bound
from ocrbatch.quality.compare import Compared, compare
from ocrbatch.quality.guarantee import Proof, fields_wanted, lowest_proven, rank
from ocrbatch.quality.truth import results_and_truth
from ocrbatch.records import Status

MANIFEST = "manifest.json"
NAME = "thresholds.toml"
HALF_A_STEP = 0.00005
"""Tables round confidences to four places: what they show as 0.9973 is from 0.99725 on."""


@dataclass(frozen=True, slots=True)
class Made:
    """By what a job's results were made: the program's version, the models, and the forms by their names.

    A model is a sha256 with a temperature; that of ``strings`` took part in the forms of ``string_forms``.
    """

    ocrbatch: str
    model: tuple[str, float]
    forms: Mapping[str, str]
    strings: tuple[str, float] | None = None
    string_forms: frozenset[str] = frozenset()

    def strings_of(self, form: str) -> tuple[str, float]:
        """Give the model of strings that took part in a form; an empty sha256 and 1 where none did."""
        return self.strings if self.strings and form in self.string_forms else ("", 1.0)


@dataclass(frozen=True, slots=True)
class FieldCount:
    """For information, a field at its form's threshold; ``bound`` is that of its own share of wrong ones."""

    field: str
    fields: int
    accepted: int
    wrong: int
    bound: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a corrected job proves of a form.

    Of its ``fields`` (those not read as blank), on ``pages``, ``acceptable`` could be accepted by a threshold, of
    which ``wrong`` are wrong. ``proof`` is None where none is proved; about ``needed`` more acceptable fields like
    these would do then, 0 where as many others would, None where no number would. ``blanks`` were read as blank,
    ``blanks_wrong`` of them are written: they are not among the accepted.
    """

    form: str
    pages: int
    fields: int
    acceptable: int
    wrong: int
    proof: Proof | None
    needed: int | None
    blanks: int
    blanks_wrong: int
    by_field: tuple[FieldCount, ...] = ()

    @property
    def threshold(self) -> float | None:
        """The confidence (0–1) from which fields are accepted: the proved one, as it was before it was rounded."""
        return None if self.proof is None else max(round(self.proof.confidence - HALF_A_STEP, 5), 0.0)


def calibrate(
    output: Path, truth: Path, target_error: float, confidence: float, forms: Collection[str] = ()
) -> tuple[Calibration, ...]:
    """Calibrate each form of a job by a table of truth, or only ``forms``, sorted by their names.

    ``target_error`` and ``confidence`` are shares, 0–1, exclusive; each form's proof holds with ``confidence`` by
    itself, and for one try: prove with fields that no refused try has used, or decide the number beforehand, for who
    tries again with more fields until it is proved is misled more often. Raises FormError where the results or the
    truth are none or the same, where they have nothing of a form, and where a person has corrected such fields.
    """
    if truth.resolve() == results_path(output).resolve():
        raise FormError(f"{truth}: are the results themselves, which prove nothing; give what stands on the pages")
    groups: dict[str, list[Compared]] = {}
    for pair in compare(*results_and_truth(output, truth)):
        # A page that is no form has no fields to accept.
        if pair.form:
            groups.setdefault(pair.form, []).append(pair)
    if absent := sorted(set(forms) - groups.keys()):
        have = ", ".join(map(quoted, sorted(groups))) or "none"
        raise FormError(f"no field of the form {quoted(absent[0])} is in both results and truth; they have {have}")
    chosen = forms or groups.keys()
    _refuse_corrected(output, [pair for form in chosen for pair in groups[form]])
    if not chosen:
        raise FormError(f"{truth}: tells no field that was found on its page; give the truth of pages that were read")
    return tuple(calibrate_form(form, groups[form], target_error, confidence) for form in sorted(set(chosen)))


def _refuse_corrected(output: Path, pairs: Sequence[Compared]) -> None:
    """Raise FormError where a person gave values: they would count as read rightly and most surely, and prove anything.

    To leave them out would be no better: they are those that were wrong.
    """
    if number := sum(pair.corrected for pair in pairs):
        raise FormError(
            f"{output}: {number} of the fields that the truth speaks of were corrected by a person there, and prove "
            "nothing of the reader; read these files into another folder and calibrate that"
        )


def calibrate_form(form: str, pairs: Sequence[Compared], target_error: float, confidence: float) -> Calibration:
    """Calibrate a form by its fields, set beside their truth."""
    blank = [pair for pair in pairs if pair.status == Status.BLANK]
    read = [pair for pair in pairs if pair.status != Status.BLANK]
    acceptable = [pair for pair in read if pair.acceptable]
    ranking = rank([pair.confidence for pair in acceptable], [not pair.exact for pair in acceptable])
    proof = lowest_proven(ranking, target_error, confidence)
    wanted = None if proof else fields_wanted(ranking, target_error, confidence)
    return Calibration(
        form=form,
        pages=len({(pair.file, pair.page) for pair in pairs}),
        fields=len(read),
        acceptable=len(acceptable),
        wrong=sum(not pair.exact for pair in acceptable),
        proof=proof,
        needed=None if wanted is None else wanted - len(acceptable),
        blanks=len(blank),
        blanks_wrong=sum(not pair.exact for pair in blank),
        by_field=_by_field(read, proof, confidence) if proof else (),
    )


def _by_field(pairs: Sequence[Compared], proof: Proof, confidence: float) -> tuple[FieldCount, ...]:
    """Count each field at the threshold of its form, in the order of the names."""
    groups: dict[str, list[Compared]] = {}
    for pair in pairs:
        groups.setdefault(pair.field, []).append(pair)
    counts = []
    for field, own in sorted(groups.items()):
        accepted = [pair for pair in own if pair.acceptable and pair.confidence >= proof.confidence]
        wrong = sum(not pair.exact for pair in accepted)
        counts.append(FieldCount(field, len(own), len(accepted), wrong, upper_bound(wrong, len(accepted), confidence)))
    return tuple(counts)


def read_made(output: Path) -> Made:
    """Read by what a job's results were made from its ``manifest.json``. Raises FormError where it does not say."""
    path = output / MANIFEST
    try:
        manifest = json.loads(path.read_bytes())
        whole = manifest["settings"].get("whole")
        temperatures, strings = manifest["temperatures"], manifest["string_model"]
        return Made(
            str(manifest["ocrbatch"]),
            (str(manifest["model"]["sha256"]), float(temperatures["model"])),
            form_sums({str(form): str(sha256) for form, sha256 in manifest["forms"].items()}, whole),
            None if strings is None else (str(strings["sha256"]), float(temperatures["string_model"])),
            frozenset(map(str, manifest["string_forms"])),
        )
    except OSError as error:
        reason = error.strerror or error
        raise FormError(f"{path}: cannot be read ({reason}); give the output folder of a job") from error
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise FormError(f"{path}: is not as a job writes it; run the job again") from error


def thresholds_of(
    calibrations: Sequence[Calibration], made: Made, target_error: float, confidence: float
) -> list[Threshold]:
    """Give the thresholds that were proved. Raises FormError where a form's was not, with what is needed for it."""
    refused = [refusal(one, target_error, confidence) for one in calibrations if one.proof is None]
    if refused:
        raise FormError("\n".join(refused))
    unknown = [one.form for one in calibrations if one.form not in made.forms]
    if unknown:
        raise FormError(f"{MANIFEST} has no form {quoted(unknown[0])}, as the results have; run the job again")
    return [
        Threshold(
            form=one.form,
            threshold=one.threshold or 0.0,
            target_error=target_error,
            confidence=confidence,
            fields=one.fields,
            accepted=one.proof.accepted,
            wrong=one.proof.wrong,
            bound=one.proof.bound,
            ocrbatch=made.ocrbatch,
            model_sha256=made.model[0],
            form_sha256=made.forms[one.form],
            model_temperature=made.model[1],
            string_model_sha256=made.strings_of(one.form)[0],
            string_model_temperature=made.strings_of(one.form)[1],
        )
        for one in calibrations
        if one.proof is not None
    ]


def refusal(calibration: Calibration, target_error: float, confidence: float) -> str:
    """Say that no threshold is proved, and what would prove one."""
    have = f"{calibration.acceptable} fields that could be accepted, {calibration.wrong} of them wrong,"
    asked = f"that at most {target_error:.6g} of those accepted are wrong, with a confidence of {confidence:.6g}"
    more = calibration.needed
    mend = (
        "nor would more fields like these: ask for a larger --target-error; ocrbatch score shows what is wrong"
        if more is None
        else f"correct about {calibration.acceptable} other such fields, prove with these alone, "
        "or ask for a larger --target-error"
        if not more
        else f"correct about {more} more such fields, {calibration.acceptable + more} in all, "
        "and prove with fields that no refused try has used, or ask for a larger --target-error"
    )
    return f"{quoted(calibration.form)}: {have} do not prove {asked}; {mend}"


def write_thresholds(path: Path, thresholds: Sequence[Threshold]) -> None:
    """Write thresholds to a file, which keeps those of other forms; it appears whole or not at all.

    Raises FormError where there is a file already that is none of thresholds, OutputError where it cannot be written.
    """
    names = {one.form for one in thresholds}
    others = [one for one in read_thresholds(path) if one.form not in names] if path.exists() else []
    with Drafts() as drafts:
        drafts.open(path).write(thresholds_toml([*others, *thresholds]))
        drafts.publish()


def as_json(calibration: Calibration) -> dict[str, Any]:
    """Give a calibration as JSON's values; ``proof`` and ``threshold`` are null where it is refused."""
    proof = calibration.proof
    return {
        **asdict(calibration),
        "threshold": calibration.threshold,
        "accepted_share": proof.accepted / calibration.fields if proof else None,
    }
