"""``ocrbatch model evaluate``: models side by side on labelled sets."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ocrbatch.commands.model.options import DATA_HELP, MODEL_HELP, STRANGERS_HELP

if TYPE_CHECKING:
    from ocrbatch.model.datasets import Dataset, Labels
    from ocrbatch.model.evaluate import Evaluation
    from ocrbatch.page.classify import Classifier
    from ocrbatch.records import Probabilities, Tiles


class Part(StrEnum):
    """Which part of a set is measured."""

    test = "test"
    train = "train"
    all = "all"


@dataclass(frozen=True, slots=True)
class Opened:
    """A model under the name that tells it from the others."""

    name: str
    sha256: str
    classifier: "Classifier"


@dataclass(frozen=True, slots=True)
class Measured:
    """A model on a set, both under the names that tell them from the others, and the part of it."""

    data: str
    model: str
    sha256: str
    part: Part
    evaluation: "Evaluation"


Watch = Callable[[Measured, "Tiles", "Labels", "Probabilities"], None]


def evaluate(
    data: Annotated[list[str], typer.Option("--data", help=f"{DATA_HELP} May be given several times.")],
    models: Annotated[
        list[Path] | None, typer.Argument(metavar="MODEL", help=f"{MODEL_HELP} Several stand side by side.")
    ] = None,
    strangers: Annotated[list[str] | None, typer.Option("--strangers", help=STRANGERS_HELP)] = None,
    part: Annotated[
        Part,
        typer.Option(
            "--part",
            help="The part of each set; of one without a test part, test is the tenth that training keeps apart.",
        ),
    ] = Part.test,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: a list with all measures.")] = False,
    pictures: Annotated[
        Path | None, typer.Option("--pictures", help="Folder for curves, confusions and mistakes as PNG.")
    ] = None,
) -> None:
    """Measure models on labelled sets: accuracy, each label, calibration, and what rejecting the unsure gains.

    One model on one set is told in full; several of either make a table, a row each. AURC is the area under the
    curve of errors among the kept by the share rejected, the least sure first. Taken are non-digits that are
    read as a digit with a confidence of 0.9 or more.
    """
    from ocrbatch.model import report

    opened = _open(models)
    gallery = Gallery(pictures) if pictures else None
    sets = _load(data, strangers or ())
    results = list(_measure(opened, sets, part, gallery.show if gallery else _look_away))
    if as_json:
        told = [
            {"model": one.model, "sha256": one.sha256, "data": one.data, "part": one.part.value}
            | report.as_json(one.evaluation)
            for one in results
        ]
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
    elif len(results) == 1:
        typer.echo(report.as_text(results[0].evaluation))
    else:
        typer.echo(report.compare([(one.model, one.data, one.evaluation) for one in results]))
    if gallery:
        gallery.compare(results)


def _open(models: Sequence[Path] | None) -> list[Opened]:
    """Open every model before any set is read: that takes long, and a wrong card shows at once."""
    from ocrbatch.model.card import load_model_file
    from ocrbatch.page.classify import make_classifier

    paths: list[Path | None] = [*dict.fromkeys(models or ())] or [None]
    files = [load_model_file(path) for path in paths]
    names = _told_apart([file.name for file in files], [str(path) for path in paths])
    return [Opened(name, file.sha256, make_classifier(file)) for name, file in zip(names, files, strict=True)]


def _load(data: Sequence[str], strangers: Sequence[str]) -> "list[tuple[str, Dataset]]":
    """Load the sets, each with the name that tells it from the others."""
    from ocrbatch.model.datasets import load_dataset

    asked = [(source, False) for source in dict.fromkeys(data)] + [
        (source, True) for source in dict.fromkeys(strangers)
    ]
    sets = [load_dataset(source, strangers=strange) for source, strange in asked]
    sources = [f"{source} (strangers)" if strange else source for source, strange in asked]
    return list(zip(_told_apart([found.name for found in sets], sources), sets, strict=True))


def _told_apart(names: Sequence[str], places: Sequence[str]) -> list[str]:
    """Give the names, or the places of all where two have the same name; safe to print."""
    from ocrbatch.output.escape import escape_name

    chosen = names if len(set(names)) == len(names) else places
    return [escape_name(name) for name in chosen]


def _measure(
    models: "Sequence[Opened]", sets: "Sequence[tuple[str, Dataset]]", asked: Part, watch: Watch
) -> Iterator[Measured]:
    from ocrbatch.model.evaluate import measure

    for name, data in sets:
        part, tiles, labels = _part_of(name, data, asked)
        for model in models:
            if sys.stderr.isatty():
                typer.echo(f"{name}: {model.name} reads {len(tiles)} tiles", err=True)
            scores = model.classifier.scores(tiles)
            measured = Measured(name, model.name, model.sha256, part, measure(scores, labels))
            watch(measured, tiles, labels, scores)
            yield measured


def _part_of(name: str, data: "Dataset", asked: Part) -> "tuple[Part, Tiles, Labels]":
    """Give the part that is measured, and which it is: all of a set whose test part is empty."""
    import numpy as np

    if asked is Part.test and not len(data.test_labels):
        typer.echo(f"{name}: has no test part; all of it is measured", err=True)
        asked = Part.all
    if asked is Part.test and data.divided:
        typer.echo(f"{name}: measured are the {len(data.test_labels)} that training keeps apart; --part all", err=True)
    if asked is Part.test:
        return asked, data.test_tiles, data.test_labels
    if asked is Part.train:
        return asked, data.train_tiles, data.train_labels
    tiles = np.concatenate([data.train_tiles, data.test_tiles])
    return asked, tiles, np.concatenate([data.train_labels, data.test_labels])


def _look_away(measured: Measured, tiles: "Tiles", labels: "Labels", scores: "Probabilities") -> None:
    """Draw nothing."""


class Gallery:
    """A folder of pictures, and which files in it are taken."""

    def __init__(self, folder: Path) -> None:
        from ocrbatch.model import plots
        from ocrbatch.output.files import make_folder

        # Tells now, before anything is measured, where what draws is not installed.
        plots.reliability_picture({})
        make_folder(folder)
        self._plots = plots
        self._folder = folder
        self._taken: set[str] = set()

    def show(self, measured: Measured, tiles: "Tiles", labels: "Labels", scores: "Probabilities") -> None:
        """Write a model's confusions on a set, and its worst mistakes."""
        name = f"{measured.data}-{measured.model}"
        self._write("confusion", name, self._plots.confusion_picture(measured.evaluation))
        self._write("mistakes", name, self._plots.mistakes_picture(tiles, labels, scores))

    def compare(self, results: Sequence[Measured]) -> None:
        """Write the curves of all, each under as much of its name as is needed."""
        several_sets = len({one.data for one in results}) > 1
        several_models = len({one.model for one in results}) > 1
        curves = {}
        for one in results:
            both = f"{one.data}, {one.model}"
            name = both if several_sets and several_models else one.data if several_sets else one.model
            curves[name] = (one.evaluation.confidence, one.evaluation.right)
        self._write("reliability", "", self._plots.reliability_picture(curves))
        self._write("rejection", "", self._plots.rejection_picture(curves))

    def _write(self, kind: str, name: str, content: bytes) -> None:
        from ocrbatch.output.files import output_errors, picture_path

        stem = f"{kind}-{picture_path(name.replace('/', '_'))}" if name else kind
        free, number = stem, 1
        # Names that differ only where a file's name cannot.
        while free in self._taken:
            number += 1
            free = f"{stem}-{number}"
        self._taken.add(free)
        path = self._folder / f"{free}.png"
        with output_errors(path):
            path.write_bytes(content)
        typer.echo(path, err=True)
