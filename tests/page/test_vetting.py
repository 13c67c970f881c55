import importlib.util
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ocrbatch.errors import ModelError
from ocrbatch.model.card import load_model_file, shipped_folder
from ocrbatch.page.classify import import_keras, make_classifier
from ocrbatch.page.vetting import vet
from ocrbatch.records import ModelFile

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"),
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
]


def hdf5(fill: Any) -> bytes:
    import h5py

    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        fill(file)
    return content.getvalue()


def archive(config: object, weights: bytes | None = None) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("config.json", config if isinstance(config, str) else json.dumps(config))
        file.writestr("metadata.json", "{}")
        if weights is not None:
            file.writestr("model.weights.h5", weights)
    return content.getvalue()


def model_with_lambda(path: Path) -> bytes:
    keras = import_keras()
    tiles = keras.Input((28, 28, 1))
    values = keras.layers.Dense(10)(keras.layers.Flatten()(keras.layers.Lambda(lambda x: x * 2)(tiles)))
    keras.Model(tiles, values).save(path)
    return path.read_bytes()


def test_the_shipped_model_passes_and_reads_as_its_int8_form() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (3, 28, 28)).astype(np.uint8)
    keras = load_model_file(shipped_folder() / "digits.keras")
    forms = [make_classifier(model).scores(noise) for model in (keras, load_model_file())]
    assert np.abs(forms[0] - forms[1]).max() < 0.15


@pytest.mark.parametrize("kind", ["keras", "h5"])
def test_a_lambda_is_refused(tmp_path: Path, kind: str) -> None:
    content = model_with_lambda(tmp_path / f"code.{kind}")
    with pytest.raises(ModelError, match="may run code"):
        make_classifier(ModelFile(content, kind, "mine", "", 1.0))


@pytest.mark.parametrize(
    "made",
    [
        {"class_name": "TFSMLayer", "module": "keras.layers", "config": {"filepath": "/tmp/x"}},
        {"class_name": "system", "module": "os", "config": {}},
        {"class_name": "run", "module": "kerassomething", "config": {}},
        {"class_name": "function", "module": "builtins", "config": "exec"},
        {"class_name": "Dense", "module": "keras.layers", "registered_name": "mine>Dense", "config": {}},
    ],
)
def test_what_is_no_layer_of_keras_is_refused_however_deep(made: object) -> None:
    with pytest.raises(ModelError, match="may run code"):
        vet(archive({"config": {"layers": [{"config": {"inner": [made]}}]}}), "keras", "mine")


@pytest.mark.parametrize("config", ["", "{", "[" * 200_000], ids=["empty", "cut", "deep"])
def test_a_configuration_that_cannot_be_read_is_a_model_error(config: str) -> None:
    with pytest.raises(ModelError, match="mine"):
        vet(archive(config), "keras", "mine")


@pytest.mark.parametrize("kind", ["keras", "h5"])
@pytest.mark.parametrize("link", ["external", "soft", "data"])
def test_links_to_other_files_are_refused(kind: str, link: str) -> None:
    import h5py

    def fill(file: Any) -> None:
        if link == "external":
            file["weights"] = h5py.ExternalLink("/etc/passwd", "/")
        elif link == "soft":
            file["weights"] = h5py.SoftLink("/")
        else:
            file.create_dataset("weights", (8,), "u1", external=[("/etc/passwd", 0, 8)])

    content = hdf5(fill) if kind == "h5" else archive({}, hdf5(fill))
    with pytest.raises(ModelError, match="other files"):
        vet(content, kind, "mine")
