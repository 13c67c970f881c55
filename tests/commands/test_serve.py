import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.commands.conftest import SAMPLES, Command
from tests.review.servers import Server, served

SLIP = SAMPLES / "slip-green.jpg"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with served("serve", "--max-megabytes", "1", "--max-megapixels", "4") as server:
        yield server


def sent(server: Server, name: str, data: bytes, **more: object) -> httpx.Response:
    return httpx.post(f"{server.address}/read", files={"file": (name, data)}, timeout=60, **more)  # type: ignore[arg-type]


def test_a_scan_is_answered_as_by_the_command(server: Server, command: Command) -> None:
    answer = sent(server, SLIP.name, SLIP.read_bytes())
    assert answer.status_code == 200
    told = answer.json()
    assert told["sha256"] == hashlib.sha256(SLIP.read_bytes()).hexdigest()
    (page,) = told["pages"]
    lines = [json.loads(line) for line in command("read", SLIP, "--json").out.splitlines()]
    assert len(page["fields"]) == len(lines) == 2
    for field, line in zip(page["fields"], lines, strict=True):
        cells = field.pop("cells")
        assert len(cells[0]) == 4
        assert field.items() <= line.items()
    assert "picture" not in page


def test_the_pages_come_in_their_order_and_with_pictures_where_asked(server: Server) -> None:
    document = SAMPLES / "slips.pdf"
    pages = sent(server, "slips.pdf", document.read_bytes(), params={"pictures": "true"}).json()["pages"]
    assert [page["page"] for page in pages] == [1, 2, 3]
    assert all(page["picture"].startswith("/9j/") for page in pages)


@pytest.mark.parametrize(("name", "data"), [("a.txt", b"no picture"), ("cut.jpg", SLIP.read_bytes()[:900]), ("e", b"")])
def test_what_the_command_refuses_is_refused_with_the_same_words(
    server: Server, command: Command, tmp_path: Path, name: str, data: bytes
) -> None:
    answer = sent(server, name, data)
    (page,) = answer.json()["pages"]
    (tmp_path / name).write_bytes(data)
    told = command("read", tmp_path / name)
    assert (answer.status_code, told.code, page["status"]) == (422, 3, "failed")
    assert page["reason"]
    assert told.err.strip().endswith(page["reason"])


def test_a_file_with_too_many_bytes_or_pixels_is_refused(server: Server) -> None:
    assert sent(server, "large.png", b"\x89PNG" + bytes(1_100_000)).status_code == 413
    answer = sent(server, "cards.tif", (SAMPLES / "cards.tif").read_bytes())
    assert {page["reason"].partition(":")[0] for page in answer.json()["pages"]} <= {"too large", ""}


def test_another_site_may_not_ask_and_a_program_may(server: Server) -> None:
    data = SLIP.read_bytes()
    for headers in ({"origin": "http://evil.example"}, {"host": "evil.example"}, {"sec-fetch-site": "cross-site"}):
        assert sent(server, "a.jpg", data, headers=headers).status_code == 403
    assert httpx.get(f"{server.address}/read").status_code == 403


def test_off_this_machine_a_program_needs_the_token() -> None:
    with served("serve", "--host", "0.0.0.0") as open_server:
        address, _, token = open_server.link.partition("/?token=")
        here = Server(open_server.process, f"http://127.0.0.1:{address.rsplit(':', 1)[1]}/")
        assert sent(here, "a.txt", b"x").status_code == 403
        assert sent(here, "a.txt", b"x", headers={"authorization": "Bearer wrong"}).status_code == 403
        assert sent(here, "a.txt", b"x", headers={"authorization": f"Bearer {token}"}).status_code == 422


def test_the_description_is_our_own_page_and_names_the_route(server: Server) -> None:
    described = httpx.get(f"{server.address}/openapi.json").json()
    assert list(described["paths"]) == ["/read"]
    assert {"200", "403", "413", "422", "503"} <= set(described["paths"]["/read"]["post"]["responses"])
    text = httpx.get(f"{server.address}/api").text
    assert "POST /read" in text
    assert "digit_confidence" in text
    assert "//cdn" not in text
    for path in ("/docs", "/redoc"):
        assert httpx.get(server.address + path).status_code == 404


def test_a_request_without_a_file_is_told_so(server: Server) -> None:
    answer = httpx.post(f"{server.address}/read")
    assert (answer.status_code, answer.json()) == (400, {"reason": "body.file: Field required"})
