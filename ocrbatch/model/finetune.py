"""A model for one's own writers: a trained one, taught a few hundred corrected cells without forgetting the rest.

What it learns from are the first set's digits, worn anew each epoch. What holds it are, where there are further
sets, its own answers to them before (distillation: G. Hinton, O. Vinyals, J. Dean, "Distilling the knowledge in
a neural network", 2015); else a pull of every weight to where it began (X. Li, Y. Grandvalet, F. Davoine,
"Explicit inductive bias for transfer learning with convolutional networks", 2018). The frozen sets say in the
end whether that was enough; nothing is ever learned from them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ocrbatch.errors import ModelError, UsageError
from ocrbatch.model.augment import augment_epoch
from ocrbatch.model.card import load_model_file
from ocrbatch.model.convert import as_classifier, to_int8
from ocrbatch.model.datasets import Dataset, Mixture, load_dataset
from ocrbatch.model.export import finish
from ocrbatch.model.parts import Split, draw_epoch_indices, split_mixture, to_input
from ocrbatch.model.train import NAME, Report, make_repeatable
from ocrbatch.output.files import make_folder
from ocrbatch.page.classify import KERAS_BATCH, Classifier, import_keras, open_keras, to_probabilities
from ocrbatch.records import NOT_A_DIGIT, Tiles

LEAST_DIGITS = 20
WORN_AT_LEAST = 1000
"""So many worn digits are needed to find the ranges of the int8 form and the temperature."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FinetuneSettings:
    """What a fine-tuning depends on besides its start and its data.

    ``rehearsed`` is how many digits of the further sets are shown for each corrected one. ``pull`` is the share
    of its way back that each weight goes after a step, where there are no further sets. ``patience`` is how many
    epochs may pass without a better one.
    """

    seed: int = 1
    epochs: int = 40
    batch: int = 64
    learning_rate: float = 5e-5
    rehearsed: float = 3.0
    pull: float = 0.02
    patience: int = 8

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch < 1 or self.patience < 1:
            raise UsageError("The number of epochs, the batch and the patience are at least 1")


@dataclass(frozen=True, slots=True)
class Trial:
    """How many of a set's ``count`` digits the start and the result read right."""

    name: str
    count: int
    before: int
    after: int


def frozen_sets(sources: Sequence[str] | None) -> list[Dataset]:
    """Load the sets that a new model must not read worse; ModelError where one is missing or damaged."""
    return [load_dataset(source) for source in sources or ()]


def finetune(
    start: Path,
    mixture: Mixture,
    frozen: Sequence[Dataset],
    folder: Path,
    settings: FinetuneSettings,
    *,
    force: bool = False,
    report: Report = lambda line: None,
) -> Path:
    """Go on training ``start`` (.keras or .h5) with the first set of ``mixture``; give the int8 file's path.

    The further sets are rehearsed. Each of ``frozen`` (its test part; all of it where it has none) and the test
    part of the corrections are read before and after, both times in int8, as readers will. Raises ModelError where
    one is read worse and ``force`` is not given; nothing is then written.
    """
    file = load_model_file(start)
    if file.kind == "tflite":
        raise ModelError(f"{start}: cannot be trained on; give the .keras or .h5 file of the same model")
    if start.resolve().parent == folder.resolve():
        raise UsageError(f"{folder}: holds the model to start from; give another folder with -o")
    corrections, *further = mixture.sets
    if len(corrections.train_tiles) < LEAST_DIGITS:
        count = len(corrections.train_tiles)
        raise ModelError(f"{corrections.name}: {count} digits to learn from are too few; give {LEAST_DIGITS} or more")
    for data in frozen:
        if not len(data.test_tiles) and data.sha256 in {trained.sha256 for trained in mixture.sets}:
            raise UsageError(f"{data.name} is given both as --data and --frozen; a test must not be trained on")
    if not frozen:
        report("no --frozen set is given: only the corrected hands' own test is there to be read worse")
    keras = import_keras()
    make_repeatable(keras, settings.seed)
    model, held = open_keras(file), open_keras(file)
    outputs = model.output_shape[1]
    if outputs <= NOT_A_DIGIT and any((data.train_labels == NOT_A_DIGIT).any() for data in mixture.sets):
        raise UsageError(f"{file.name} tells ten digits only; leave out what is no digit, or start from another")
    make_folder(folder)
    strangers = outputs > NOT_A_DIGIT
    # No strangers are drawn among the corrections: the start knows already how rare they are.
    own = split_mixture(Mixture((corrections,), mixture.weights[:1]), settings.seed, strangers=False)
    old = Mixture(tuple(further), mixture.weights[1:])
    rest = split_mixture(old, settings.seed, strangers=strangers) if further else None
    best = _train(keras, model, held, own, rest, settings, report)
    before, after = (as_classifier(to_int8(network, own.worn_tiles), 1.0) for network in (held, model))
    tested = [data for data in (*frozen, corrections) if data is not corrections or len(data.test_tiles)]
    trials = [_try(data, before, after) for data in tested]
    _judge(trials, force=force, report=report)
    told = {**asdict(settings), "start": file.name, "start_sha256": file.sha256, "frozen": list(map(asdict, trials))}
    split = _joined(own, rest, settings.seed, strangers=strangers)
    return finish(model, mixture, split, settings=told, epoch=best, folder=folder, name=NAME)


def _train(
    keras: Any, model: Any, held: Any, own: Split, rest: Split | None, settings: FinetuneSettings, report: Report
) -> int:
    """Train ``model`` and leave it as it was after its best epoch; give that, 0 where none was better than none."""
    layers = [layer for layer in _layers(model) if isinstance(layer, keras.layers.BatchNormalization)]
    for layer in layers:
        layer.trainable = False  # so it also keeps the means it has: those of a few hundred digits are poor
    model.compile(
        optimizer=keras.optimizers.Adam(settings.learning_rate, clipnorm=1.0),
        loss=keras.losses.CategoricalCrossentropy(from_logits=not _are_probabilities(_values(model, own.clean_tiles))),
        jit_compile=False,
    )
    begin = [keras.ops.copy(variable.value) for variable in model.trainable_variables]
    # Letters and marks alone hold no digit in its place.
    rehearsed = rest is not None and bool((rest.fit_labels != NOT_A_DIGIT).any())
    best_epoch, best_loss, best = 0, _kept_back_loss(model, own), model.get_weights()
    for epoch in range(1, settings.epochs + 1):
        if epoch - best_epoch > settings.patience:
            report(f"no better epoch since {best_epoch}: ends here")
            break
        rng = np.random.default_rng([settings.seed, epoch])
        for tiles, targets in _batches(held, own, rest, settings, rng):
            model.train_on_batch(_given(model, tiles), targets)
            if not rehearsed:
                for variable, value in zip(model.trainable_variables, begin, strict=True):
                    variable.assign(variable + settings.pull * (value - variable))
        loss = _kept_back_loss(model, own)
        report(f"epoch {epoch}/{settings.epochs}  kept back: loss {loss:.4f}")
        if loss < best_loss:
            best_epoch, best_loss, best = epoch, loss, model.get_weights()
    model.set_weights(best)
    for layer in layers:
        layer.trainable = True
    return best_epoch


def _batches(
    held: Any, own: Split, rest: Split | None, settings: FinetuneSettings, rng: np.random.Generator
) -> Iterator[tuple[Tiles, Floats]]:
    """Give an epoch's tiles, worn, with the probabilities (batch, outputs) wanted for each.

    For corrected digits that is all on their label; for rehearsed ones what the start says. Against the latter
    the cross-entropy is, but for a constant, the divergence of the new model from the start.
    """
    outputs = held.output_shape[1]
    strangers = outputs > NOT_A_DIGIT
    shown = draw_epoch_indices(own.fit_weights, rng)
    tiles, labels = augment_epoch(own.fit_tiles[shown], own.fit_labels[shown], rng, strangers=False)
    targets = np.eye(outputs, dtype=np.float32)[labels]
    if rest is not None:
        # By weight: a set shown twice as often is rehearsed twice as often.
        chances = rest.fit_weights / rest.fit_weights.sum(dtype=np.float64)
        drawn = rng.choice(len(chances), max(1, round(settings.rehearsed * len(shown))), p=chances)
        old, _ = augment_epoch(rest.fit_tiles[drawn], rest.fit_labels[drawn], rng, strangers=strangers)
        tiles, targets = np.concatenate([tiles, old]), np.concatenate([targets, _probabilities(held, old)])
    order = rng.permutation(len(tiles))
    batch = min(settings.batch, len(tiles))
    # The last, smaller batch is left out: every size of batch costs TensorFlow a graph of its own.
    for at in range(0, len(tiles) - batch + 1, batch):
        yield tiles[order[at : at + batch]], targets[order[at : at + batch]]


def _try(data: Dataset, before: Classifier, after: Classifier) -> Trial:
    tested = len(data.test_tiles) > 0
    tiles = data.test_tiles if tested else data.train_tiles
    labels = data.test_labels if tested else data.train_labels
    right = [int((model.scores(tiles).argmax(axis=1) == labels).sum()) for model in (before, after)]
    return Trial(data.name, len(labels), *right)


def _judge(trials: Sequence[Trial], *, force: bool, report: Report) -> None:
    """Report what was read right before and after; ModelError where it is less of any set, unless forced."""
    for trial in trials:
        report(f"{trial.name}: {trial.before} of {trial.count} right before, {trial.after} after")
    worse = [trial for trial in trials if trial.after < trial.before]
    if worse and not force:
        sets = "; ".join(f"reads {t.after} of {t.count} right of {t.name}, {t.before} before" for t in worse)
        raise ModelError(
            f"The new model is worse and was not written: it {sets}; "
            "give more corrections, add --data of the first training, or --force"
        )


def _layers(model: Any) -> Iterator[Any]:
    """Give every layer, also those of networks within the network."""
    for layer in model.layers:
        yield layer
        if hasattr(layer, "layers"):
            yield from _layers(layer)


def _given(model: Any, tiles: Tiles) -> Floats:
    return to_input(tiles).reshape(-1, *model.input_shape[1:])


def _values(model: Any, tiles: Tiles) -> Floats:
    """Give what the network gives, (n, outputs), in batches of one size."""
    padded = np.concatenate([tiles, np.zeros((-len(tiles) % KERAS_BATCH, *tiles.shape[1:]), np.uint8)])
    parts = [_given(model, padded[at : at + KERAS_BATCH]) for at in range(0, len(padded), KERAS_BATCH)]
    return np.concatenate([np.asarray(model.predict_on_batch(part), np.float32) for part in parts])[: len(tiles)]


def _are_probabilities(values: Floats) -> bool:
    """Tell by what a network gives whether it ends in a softmax: its layers may say so in many ways."""
    return bool(values.min() >= 0 and (np.abs(values.sum(axis=1) - 1) < 0.01).all())


def _probabilities(model: Any, tiles: Tiles) -> Floats:
    values = _values(model, tiles)
    return values if _are_probabilities(values) else to_probabilities(values)


def _kept_back_loss(model: Any, split: Split) -> float:
    """Give the mean loss over the kept back digits, as they are and worn."""
    losses = []
    for tiles, labels in ((split.clean_tiles, split.clean_labels), (split.worn_tiles, split.worn_labels)):
        true = _probabilities(model, tiles)[np.arange(len(labels)), labels]
        losses.append(float(-np.log(np.maximum(true.astype(np.float64), 1e-12)).mean()))
    return float(np.mean(losses))


def _joined(own: Split, rest: Split | None, seed: int, *, strangers: bool) -> Split:
    """Give what is kept back of all sets, worn so often that an export has enough."""
    parts = [own] if rest is None else [own, rest]
    tiles = np.concatenate([part.clean_tiles for part in parts])
    labels = np.concatenate([part.clean_labels for part in parts])
    again = np.tile(np.arange(len(tiles)), -(-WORN_AT_LEAST // len(tiles)))
    rng = np.random.default_rng([seed, 0])
    worn_tiles, worn_labels = augment_epoch(tiles[again], labels[again], rng, strangers=strangers)
    return replace(own, clean_tiles=tiles, clean_labels=labels, worn_tiles=worn_tiles, worn_labels=worn_labels)
