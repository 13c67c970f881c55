"""A trained network to the files that are read with, and the one card of them all."""

import contextlib
import hashlib
import platform
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from ocrbatch.errors import ModelError, UsageError
from ocrbatch.model.card import Card, load_model_file, read_card, write_card
from ocrbatch.model.convert import as_classifier, fit_temperature, spread, to_float, to_h5, to_int8, to_keras
from ocrbatch.model.datasets import Dataset, Labels, Mixture
from ocrbatch.model.evaluate import evaluate, measure
from ocrbatch.model.parts import Split, to_input
from ocrbatch.output.files import make_folder, output_errors
from ocrbatch.page.classify import Classifier, KerasClassifier, open_keras
from ocrbatch.page.second_look import SecondLook
from ocrbatch.records import ModelFile, Probabilities, Tiles

ABOUT = {10: "Handwritten digits: 28x28 grey tiles to 0-9", 11: "Handwritten digits: 28x28 grey tiles to 0-9 and none"}
FORMATS = {"int8": ".tflite", "float": "-float.tflite", "h5": ".h5", "keras": ".keras"}
"""How the file of each form ends, after the model's name."""
LARGEST_LOSS = 0.005
"""How much accuracy the int8 form may lose before it counts as broken."""
LARGEST_CHANGE = 0.05
"""The share of typical digits that the int8 form may read otherwise before it counts as broken."""
LICENCES = {
    "mnist": "CC BY-SA 3.0, as usually cited (Y. LeCun, C. Cortes, C. Burges)",
    "handwritten09": "believed CC0",
    "optdigits": "CC BY 4.0 (E. Alpaydin, C. Kaynak, UCI)",
    "letters": "MIT",
    "odk_marks": "Apache-2.0",
}
VERSIONS = ("ocrbatch", "tensorflow", "keras", "numpy", "opencv-python-headless", "ai-edge-litert")


def finish(
    model: Any,
    mixture: Mixture,
    split: Split,
    *,
    settings: Mapping[str, Any],
    epoch: int,
    folder: Path,
    name: str,
) -> Path:
    """Write a trained network to ``folder`` in every form, and its card; give the int8 file's path.

    The files are ``name``.keras, ``name``.h5, ``name``.tflite (int8), ``name``-float.tflite and ``name``.json.
    Raises ModelError where the int8 form reads clearly worse than the network it was made from, and
    OutputError where ``folder`` cannot be written.
    """
    typical = split.worn_tiles if len(split.worn_tiles) else split.clean_tiles
    int8 = to_int8(model, typical)
    kept_tiles = np.concatenate([split.clean_tiles, split.worn_tiles])
    kept_labels = np.concatenate([split.clean_labels, split.worn_labels])
    scores = as_classifier(int8, 1.0).scores(kept_tiles)
    loss = _int8_loss(model, scores, kept_tiles, kept_labels)
    temperature = fit_temperature(scores, kept_labels)
    classifier = SecondLook(as_classifier(int8, temperature).scores)
    contents = {f"{name}{FORMATS['int8']}": int8}
    for form in ("float", "h5", "keras"):
        contents[f"{name}{FORMATS[form]}"] = _formed(model, form, typical)
    names = _unlike(mixture.sets)
    card: Card = {
        "name": name,
        "about": ABOUT[model.output_shape[1]],
        "files": _sums(contents),
        "temperature": temperature,
        "parameters": int(model.count_params()),
        "data": [describe(*source) for source in zip(names, mixture.sets, mixture.weights, strict=True)],
        "training": {**settings, "kept_back": len(split.clean_tiles), "best_epoch": epoch},
        "metrics": {
            "int8_accuracy_lost": round(loss, 5),
            "kept_back": _measures(classifier, split.clean_tiles, split.clean_labels),
            "kept_back_worn": _measures(classifier, split.worn_tiles, split.worn_labels),
            "test": {
                known: _measures(classifier, data.test_tiles, data.test_labels)
                for known, data in zip(names, mixture.sets, strict=True)
            },
        },
        "made_with": made_with(),
    }
    return _write_all(folder, contents, name, card)[0]


def export_model(
    source: Path, folder: Path, formats: Sequence[str] = ("int8",), samples: Tiles | None = None
) -> list[Path]:
    """Write a .keras or .h5 model to ``folder`` in other forms (FORMATS); give the paths of the new files.

    Their card says what the source's card says, and from which file they were made. ``samples`` (n, 28, 28)
    uint8 are typical digits, needed for int8 alone. Raises UsageError for forms that cannot be made so or
    would take a file's place, ModelError for a model that cannot be opened safely or does not stand the
    change, OutputError where ``folder`` cannot be written.
    """
    unknown = [form for form in formats if form not in FORMATS]
    if unknown or not formats:
        raise UsageError(
            f"There is no format {unknown[0] if unknown else 'of no name'}; there are {', '.join(FORMATS)}"
        )
    if "int8" in formats and (samples is None or len(samples) == 0):
        raise UsageError("The int8 form needs typical digits, to see how large its values get: give --samples SET")
    loaded = load_model_file(source)
    if loaded.kind == "tflite":
        raise UsageError(f"{source}: is exported already; give the .keras or .h5 file that it was made from")
    paths = [folder / f"{source.stem}{FORMATS[form]}" for form in dict.fromkeys(formats)]
    before = _card_before(source, loaded, paths)
    model = open_keras(loaded)
    try:
        made = {form: _formed(model, form, samples) for form in dict.fromkeys(formats)}
    except Exception as error:  # the layers are Keras' own, but not all of them go into each form
        raise ModelError(f"{source}: cannot be exported ({error})") from error
    exported: Card = {**before.get("exported", {}), "from": source.name, "sha256": loaded.sha256}
    if "int8" in made and samples is not None:
        before_and_after = KerasClassifier(loaded), as_classifier(made["int8"], 1.0)
        exported["int8_readings_changed"] = _changed(*before_and_after, spread(samples))
    contents = {path.name: made[form] for form, path in zip(made, paths, strict=True)}
    told = read_card(source) or {
        "name": loaded.name,
        "about": ABOUT[model.output_shape[1]],
        "temperature": loaded.temperature,
        "parameters": int(model.count_params()),
        "made_with": made_with(),
    }
    card = {**told, "files": {**before.get("files", {}), **_sums(contents)}, "exported": exported}
    return _write_all(folder, contents, source.stem, card)


def describe(name: str, data: Dataset, weight: float) -> Card:
    """Tell a set's name, its weight in the mixture, sizes, licence and sha256."""
    return {
        "name": name,
        "weight": weight,
        "train": len(data.train_tiles),
        "test": len(data.test_tiles),
        "licence": LICENCES.get(data.name, "not stated"),
        "sha256": data.sha256,
    }


def _formed(model: Any, form: str, samples: Tiles | None) -> bytes:
    if form == "int8":
        assert samples is not None
        return to_int8(model, samples)
    return {"float": to_float, "h5": to_h5, "keras": to_keras}[form](model)


def _unlike(sets: Sequence[Dataset]) -> list[str]:
    """Give each set its name, with a number after it where an earlier one has the same."""
    names: list[str] = []
    for data in sets:
        same = sum(earlier.name == data.name for earlier in sets[: len(names)])
        names.append(f"{data.name} {same + 1}" if same else data.name)
    return names


def _int8_loss(model: Any, scores: Probabilities, tiles: Tiles, labels: Labels) -> float:
    """Give the accuracy lost from float to int8; ModelError where it is more than half a point."""
    read = np.asarray(model.predict(to_input(tiles), batch_size=512, verbose=0)).argmax(axis=1)
    lost = float((read == labels).mean()) - measure(scores, labels).accuracy
    if lost > LARGEST_LOSS:
        raise ModelError(f"The int8 form reads {lost:.1%} fewer digits right than the network; train it longer")
    return lost


def _changed(network: Classifier, exported: Classifier, samples: Tiles) -> float:
    """Give the share of samples that are read otherwise; ModelError where it is more than one in twenty."""
    read, now = (classifier.scores(samples).argmax(axis=1) for classifier in (network, exported))
    changed = float((read != now).mean())
    if changed > LARGEST_CHANGE:
        raise ModelError(
            f"The int8 form reads {changed:.1%} of the samples otherwise than the network; give --samples that are "
            "like what it will read, or export it as float"
        )
    return round(changed, 5)


def _measures(classifier: Classifier, tiles: Tiles, labels: Labels) -> Card | None:
    if len(tiles) == 0:
        return None
    result = evaluate(classifier, tiles, labels)
    return {
        "count": result.count,
        "accuracy": round(result.accuracy, 5),
        "loss": round(result.loss, 5),
        "calibration_error": round(result.calibration_error, 5),
    }


def _card_before(source: Path, loaded: ModelFile, paths: Sequence[Path]) -> Card:
    """Give the card that will name the new files too, where there is one; UsageError where it is another model's.

    A file that the source's own card names is left as it is, for the card tells how good it is.
    """
    folder = paths[0].parent
    beside = folder.resolve() == source.parent.resolve()
    own = read_card(source) if beside else None
    named = {source.name, *(own["files"] if own else ())}
    taken = [path for path in paths if beside and path.name in named]
    if taken:
        raise UsageError(f"{taken[0]}: is what the model's own card tells of; choose another folder with -o")
    card = folder / f"{source.stem}.json"
    if own or not card.exists():
        return own or {}
    earlier = (read_card(folder / f"{source.stem}{form}") for form in FORMATS.values())
    known: Card | None = next(filter(None, earlier), None)
    if known is None or known.get("exported", {}).get("sha256") != loaded.sha256:
        raise UsageError(f"{card}: is the card of another model, and would be lost; choose another folder with -o")
    return known


def _write_all(folder: Path, contents: Mapping[str, bytes], name: str, card: Card) -> list[Path]:
    """Write the files, each at once or not at all, and then the card that names them."""
    make_folder(folder)
    with output_errors(folder):
        for file, content in contents.items():
            draft = folder / f".{file}.tmp"
            try:
                draft.write_bytes(content)
                draft.replace(folder / file)
            finally:
                draft.unlink(missing_ok=True)
        write_card(folder / f"{name}.json", card)
    return [folder / file for file in contents]


def _sums(contents: Mapping[str, bytes]) -> dict[str, str]:
    return {file: hashlib.sha256(content).hexdigest() for file, content in contents.items()}


def made_with() -> dict[str, str]:
    """Give the versions that a model was made with, for its card."""
    known = {"python": platform.python_version()}
    for package in VERSIONS:
        with contextlib.suppress(metadata.PackageNotFoundError):
            known[package] = metadata.version(package)
    return known
