import signal
import socket
import sys
from pathlib import Path

import httpx
import pytest

from ocrbatch.job.lock import locked
from tests.commands.conftest import Command
from tests.review.jobs import a_job, many_fields, rows
from tests.review.servers import Page, served


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return a_job(tmp_path, [many_fields(3)])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_the_tables_written(out: Path, number: int) -> None:
    with served("review", out, "--who", "ada") as server:
        assert server.link.startswith("http://127.0.0.1:")
        with Page(server, who="") as page:
            (field,) = page.next()
            assert page.save(field, "0042").status_code == 200
        assert server.end(number) == 0
    assert next((row["value"], row["reasons"]) for row in rows(out)) == ("0042", "corrected")


def test_a_save_that_was_answered_outlives_a_kill(out: Path) -> None:
    for value in ("1111", "2222"):
        with served("review", out) as server:
            with Page(server) as page:
                (field,) = page.next()
                assert page.save(field, value).status_code == 200
            server.end(signal.SIGKILL)
    with served("review", out) as server:
        assert server.end() == 0
    assert [row["value"] for row in rows(out)][:2] == ["1111", "2222"]


def test_while_a_run_holds_the_folder_what_was_said_is_kept_and_told(out: Path) -> None:
    with locked(out), served("review", out) as server:
        with Page(server) as page:
            assert page.save(page.next()[0], "0042").status_code == 200
        assert server.end() == 0
        assert server.process.stderr is not None
        assert "What was said is kept; the tables wait: another job" in server.process.stderr.read()
    assert "0042" not in [row["value"] for row in rows(out)]


def test_off_this_machine_the_link_has_a_token_and_nothing_goes_without(out: Path) -> None:
    with served("review", out, "--host", "0.0.0.0") as server:
        address, _, token = server.link.partition("/?token=")
        assert len(token) >= 32
        port = address.rsplit(":", 1)[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as someone:
            assert someone.get("/").status_code == 403
            assert someone.get(f"/?token={token}").status_code == 200
            assert someone.get("/").status_code == 200


def test_it_listens_on_loopback_only(out: Path) -> None:
    with served("review", out) as server:
        port = int(server.address.rsplit(":", 1)[1])
        # Whoever listens everywhere answers on this address too.
        with pytest.raises(OSError):  # noqa: PT011
            socket.create_connection(("127.0.0.2", port), timeout=5)


def test_a_folder_without_a_job_is_told_and_none_is_made(command: Command, tmp_path: Path) -> None:
    told = command("review", tmp_path)
    assert (told.code, list(tmp_path.iterdir())) == (4, [])
    assert "holds no job" in told.err


def test_a_port_that_is_taken_is_told(command: Command, out: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        told = command("review", out, "--port", str(other.getsockname()[1]))
    assert told.code == 2
    assert "give another with --port" in told.err


@pytest.mark.parametrize("words", [["review", "."], ["serve"]])
def test_without_the_extra_the_command_that_installs_it_is_told(
    command: Command, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.delitem(sys.modules, "uvicorn", raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "uvicorn" else name)
    told = command(*words)
    assert told.code == 7
    assert "This needs uvicorn, not installed: pip install 'ocrbatch[review]'" in told.err
