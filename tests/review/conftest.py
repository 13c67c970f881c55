from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ocrbatch.review.app import Review, review_app
from ocrbatch.review.security import Access, Guard
from tests.review.talks import Client, Talk

Open = Callable[..., Talk]


@pytest.fixture
def opened() -> Iterator[Open]:
    """Give the review of an output folder as a page talks to it, without a browser or a socket."""
    with ExitStack() as stack:

        def call(output: Path, access: Access | None = None, **settings: object) -> Talk:
            access = access or Access("127.0.0.1", 8765)
            review = Review(output, "root", **settings)  # type: ignore[arg-type]
            app = review_app(review, access)
            assert isinstance(app, Guard)
            client = Client(app, f"http://{access.address}")
            stack.callback(client.close)
            return Talk(client, access, review)

        yield call
