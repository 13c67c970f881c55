"""The commands about forms, a module each."""

import typer

from ocrbatch.commands.form.check import check
from ocrbatch.commands.form.draft import draft
from ocrbatch.commands.form.print import print_
from ocrbatch.commands.form.show import show

app = typer.Typer(
    help="Make a form of a scan, see where its fields are, check it.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (draft, show, check):
    app.command()(command)
app.command("print")(print_)
