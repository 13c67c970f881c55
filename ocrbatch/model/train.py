"""The trainer, to be read from top to bottom: data, network, epochs, the best of them, the exported files."""

import contextlib
import csv
import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ocrbatch.errors import ModelError, UsageError
from ocrbatch.model.architectures import build, find
from ocrbatch.model.augment import STRANGER_SHARE, augment_epoch
from ocrbatch.model.card import load_model_file
from ocrbatch.model.datasets import Labels, Mixture
from ocrbatch.model.evaluate import measure
from ocrbatch.model.export import finish
from ocrbatch.model.parts import Split, draw_epoch_indices, split_mixture, to_input
from ocrbatch.model.plots import confusion_picture, history_picture, mistakes_picture, predictions_picture
from ocrbatch.model.prior import bring_to_practice, bring_to_training
from ocrbatch.output.files import make_folder, output_errors
from ocrbatch.page.classify import import_keras, make_classifier, open_keras
from ocrbatch.records import NOT_A_DIGIT, ModelFile, Tiles

NAME = "digits"
UNFINISHED = ".unfinished"
"""The folder of a training's state, inside that of the model."""

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a training depends on besides its data; the same settings, data and versions give the same model.

    ``learning_rate`` is the highest, reached after the first epoch; it then falls by half a cosine to nothing.
    ``patience`` is how many epochs may pass without a better one before the training ends. ``worn`` digits are
    changed anew each epoch, as pens, scanners and boxes would; others are taken as they are.
    """

    architecture: str = "ocr"
    epochs: int = 30
    seed: int = 1
    batch: int = 256
    learning_rate: float = 2e-3
    weight_decay: float = 5e-3
    patience: int = 10
    worn: bool = True

    def __post_init__(self) -> None:
        find(self.architecture)
        if self.epochs < 1 or self.batch < 1 or self.patience < 1:
            raise UsageError("The number of epochs, the batch and the patience are at least 1")


@dataclass(frozen=True, slots=True)
class State:
    """How far a training has come; ``history`` has one row an epoch."""

    settings: dict[str, Any]
    data_sha256: str
    epoch: int
    best_epoch: int
    history: tuple[dict[str, float], ...]


def train(
    mixture: Mixture,
    folder: Path,
    settings: Settings,
    report: Report = lambda line: None,
    start: ModelFile | None = None,
) -> Path:
    """Train on ``mixture`` and write the model, its other forms, its card, history and pictures to ``folder``.

    ``start`` is an earlier result (.keras or .h5) of the same architecture to go on from, instead of a fresh network.
    An interrupted training goes on where it stopped when called again. Returns the int8 LiteRT file's path.
    Raises UsageError for a set that the network has no output for, OutputError for a folder that cannot be written.
    """
    strangers = find(settings.architecture).outputs > NOT_A_DIGIT
    split = split_mixture(mixture, settings.seed, worn=settings.worn, strangers=strangers)
    if not strangers and (split.fit_labels == NOT_A_DIGIT).any():
        raise UsageError(f"{settings.architecture} tells ten digits only; leave --strangers out, or train ocr")
    keras = import_keras()
    work = _make_folder(folder)
    told = asdict(settings) | ({"start": start.name, "start_sha256": start.sha256} if start else {})
    state = _load_state(work, told, mixture)
    make_repeatable(keras, settings.seed)
    draw = _drawer(split, settings, strangers=strangers)
    shown = float(split.fit_weights.sum()) * (1 + STRANGER_SHARE * (strangers and settings.worn))
    if not state.epoch:
        model = open_keras(start) if start else build(settings.architecture)
        if start and strangers:
            bring_to_training(model, _strange_share(split, settings))
        compile_model(keras, model, settings, round(shown))
    else:
        model = _open(keras, work, state.epoch)
        report(f"goes on after epoch {state.epoch} of {settings.epochs}")
    with ThreadPoolExecutor(1) as drawer:
        upcoming = drawer.submit(draw, state.epoch + 1)
        for epoch in range(state.epoch + 1, settings.epochs + 1):
            if epoch - state.best_epoch > settings.patience:
                report(f"no better epoch since {state.best_epoch}: ends here")
                break
            began = time.monotonic()
            tiles, labels = upcoming.result()
            if epoch < settings.epochs:
                upcoming = drawer.submit(draw, epoch + 1)
            row = {
                "epoch": epoch,
                **_fit_epoch(model, tiles, labels, settings.batch),
                **_validate(model, split),
            }
            row["seconds"] = round(time.monotonic() - began, 1)
            with output_errors(folder):
                state = _save(work, model, state, row)
            report(_line(row, settings.epochs))
        upcoming.cancel()
    best = _open(keras, work, state.best_epoch)
    bring_to_practice(best, _strange_share(split, settings) if strangers else 0.0)
    with output_errors(folder):
        write_history(folder / "history.csv", state.history)
    exported = finish(best, mixture, split, settings=told, epoch=state.best_epoch, folder=folder, name=NAME)
    with output_errors(folder):
        write_pictures(exported, mixture, split, state.history)
        _clear(work)
    return exported


def make_repeatable(keras: Any, seed: int) -> None:
    """Let the same seed give the same weights; else sums are added up in the order in which threads end."""
    import tensorflow as tf

    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def compile_model(keras: Any, model: Any, settings: Settings, shown: int) -> None:
    """Give the network its loss and optimizer; ``shown`` is how many tiles an epoch has."""
    steps = max(1, shown // settings.batch)
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=settings.learning_rate / 20,
        warmup_target=settings.learning_rate,
        warmup_steps=steps,
        decay_steps=max(1, steps * (settings.epochs - 1)),
    )
    # The tutorials' networks end in a softmax, the others in logits.
    logits = find(settings.architecture).outputs > NOT_A_DIGIT
    model.compile(
        optimizer=keras.optimizers.AdamW(rate, weight_decay=settings.weight_decay, clipnorm=5.0),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=logits),
        metrics=["accuracy"],
        jit_compile=False,  # compiling for the processor measured three times slower a step
    )


def write_pictures(model: Path, mixture: Mixture, split: Split, history: Sequence[Mapping[str, float]]) -> None:
    """Draw how the training went and how the exported ``model`` reads what it was not trained on, beside it.

    Read are the sets' test parts, and the digits kept back where no set has one.
    """
    tiles = np.concatenate([data.test_tiles for data in mixture.sets])
    labels = np.concatenate([data.test_labels for data in mixture.sets])
    if not len(tiles):
        tiles, labels = split.clean_tiles, split.clean_labels
    scores = make_classifier(load_model_file(model)).scores(tiles)
    pictures = {
        "history": history_picture(history),
        "confusion": confusion_picture(measure(scores, labels)),
        "mistakes": mistakes_picture(tiles, labels, scores),
        "predictions": predictions_picture(tiles, labels, scores),
    }
    for name, content in pictures.items():
        (model.parent / f"{name}.png").write_bytes(content)


def write_history(path: Path, history: tuple[dict[str, float], ...]) -> None:
    """Write a row an epoch; nothing where there is none."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(history[0]) if history else [])
        writer.writeheader()
        writer.writerows(history)


def _strange_share(split: Split, settings: Settings) -> float:
    """Give the share of what an epoch shows that is no digit: of the sets' own, and of those drawn."""
    own = float(split.fit_weights[split.fit_labels == NOT_A_DIGIT].sum() / split.fit_weights.sum())
    drawn = STRANGER_SHARE if settings.worn else 0.0
    return (own + drawn) / (1 + drawn)


def _drawer(split: Split, settings: Settings, *, strangers: bool) -> Callable[[int], tuple[Tiles, Labels]]:
    def draw(epoch: int) -> tuple[Tiles, Labels]:
        cv2.setNumThreads(1)
        rng = np.random.default_rng([settings.seed, epoch])
        shown = draw_epoch_indices(split.fit_weights, rng)
        tiles, labels = split.fit_tiles[shown], split.fit_labels[shown]
        return augment_epoch(tiles, labels, rng, strangers=strangers) if settings.worn else (tiles, labels)

    return draw


def _fit_epoch(model: Any, tiles: Tiles, labels: Labels, batch: int) -> dict[str, float]:
    """Take one step a batch; give the means of what the steps measured."""
    batch = min(batch, len(tiles))
    steps = []
    # The last, smaller batch is left out: every size of batch costs TensorFlow a graph of its own.
    for start in range(0, len(tiles) - batch + 1, batch):
        part = slice(start, start + batch)
        logs = model.train_on_batch(to_input(tiles[part]), labels[part], return_dict=True)
        steps.append((float(logs["loss"]), float(logs["accuracy"])))
    loss, accuracy = np.mean(steps, axis=0).tolist()
    return {"loss": round(loss, 5), "accuracy": round(accuracy, 5)}


def _validate(model: Any, split: Split) -> dict[str, float]:
    row: dict[str, float] = {}
    for name, tiles, labels in (
        ("clean", split.clean_tiles, split.clean_labels),
        ("worn", split.worn_tiles, split.worn_labels),
    ):
        if not len(tiles):
            continue
        logs = model.evaluate(to_input(tiles), labels, batch_size=512, verbose=0, return_dict=True)
        row |= {
            f"{name}_loss": round(float(logs["loss"]), 5),
            f"{name}_accuracy": round(float(logs["accuracy"]), 5),
        }
    return row


def _line(row: dict[str, float], epochs: int) -> str:
    kept = ", ".join(f"{part} {row[f'{part}_accuracy']:.4f}" for part in ("clean", "worn") if f"{part}_accuracy" in row)
    left = round((epochs - row["epoch"]) * row["seconds"] / 60)
    return (
        f"epoch {row['epoch']}/{epochs}  loss {row['loss']:.4f}  accuracy {row['accuracy']:.4f}  "
        f"kept back: {kept}  {row['seconds']:.0f} s" + (f", about {left} min left" if left else "")
    )


def _make_folder(folder: Path) -> Path:
    work = folder / UNFINISHED
    make_folder(work)
    return work


def _load_state(work: Path, settings: dict[str, Any], mixture: Mixture) -> State:
    fresh = State(settings, mixture.sha256, 0, 0, ())
    path = work / "state.json"
    if not path.exists():
        return fresh
    try:
        stored = json.loads(path.read_text("utf-8"))
        state = State(**{**stored, "history": tuple(stored["history"])})
    except (ValueError, TypeError, KeyError) as error:
        raise ModelError(f"{path}: is damaged; remove {work} to begin anew") from error
    if (state.settings, state.data_sha256) != (fresh.settings, fresh.data_sha256):
        raise ModelError(
            f"{work}: holds an interrupted training with other settings or data; "
            "give the same ones to go on, or remove it to begin anew"
        )
    return state


def _save(work: Path, model: Any, state: State, row: dict[str, float]) -> State:
    """Save the epoch's network first and the state that names it after; then drop what nobody needs."""
    history = (*state.history, row)
    best = min(history, key=lambda past: past["clean_loss"] + past.get("worn_loss", 0.0))
    saved = State(state.settings, state.data_sha256, int(row["epoch"]), int(best["epoch"]), history)
    model.save(_checkpoint(work, saved.epoch))
    draft = work / "state.json.tmp"
    draft.write_text(json.dumps(asdict(saved), indent=1), "utf-8")
    draft.replace(work / "state.json")
    for old in work.glob("epoch-*.keras"):
        if old not in (_checkpoint(work, saved.epoch), _checkpoint(work, saved.best_epoch)):
            old.unlink()
    return saved


def _checkpoint(work: Path, epoch: int) -> Path:
    return work / f"epoch-{epoch:03d}.keras"


def _open(keras: Any, work: Path, epoch: int) -> Any:
    try:
        return keras.models.load_model(_checkpoint(work, epoch))
    except (OSError, ValueError) as error:
        raise ModelError(f"{_checkpoint(work, epoch)}: cannot be read; remove {work} to begin anew") from error


def _clear(work: Path) -> None:
    for path in (*work.glob("state.json*"), *work.glob("epoch-*.keras")):
        path.unlink()
    with contextlib.suppress(OSError):  # what else lies there is not ours
        work.rmdir()
