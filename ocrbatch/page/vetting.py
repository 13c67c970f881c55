"""Keras' files looked through before Keras opens them: no code and no way to other files may be inside.

Keras has a safe mode of its own, which has been passed by several times; this asks for less trust, for it
lets only Keras' own layers through, and of those none that holds code.
"""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

from ocrbatch.errors import ModelError

RUNNING_CODE = frozenset(
    {"Lambda", "TFSMLayer", "TorchModuleWrapper", "FlaxLayer", "JaxLayer", "__lambda__", "function", "partial"}
)
LARGEST_CONFIG = 10_000_000
_WEIGHTS = ".h5"


def vet(content: bytes, kind: str, name: str) -> None:
    """Raise ModelError where a ``keras`` or ``h5`` file is broken or holds more than layers and weights."""
    try:
        if kind == "keras":
            _vet_archive(content, name)
        else:
            _vet_config(json.loads(_vet_hdf5(content, name) or "null"), name)
    except (ValueError, OSError, KeyError, RecursionError, RuntimeError, zipfile.BadZipFile) as error:
        raise ModelError(f"{name}: is no Keras model that can be opened ({error})") from error


def _vet_archive(content: bytes, name: str) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if archive.getinfo("config.json").file_size > LARGEST_CONFIG:
            raise ModelError(f"{name}: its config.json is too large for a model of digits")
        _vet_config(json.loads(archive.read("config.json")), name)
        for entry in archive.namelist():
            if entry.endswith(_WEIGHTS):
                _vet_hdf5(archive.read(entry), name)


def _vet_config(config: Any, name: str) -> None:
    """Look at every object that the configuration would have made."""
    for made in _objects(config):
        kind, module = made["class_name"], made.get("module")
        ours = module is None or module == "builtins" or str(module).split(".")[0] == "keras"
        if kind in RUNNING_CODE or not ours or made.get("registered_name") not in (None, kind):
            raise ModelError(f"{name}: holds {kind} of {module}, which may run code; only Keras' own layers are read")


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if "class_name" in value:
            yield value
        for held in value.values():
            yield from _objects(held)
    elif isinstance(value, list):
        for held in value:
            yield from _objects(held)


def _vet_hdf5(content: bytes, name: str) -> str | None:
    """Refuse links to and data in other files; give the configuration, where the file has one."""
    import h5py

    with h5py.File(io.BytesIO(content), "r") as file:
        waiting = [file["/"]]
        while waiting:
            group = waiting.pop()
            for key in group:
                # A soft link could lead round in a circle; Keras writes hard links alone.
                if not isinstance(group.get(key, getlink=True), h5py.HardLink):
                    raise ModelError(f"{name}: links to other files or places, and is not read")
                held = group[key]
                if isinstance(held, h5py.Group):
                    waiting.append(held)
                elif not isinstance(held, h5py.Dataset) or held.external or held.is_virtual:
                    raise ModelError(f"{name}: keeps data in other files, and is not read")
        config = file.attrs.get("model_config")
    return config.decode("utf-8") if isinstance(config, bytes) else config
