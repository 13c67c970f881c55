"""``ocrbatch model info``: what a model was made of."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ocrbatch.commands.model.options import MODEL_HELP


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
