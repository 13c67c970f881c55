"""A model's card: what it was made of, how good it is, and the sha256 that a file must have to be opened."""

import hashlib
import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ocrbatch.errors import ModelError
from ocrbatch.form.template import Form, Kind
from ocrbatch.records import ModelFile

SHIPPED = "digits.tflite"
SHIPPED_STRINGS = "strings.tflite"
KINDS = {".tflite": "tflite", ".keras": "keras", ".h5": "h5", ".hdf5": "h5"}
FLOAT = "-float"
Card = dict[str, Any]


def load_model_file(path: Path | None = None) -> ModelFile:
    """Read a model, the shipped one of digits where no path is given, and check it before any parser sees it.

    Its card is the file that ``card_path`` names. A model without a card is taken as it is.
    Raises ModelError where the file is missing, of an unknown kind, or not the one its card names.
    """
    return _load_shipped(SHIPPED) if path is None else _load(path, shipped=False)


def load_string_model() -> ModelFile:
    """Read the shipped model of strings, checked against its card.

    Raises ModelError where it or its card is missing, or it is not the one that the card names.
    """
    return _load_shipped(SHIPPED_STRINGS)


def string_model_for(forms: Iterable[Form], whole: str | None) -> ModelFile | None:
    """Read the shipped model of strings where a form has a run of digits, or a picture is one; None where none is.

    Raises ModelError as ``load_string_model`` does.
    """
    kinds = {field.kind for form in forms for page in form.pages for field in page.fields}
    if Kind.STRING not in kinds and whole != Kind.STRING:
        return None
    return load_string_model()


def _load_shipped(name: str) -> ModelFile:
    return _load(shipped_folder() / name, shipped=True)


def _load(path: Path, *, shipped: bool) -> ModelFile:
    if path.suffix.lower() not in KINDS:
        raise ModelError(f"{path}: is no model; give a {', '.join(KINDS)} file")
    try:
        content = path.read_bytes()
    except OSError as error:
        mend = "install ocrbatch again" if shipped else "give an existing file"
        raise ModelError(f"{path}: the model cannot be read ({error.strerror}); {mend}") from error
    sha256 = hashlib.sha256(content).hexdigest()
    card = read_card(path)
    if card is None and shipped:
        raise ModelError(f"{path.with_suffix('.json')}: the shipped model's card is missing; install ocrbatch again")
    if card is not None and card["files"][path.name] != sha256:
        raise ModelError(
            f"{path}: is not the model that its card names (damaged, truncated or changed); "
            + ("install ocrbatch again" if shipped else f"fetch it again together with {card_path(path).name}")
        )
    name = path.stem if card is None else str(card.get("name", path.stem))
    return ModelFile(content, KINDS[path.suffix.lower()], name, sha256, 1.0 if card is None else card["temperature"])


def describe_model(path: Path | None = None) -> Card:
    """Give what is known of a model, checked as ``load_model_file`` does: its kind, its size and its card."""
    model = load_model_file(path)
    known = {"name": model.name, "kind": model.kind, "bytes": len(model.content), "sha256": model.sha256}
    place = shipped_folder() / SHIPPED if path is None else path
    return {**known, **(read_card(place) or {"temperature": model.temperature, "card": None})}


def read_card(model: Path) -> Card | None:
    """Read the card beside a model file; None where there is none, or a .json that is not about this file."""
    path = card_path(model)
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: the model's card cannot be read; fetch it again with its model") from error
    try:
        card = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path}: the model's card is no JSON; fetch it again with its model") from error
    files = card.get("files") if isinstance(card, dict) else None
    if not isinstance(files, dict) or model.name not in files:
        return None
    temperature = card.get("temperature", 1.0)
    if isinstance(temperature, bool) or not isinstance(temperature, int | float) or not 0 < temperature < math.inf:
        raise ModelError(f"{path}: temperature is {temperature!r}, and must be a number above 0")
    return {**card, "temperature": float(temperature)}


def card_path(model: Path) -> Path:
    """Name a model's card: it ends in ``.json``, and ``digits-float`` shares that of ``digits``."""
    own = model.with_suffix(".json")
    shared = model.with_name(model.stem.removesuffix(FLOAT) + ".json")
    return own if own.exists() else shared


def write_card(path: Path, card: Card) -> None:
    """Write a card as JSON for people to read, at once or not at all."""
    draft = path.with_suffix(".json.tmp")
    draft.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", "utf-8")
    draft.replace(path)


def shipped_folder() -> Path:
    """Find the folder of the shipped models: in the package where it is installed, else the checkout's."""
    package = Path(__file__).parents[1]
    installed = package / "_models"
    return installed if installed.is_dir() else package.parent / "models"
