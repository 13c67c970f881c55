from collections.abc import Iterator

import pytest

from tests.faults.launch import Launcher


@pytest.fixture(scope="session")
def launcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    """Give what starts jobs with faults, each in a moment."""
    with Launcher(tmp_path_factory.mktemp("told")) as started:
        yield started
