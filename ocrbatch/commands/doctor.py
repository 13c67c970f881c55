"""The command ``doctor``: what is installed, and the command that mends what is not."""

from importlib import metadata
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from ocrbatch.errors import OcrbatchError

AGAIN = "pip install --force-reinstall ocrbatch"
NEEDED = {
    "OpenCV": ("opencv-python-headless", "cv2"),
    "LiteRT": ("ai-edge-litert", "ai_edge_litert.interpreter"),
    "pypdfium2": ("pypdfium2", "pypdfium2"),
    "Pillow": ("pillow", "PIL.Image"),
    "pandas": ("pandas", "pandas"),
}
"""Name shown, distribution, and the module that must load."""


def doctor() -> None:
    """Show the versions, the model and the cores; for what is missing, the command that mends it.

    Ends with 0 where all that reading needs is there, with 7 where the model is not, with 1 otherwise.
    """
    from ocrbatch.job.cores import usable_cores

    broken = [_line(name, _library(*names)) for name, names in _versions().items()]
    _line("TensorFlow", _extra("tensorflow", "train"))
    error = _model()
    _line("cores", str(usable_cores()))
    if error is not None:
        raise error
    if any(broken):
        raise typer.Exit(1)


def _versions() -> dict[str, tuple[str, str]]:
    import platform

    from ocrbatch import __version__

    _line("ocrbatch", __version__)
    _line("Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    return NEEDED


def _line(name: str, value: str) -> bool:
    """Print a line; say whether it tells of something that is missing and needed."""
    typer.echo(f"{name:<12}{value}")
    return AGAIN in value


def _library(distribution: str, module: str) -> str:
    import importlib

    try:
        version = metadata.version(distribution)
        importlib.import_module(module)
    except metadata.PackageNotFoundError:
        return f"not installed: {AGAIN}"
    except (ImportError, OSError) as error:
        return f"does not load ({error}): {AGAIN}"
    return version


def _extra(distribution: str, extra: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return f"not installed: pip install 'ocrbatch[{extra}]'"


def _model() -> "OcrbatchError | None":
    """Show the shipped model, checked against its card and opened; give what is wrong with it."""
    from ocrbatch.errors import OcrbatchError

    try:
        name, sha256 = _checked_model()
    except OcrbatchError as error:
        _line("model", "not usable, see below")
        return error
    except ImportError:
        _line("model", "cannot be opened without the libraries above")
        return None
    _line("model", f"{name}, checked, sha256 {sha256}")
    return None


def _checked_model() -> tuple[str, str]:
    from ocrbatch.model.card import load_model_file
    from ocrbatch.page.classify import make_classifier

    model = load_model_file()
    make_classifier(model)
    return model.name, model.sha256
