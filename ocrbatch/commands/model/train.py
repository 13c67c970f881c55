"""``ocrbatch model train``."""

from pathlib import Path
from typing import Annotated

import typer

from ocrbatch.commands.model.options import DATA_HELP


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
