"""``ocrbatch model train``."""

from pathlib import Path
from typing import Annotated

import typer

from ocrbatch.commands.model.options import DATA_HELP, STRANGERS_HELP
from ocrbatch.errors import UsageError

Sources = list[str]


def train(
    data: Annotated[Sources, typer.Option("--data", help=DATA_HELP)],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the model, its card, history and pictures.")],
    strangers: Annotated[Sources | None, typer.Option("--strangers", help=STRANGERS_HELP)] = None,
    arch: Annotated[str, typer.Option("--arch", help="The network; ocrbatch model list names them.")] = "ocr",
    epochs: Annotated[int, typer.Option("--epochs", min=1, help="How often every digit is seen, at most.")] = 30,
    patience: Annotated[int, typer.Option("--patience", min=1, help="End after so many epochs without a better.")] = 10,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same model.")] = 1,
    batch: Annotated[int, typer.Option("--batch", min=1, help="Digits a step.")] = 256,
    worn: Annotated[bool, typer.Option("--worn/--as-is", help="Wear digits as forms do, or take them as is.")] = True,
    start: Annotated[
        Path | None,
        typer.Option("--from", help="Go on from this .keras or .h5 model: for the hands in a few hundred --data."),
    ] = None,
    frozen: Annotated[
        Sources | None,
        typer.Option("--frozen", help="With --from: a set that the new model must not read worse; never trained on."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="With --from: keep the model even where it is worse.")] = False,
) -> None:
    """Train a model on digits as a form shows them: turned, thin, clipped, with pieces of boxes.

    Writes digits.tflite (int8, to read with), digits-float.tflite, digits.keras, digits.h5, digits.json (the
    card), history.csv, and pictures of the history, the confusions, the worst mistakes and sample predictions.
    An interrupted training goes on when the same command is given again.

    With --from, a trained model is taught the hands in the first --data, some hundred corrected cells; further
    --data keep it from forgetting what it knew. Needs TensorFlow; ocrbatch doctor tells how it is installed.
    """
    from ocrbatch.model.datasets import load_mixture

    def report(line: str) -> None:
        typer.echo(line, err=True)

    # The corrections of one hand may lack a digit; a first training may not.
    mixture = load_mixture(data, strangers or (), every_digit=start is None)
    if start is not None:
        from ocrbatch.model.finetune import FinetuneSettings, finetune, frozen_sets

        settings = FinetuneSettings(seed=seed)
        typer.echo(finetune(start, mixture, frozen_sets(frozen), out, settings, force=force, report=report))
        return
    if frozen or force:
        raise UsageError("--frozen and --force belong to --from MODEL")
    from ocrbatch.model.train import Settings
    from ocrbatch.model.train import train as train_model

    typer.echo(train_model(mixture, out, Settings(arch, epochs, seed, batch, patience=patience, worn=worn), report))
