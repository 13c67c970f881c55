"""Reads handwritten digits from scanned forms and cheques.

Names load what they need when they are first used: importing the package itself imports nothing but its version.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from ocrbatch.version import __version__

if TYPE_CHECKING:
    from ocrbatch.api import Digit, Model, load_model, read
    from ocrbatch.errors import (
        DecodeError,
        FormError,
        InputError,
        LockedError,
        MissingExtraError,
        ModelError,
        OcrbatchError,
        OutputError,
        UsageError,
    )
    from ocrbatch.geometry import Box
    from ocrbatch.records import FieldReading, PageResult, PageStatus, Status

__all__ = [
    "Box",
    "DecodeError",
    "Digit",
    "FieldReading",
    "FormError",
    "InputError",
    "LockedError",
    "MissingExtraError",
    "Model",
    "ModelError",
    "OcrbatchError",
    "OutputError",
    "PageResult",
    "PageStatus",
    "Status",
    "UsageError",
    "__version__",
    "load_model",
    "read",
]

_HOMES = {
    "Box": "geometry",
    "Digit": "api",
    "FieldReading": "records",
    "Model": "api",
    "PageResult": "records",
    "PageStatus": "records",
    "Status": "records",
    "load_model": "api",
    "read": "api",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'errors')}"), name)


def __dir__() -> list[str]:
    return __all__
