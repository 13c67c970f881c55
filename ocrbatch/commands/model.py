"""The commands about models: train, evaluate, info."""

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Train a model of digits, measure one, show what one was made of.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

DATA_HELP = "An .npz file (x_train, y_train, x_test, y_test), a folder of IDX files, or mnist to download it."
MODEL_HELP = "A .tflite, .keras or .h5 file; the shipped model where none is given."


@app.command()
def train(
    data: Annotated[str, typer.Option("--data", help=DATA_HELP)],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the model, its card and its history.")],
    arch: Annotated[str, typer.Option("--arch", help="The network: ocr or conv3-dense64.")] = "ocr",
    epochs: Annotated[int, typer.Option("--epochs", min=1, help="How often every digit is seen.")] = 30,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same model.")] = 1,
    batch: Annotated[int, typer.Option("--batch", min=1, help="Digits a step.")] = 256,
) -> None:
    """Train a model on digits as a form shows them: turned, thin, clipped, with pieces of boxes.

    Writes digits.tflite (int8, to read with), digits.keras, digits.json (the card) and history.csv. An
    interrupted training goes on when the same command is given again. Needs the extra: pip install
    'ocrbatch[train]'.
    """
    from ocrbatch.model.train import Settings
    from ocrbatch.model.train import train as train_model

    settings = Settings(architecture=arch, epochs=epochs, seed=seed, batch=batch)
    typer.echo(train_model(data, out, settings, report=lambda line: typer.echo(line, err=True)))


@app.command()
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


@app.command()
def info(
    model: Annotated[Path | None, typer.Argument(help=MODEL_HELP)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show a model's card: its data and their licences, its settings, its measures."""
    from ocrbatch.model.card import describe_model

    card = describe_model(model)
    typer.echo(json.dumps(card, indent=2, ensure_ascii=False) if as_json else as_lines(card))


def as_lines(card: dict[str, object]) -> str:
    """Lay a card out for a person: a line a value, what belongs together under its name."""
    lines: list[str] = []
    for key, value in card.items():
        _lay_out(key, value, 0, lines)
    return "\n".join(lines)


def _lay_out(key: str, value: object, depth: int, lines: list[str]) -> None:
    label = "  " * depth + key.replace("_", " ")
    if isinstance(value, dict):
        lines.append(label)
        for inner, held in value.items():
            _lay_out(str(inner), held, depth + 1, lines)
    elif isinstance(value, list):
        for number, held in enumerate(value, 1):
            _lay_out(f"{key} {number}" if len(value) > 1 else key, held, depth, lines)
    else:
        lines.append(f"{label:<26}{'-' if value is None else value}")
