"""``ocrbatch model evaluate``."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ocrbatch.commands.model.options import DATA_HELP, MODEL_HELP


def evaluate(
    data: Annotated[str, typer.Option("--data", help=DATA_HELP)],
    model: Annotated[Path | None, typer.Argument(help=MODEL_HELP)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure a model on a labelled set: accuracy, loss, each label, confusions, calibration.

    Measured is the set's test part; all of it where it has none.
    """
    from ocrbatch.model import evaluate as measures
    from ocrbatch.model.card import load_model_file
    from ocrbatch.model.datasets import load_dataset
    from ocrbatch.page.classify import make_classifier

    loaded = load_model_file(model)
    digits = load_dataset(data)
    tested = len(digits.test_tiles) > 0
    tiles = digits.test_tiles if tested else digits.train_tiles
    labels = digits.test_labels if tested else digits.train_labels
    result = measures.evaluate(make_classifier(loaded), tiles, labels)
    if as_json:
        source = {"model": loaded.name, "sha256": loaded.sha256, "data": digits.name}
        typer.echo(json.dumps({**source, **measures.as_json(result)}, indent=2))
    else:
        typer.echo(measures.as_text(result))
