"""``ocrbatch model train``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ocrbatch.commands.model.options import DATA_HELP, MIXED_HELP, STRANGERS_HELP
from ocrbatch.errors import UsageError

Sources = list[str]


def train(
    data: Annotated[Sources, typer.Option("--data", help=f"{DATA_HELP} {MIXED_HELP}")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the model, its card, history and pictures.")],
    strangers: Annotated[Sources | None, typer.Option("--strangers", help=STRANGERS_HELP)] = None,
    arch: Annotated[
        str | None, typer.Option("--arch", help="The network, ocr where not given; ocrbatch model list names them.")
    ] = None,
    epochs: Annotated[
        int | None, typer.Option("--epochs", min=1, help="How often every digit is seen, at most: 30, with --from 40.")
    ] = None,
    patience: Annotated[
        int | None, typer.Option("--patience", min=1, help="End after so many epochs without a better: 10, or 8.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same model.")] = 1,
    batch: Annotated[int | None, typer.Option("--batch", min=1, help="Digits a step: 256, with --from 64.")] = None,
    as_is: Annotated[bool, typer.Option("--as-is", help="Take the digits as they are, and draw no strangers.")] = False,
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
    --data keep it from forgetting what it knew. That takes minutes, does not resume, and leaves the model and its
    card alone. Needs TensorFlow; ocrbatch doctor tells how it is installed.
    """
    from ocrbatch.model.datasets import load_mixture

    def report(line: str) -> None:
        typer.echo(line, err=True)

    if start is not None and (arch or as_is):
        raise UsageError("--arch and --as-is do not go with --from MODEL, which has its network already")
    if start is None and (frozen or force):
        raise UsageError("--frozen and --force belong to --from MODEL")
    asked = {"epochs": epochs, "patience": patience, "batch": batch, "architecture": arch}
    given: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    if start is None:
        from ocrbatch.model.train import Settings
        from ocrbatch.model.train import train as train_model

        settings = Settings(seed=seed, worn=not as_is, **given)
        typer.echo(train_model(load_mixture(data, strangers or ()), out, settings, report))
    else:
        from ocrbatch.model.finetune import FinetuneSettings, finetune, frozen_sets

        # The corrections of one hand may lack a digit; a first training may not.
        mixture = load_mixture(data, strangers or (), every_digit=False)
        taught = FinetuneSettings(seed=seed, **given)
        typer.echo(finetune(start, mixture, frozen_sets(frozen), out, taught, force=force, report=report))
