"""``ocrbatch model list``, ``info`` and ``export``: the networks there are, a model's card, its other forms."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ocrbatch.commands.model.options import MODEL_HELP


def list_networks(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the networks that can be trained: their parameters, their outputs, how they are built.

    Ten outputs tell digits apart; the eleventh says that it is no digit. Any of them is trained with ocrbatch
    model train --arch NAME.
    """
    from ocrbatch.model.architectures import ARCHITECTURES

    shown = ("name", "parameters", "outputs", "about")
    rows = [{key: getattr(known, key) for key in shown} for known in ARCHITECTURES.values()]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    typer.echo(f"{'name':<16}{'parameters':>11}{'outputs':>9}  about")
    for row in rows:
        typer.echo(f"{row['name']:<16}{row['parameters']:>11,}{row['outputs']:>9}  {row['about']}")


def info(
    model: Annotated[Path | None, typer.Argument(help=MODEL_HELP)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show a model's card: its data and their licences, its settings, its measures."""
    from ocrbatch.model.card import describe_model

    card = describe_model(model)
    typer.echo(json.dumps(card, indent=2, ensure_ascii=False) if as_json else as_lines(card))


def export(
    model: Annotated[Path, typer.Argument(help="A .keras or .h5 file.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the new files and their card.")],
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format", help="int8 or float (LiteRT), h5 or keras; may be given several times; int8 where not given."
        ),
    ] = None,
    samples: Annotated[
        str | None, typer.Option("--samples", help="Typical digits, needed for int8: what --data of train takes.")
    ] = None,
) -> None:
    """Write a Keras model in other forms: int8 and float for LiteRT, h5 and keras for Keras.

    The files are called as the model is, the float one NAME-float.tflite. NAME.json says of them what the card
    of the model says. Needs TensorFlow; ocrbatch doctor tells how it is installed.
    """
    from ocrbatch.model.datasets import load_dataset
    from ocrbatch.model.export import export_model

    tiles = None if samples is None else load_dataset(samples).train_tiles
    for path in export_model(model, out, formats or ["int8"], tiles):
        typer.echo(path)


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
