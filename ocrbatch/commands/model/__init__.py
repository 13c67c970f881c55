"""The commands about models, a module each."""

import typer

from ocrbatch.commands.model.evaluate import evaluate
from ocrbatch.commands.model.predict import predict
from ocrbatch.commands.model.show import export, info, list_networks
from ocrbatch.commands.model.train import train

app = typer.Typer(
    help="Train a model of digits, measure one, show what one was made of.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (train, evaluate, predict, export, info):
    app.command()(command)
app.command("list")(list_networks)
