"""The command ``doctor``: what is installed, and the command that mends what is not."""

from importlib import metadata
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from ocrbatch.errors import OcrbatchError
    from ocrbatch.records import ModelFile

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
    """Show the versions, the models and the cores; for what is missing, the command that mends it.

    Ends with 0 where all that reading needs is there, with 7 where a model is not, with 1 otherwise.
    """
    from ocrbatch.job.cores import usable_cores

    broken = [_line(name, _library(*names)) for name, names in _versions().items()]
    _line("TensorFlow", _extra("tensorflow", "train"))
    _line("FastAPI", _extra("fastapi", "review"))
    _line("fsspec", _extra("fsspec", "remote"))
    error = _models()
    _line("cores", str(usable_cores()))
    if error is not None:
        raise error
    if any(broken):
        raise typer.Exit(1)


def _versions() -> dict[str, tuple[str, str]]:
    import platform

    from ocrbatch.version import __version__

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


def _models() -> "OcrbatchError | None":
    """Show the shipped models, checked against their cards and opened; give what is wrong with the first bad one."""
    found = [_model("model", _checked_model), _model("strings", _checked_strings)]
    return next((error for error in found if error is not None), None)


def _model(label: str, checked: "Callable[[], ModelFile | None]") -> "OcrbatchError | None":
    from ocrbatch.errors import OcrbatchError

    try:
        model = checked()
    except OcrbatchError as error:
        _line(label, "not usable, see below")
        return error
    except ImportError:
        _line(label, "cannot be opened without the libraries above")
        return None
    if model is None:
        _line(label, "none; runs of digits are read piece by piece")
    else:
        _line(label, f"{model.name}, checked, sha256 {model.sha256}")
    return None


def _checked_model() -> "ModelFile":
    from ocrbatch.model.card import load_model_file
    from ocrbatch.page.classify import make_classifier

    model = load_model_file()
    make_classifier(model)
    return model


def _checked_strings() -> "ModelFile | None":
    from ocrbatch.model.card import string_model_for
    from ocrbatch.page.strings.sequence import make_string_reader

    model = string_model_for((), "string")
    if model is not None:
        make_string_reader(model)
    return model
