from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from ocrbatch.errors import ModelError
from ocrbatch.model.card import load_model_file
from ocrbatch.page.strings.looks import LOOKS
from ocrbatch.page.strings.sequence import BEYOND, StringReader, frame_width, make_string_reader
from ocrbatch.records import Grey, ModelFile
from tests.helpers.string_network import string_network

pytest.importorskip("tensorflow")
RNG = np.random.default_rng(11)


@cache
def network(**how: int) -> ModelFile:
    return string_network(**how)  # type: ignore[arg-type]


def strip(width: int) -> Grey:
    return RNG.integers(0, 256, (32, width)).astype(np.uint8)


@pytest.fixture(scope="module", params=[True, False], ids=["int8", "float"])
def reader(request: pytest.FixtureRequest) -> StringReader:
    return make_string_reader(network(int8=request.param))


@pytest.mark.parametrize("width", [1, 63, 64, 65, 200, 1023])
def test_a_strip_gives_a_frame_every_four_columns(reader: StringReader, width: int) -> None:
    (looks,) = reader.looks([strip(width)])
    assert len(looks) == len(LOOKS)
    beyond = len(looks[0]) - -(-width // 4)
    assert 0 <= beyond <= BEYOND
    for logs in looks:
        assert logs.shape[1:] == (12,)
        assert logs.dtype == np.float32
        assert np.exp(logs).sum(axis=1) == pytest.approx(np.ones(len(logs)), abs=1e-5)


def test_a_strip_is_read_alike_alone_and_among_others(reader: StringReader) -> None:
    strips = [strip(width) for width in (300, 40, 41, 300, 900, 40)]
    together = reader.looks(strips)
    for one, looks in zip(strips, together, strict=True):
        (alone,) = reader.looks([one])
        assert all(np.array_equal(logs, own) for logs, own in zip(looks, alone, strict=True))


def test_a_frame_tells_what_is_near_it_whatever_the_strip_s_width(reader: StringReader) -> None:
    whole = strip(256)
    (part, *_), (all_of_it, *_) = reader.looks([whole[:, :96], whole])
    assert part[:20] == pytest.approx(all_of_it[:20], abs=0.35)


def test_strips_beyond_the_widest_are_shrunk(reader: StringReader) -> None:
    ((logs, *others),) = reader.looks([strip(3000)])
    assert max(len(other) for other in others) == len(logs)
    assert len(logs) * frame_width(3000) == pytest.approx(3000)
    assert frame_width(1024) == frame_width(5) == 4


def test_no_strips_give_no_looks(reader: StringReader) -> None:
    assert reader.looks([]) == []


@pytest.mark.parametrize("wrong", [np.zeros((31, 64), np.uint8), np.zeros((32, 0), np.uint8), np.zeros((32, 64))])
def test_what_is_no_strip_is_refused(reader: StringReader, wrong: Grey) -> None:
    with pytest.raises(ValueError, match="a strip"):
        reader.looks([wrong])


def test_a_network_of_one_width_alone_is_a_model_error() -> None:
    with pytest.raises(ModelError, match="strings"):
        make_string_reader(network(width=64))


@pytest.mark.parametrize("how", [{"outputs": 11}, {"columns": 2}, {"high": 28}])
def test_a_network_of_other_shapes_is_a_model_error(how: dict[str, int]) -> None:
    with pytest.raises(ModelError, match="a model of strings"):
        make_string_reader(network(**how))


def test_a_model_of_digits_is_no_model_of_strings() -> None:
    with pytest.raises(ModelError, match="a model of strings takes"):
        make_string_reader(load_model_file())


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_truncated_model_is_a_model_error(share: float) -> None:
    model = network()
    with pytest.raises(ModelError, match="strings"):
        make_string_reader(replace(model, content=model.content[: int(len(model.content) * share)]))


def test_a_keras_file_is_no_model_of_strings() -> None:
    with pytest.raises(ModelError, match=r"\.tflite"):
        make_string_reader(replace(network(), kind="keras"))


def test_a_higher_temperature_is_less_sure() -> None:
    one = strip(64)
    cool, warm = (make_string_reader(replace(network(), temperature=t)).looks([one])[0][0] for t in (1.0, 3.0))
    assert cool.max() > warm.max()


def test_opening_and_reading_print_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    make_string_reader(network()).looks([strip(100)])
    assert capfd.readouterr() == ("", "")
