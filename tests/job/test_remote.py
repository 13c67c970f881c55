import csv
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from ocrbatch.errors import InputError, UsageError
from ocrbatch.form.acceptance import Acceptance
from ocrbatch.job.ledger import Ledger
from ocrbatch.job.limits import Limits
from ocrbatch.job.moving import check_move_folder
from ocrbatch.job.opened import SETTLED, open_source
from ocrbatch.job.remote import Address, check_output, one_a_store, place_of
from ocrbatch.job.run import plan_job
from ocrbatch.job.sources import Source, list_sources
from ocrbatch.job.watch import watch_job
from ocrbatch.job.worker import Reader, Task
from tests.job.fakes import MODEL, folder_of, run, tables
from tests.job.stores import SECRET, Shelf, at, got, run_from_store, store_job, sum_of
from tests.job.test_worker import NoScores

OUT = Path("/nowhere/out")
FILES = {
    "a.png": "x",
    "B/z.JPG": "xx",
    "b/doubt.png": "doubt",
    "c.png": "bad",
    "d.tif": "xxx|xx",
    "e.txt": "no picture",
    "scan": "xxxxxx",
    "ä?#::%20.pdf": "xxxxx",
    "twin.png": "x",
    ".hidden.png": "x",
    ".cache/a.png": "x",
}
ROOT = Path(__file__).parents[2]
LOADED = """
import sys
from pathlib import Path
from tests.job.fakes import run
run(Path(sys.argv[1]))
print("fsspec" in sys.modules)
"""


@pytest.fixture
def _in_memory() -> Iterator[None]:
    store = fsspec.filesystem("memory")
    for name, content in FILES.items():
        # This one store takes two colons for the end of an address.
        store.pipe_file(f"/scans/{name.replace('::', '_')}", content.encode())
    yield
    store.rm("/scans", recursive=True)


def reasons(*inputs: Address | Path) -> dict[str, str]:
    return {source.name: source.skipped for source in list_sources(inputs, OUT)}


def one(folder: Path, content: str = "abc", protocol: str = "shelf") -> Source:
    (source,) = list_sources([at(folder_of(folder, {"a.png": content}), protocol)], OUT)
    return source


def pages(place: Path) -> dict[str, tuple[str, str]]:
    with (place / "out/pages.csv").open(encoding="utf-8", newline="") as file:
        return {row["file"]: (row["status"], row["reason"]) for row in csv.DictReader(file)}


@pytest.mark.usefixtures("_in_memory")
def test_the_files_of_a_store_are_listed_as_those_of_a_folder_are(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, FILES)
    here = [(source.name, source.skipped, source.size) for source in list_sources([folder], OUT)]
    for address in (f"shelf://{folder}", f"shelf://{folder}/", "memory://scans", "memory:///scans/"):
        there = [(source.name, source.skipped, source.size) for source in list_sources([Address(address)], OUT)]
        if address.startswith("memory"):
            here = [(name.replace("::", "_"), *rest) for name, *rest in here]
        assert there == here
    assert reasons(Address("memory://"))["scans/e.txt"] == "not a picture by its ending"


@pytest.mark.usefixtures("_in_memory")
def test_files_of_a_store_are_read_into_memory_under_any_name(tmp_path: Path) -> None:
    for address in ("memory://scans", "memory://", f"shelf://{folder_of(tmp_path, FILES)}"):
        for source in list_sources([Address(address)], OUT):
            file = open_source(source)
            content = FILES[source.name.removeprefix("scans/").replace("#_", "#::")]
            assert (file.data.decode(), file.size, file.sha256) == (content, len(file.data), sum_of(content))
            assert isinstance(source.path, Address)
            assert file.mtime_ns == source.mtime_ns == source.path.look().version > 0


def test_a_file_that_is_named_itself_is_read_whatever_its_ending(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"scan.dat": ""})
    assert reasons(at(folder / "scan.dat")) == {"scan.dat": ""}


def test_what_is_no_regular_file_and_what_cannot_be_listed_is_named(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"a.png": "", "sub/closed/b.png": ""})
    os.mkfifo(folder / "pipe.png")
    assert reasons(at(folder)) == {
        "a.png": "",
        "pipe.png": "not a regular file",
        "sub/closed/": "folder not readable: not allowed, or no credentials",
    }


def test_inputs_that_overlap_give_each_file_once_and_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    one = folder_of(tmp_path / "one", {"a.png": "", "sub/b.png": ""})
    assert list(reasons(at(one), at(one / "sub"), Address(f"{at(one)}/"), at(one / "a.png"))) == ["a.png", "sub/b.png"]
    two = folder_of(tmp_path / "two", {"a.png": ""}).rename(tmp_path / "second")
    found = {source.name: source.path for source in list_sources([one, at(two)], OUT)}
    assert found["second/a.png"] == at(two / "a.png")
    assert list(reasons(one / "a.png", at(two / "a.png"))) == ["a.png", "second/a.png"]
    with pytest.raises(UsageError, match="would both be called"):
        list_sources([one, at(two), at(tmp_path / "second/../second")], OUT)


def test_an_input_that_cannot_be_listed_ends_the_job_with_the_mend_and_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="nothing-here: no such bucket, folder or file; check the address"):
        list_sources([at(tmp_path / "nothing-here")], OUT)

    def told(error: Exception) -> str:
        def broken(*_: object, **__: object) -> object:
            raise error

        monkeypatch.setattr(Shelf, "info", broken)
        with pytest.raises(InputError) as refused:
            list_sources([at(tmp_path)], OUT)
        assert SECRET not in "".join(traceback.format_exception(refused.value))
        return str(refused.value)

    assert "credentials where the store's own tools look" in told(PermissionError(SECRET))
    assert "credentials where the store's own tools look" in told(type("NoCredentialsError", (Exception,), {})(SECRET))
    assert "credentials where the store's own tools look" in told(OSError(f"Forbidden: {SECRET}"))
    assert "EndpointError; check the address and the network" in told(type("EndpointError", (Exception,), {})(SECRET))
    assert "Connection refused; check the address" in told(ConnectionRefusedError(111, SECRET))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sftp://me:key-1234@host/scans", "has a password in it"),
        ("https://host/a.png?sig=key-1234", "download the scans first"),
        ("simplecache::s3://bucket/scans", "addresses within addresses"),
        ("zip://a.png::s3://bucket/scans.zip", "addresses within addresses"),
    ],
)
def test_an_address_with_a_secret_or_of_another_kind_is_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        place_of(text)
    assert SECRET not in str(refused.value)


def test_what_is_no_address_is_a_path_and_so_is_the_address_of_a_file_here() -> None:
    for text in ("scans", "/srv/a:b//c", "c:/scans", "-", "sub/s3://x"):
        assert place_of(text) == Path(text)
    assert place_of("file:///srv/my scans") == place_of("local:///srv/my scans") == Path("/srv/my scans")
    for text in ("s3://bucket", "gs://bucket/a b/", "sftp://me@host:22/scans", "abfs://c@host/x", "s3://b/10:30@x::y"):
        assert place_of(text) == Address(text)


def test_of_each_store_one_address_is_given() -> None:
    texts = ["s3://a/x", "s3://a/y", "s3://b", "gs://a/x", "sftp://me@host/x"]
    assert [one.store for one in one_a_store([Path("s3"), *map(Address, texts)])] == [
        "s3://a",
        "s3://b",
        "gs://a",
        "sftp://me@host",
    ]


def test_an_output_in_a_store_is_refused() -> None:
    for text in ("s3://bucket/out", "memory://out"):
        with pytest.raises(UsageError, match="folder of this machine"):
            check_output(Path(text))
    for text in ("out", "/srv/s3:/out", "./o:/x"):
        check_output(Path(text))


def test_what_is_not_installed_or_known_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="no kind of store called 'nowhere'"):
        list_sources([Address("nowhere://bucket")], OUT)
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(UsageError, match=r"pip install 'ocrbatch\[remote\]'"):
        list_sources([Address("s3://bucket")], OUT)


def test_a_file_that_is_gone_or_cannot_be_got_says_why(tmp_path: Path) -> None:
    source = one(tmp_path)
    Path(tmp_path / "in/a.png").unlink()
    assert open_source(source).problem == "vanished"
    refused = open_source(one(tmp_path, "forbidden"))
    assert (refused.problem, refused.detail) == ("unreadable", "not allowed, or no credentials")
    offline = open_source(one(tmp_path, "offline"))
    assert (offline.problem, offline.detail, offline.waits) == ("unreadable", "ConnectionResetError", False)


def test_a_file_that_has_changed_just_now_waits_unless_its_store_shows_only_whole_ones(tmp_path: Path) -> None:
    path = tmp_path / "in/a.png"
    source, whole = one(tmp_path), one(tmp_path, protocol="tagged")
    path.write_text("abcd")
    assert open_source(source).waits
    assert open_source(whole).data == b"abcd"
    before = time.time() - 2 * SETTLED
    os.utime(path, (before, before))
    file = open_source(source)
    (now,) = list_sources([at(tmp_path / "in")], OUT)
    assert (file.data, file.size, file.mtime_ns) == (b"abcd", now.size, now.mtime_ns)


def test_a_file_that_grows_while_it_is_got_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = one(tmp_path, protocol="tagged")
    real = Shelf.cat_file

    def growing(self: Shelf, path: str, *how: object) -> bytes:
        with Path(path).open("a") as file:
            file.write("d")
        return real(self, path)

    monkeypatch.setattr(Shelf, "cat_file", growing)
    assert open_source(source).waits


def test_a_source_that_was_never_listed_is_opened_where_the_ledger_says(tmp_path: Path) -> None:
    address = one(tmp_path).path
    assert isinstance(address, Address)
    assert open_source(Source("a.png", address)).sha256 == sum_of("abc")
    assert (address.is_file(), at(tmp_path / "in").is_file(), at(tmp_path / "none").is_file()) == (True, False, False)
    with pytest.raises(FileNotFoundError, match="no such bucket"):
        at(tmp_path / "none").read_bytes()


def test_a_job_gives_the_same_tables_from_a_store(tmp_path: Path) -> None:
    folder_of(tmp_path, FILES)
    here, there = run(tmp_path, out="here"), run_from_store(tmp_path, jobs=2)
    assert tables(tmp_path / "out") == tables(tmp_path / "here")
    assert (there.pages, there.fields, there.files_read) == (here.pages, here.fields, here.files_read + 1)
    assert pages(tmp_path)["twin.png"] == ("read", "same content as a.png")
    assert sorted(got(tmp_path)) == sorted(set(FILES) - {"e.txt", ".hidden.png", ".cache/a.png"})
    with Ledger(tmp_path / "out", writable=False) as ledger:
        assert ledger.states()["a.png"].path == at(tmp_path / "in/a.png")


@pytest.mark.parametrize("protocol", ["shelf", "tagged"])
def test_a_second_run_gets_only_what_is_new_or_has_changed(tmp_path: Path, protocol: str) -> None:
    folder = folder_of(tmp_path, FILES)
    run_from_store(tmp_path, protocol=protocol)
    first = len(got(tmp_path))
    assert run_from_store(tmp_path, protocol=protocol).files_read == 0
    (folder / "a.png").write_text("y")
    (folder / "new.png").write_text("xxx")
    (folder / "c.png").unlink()
    assert [one.name for one in plan_job(store_job(tmp_path, protocol=protocol))[1]] == ["a.png", "new.png"]
    assert len(got(tmp_path)) == first
    assert run_from_store(tmp_path, protocol=protocol).files_read == 2
    assert got(tmp_path)[first:] == ["a.png", "new.png"]
    assert "c.png" not in pages(tmp_path)


def test_a_file_of_a_store_without_versions_is_read_anew(tmp_path: Path) -> None:
    folder_of(tmp_path, {"a.png": "x"})
    assert run_from_store(tmp_path, protocol="timeless").files_read == 1
    assert run_from_store(tmp_path, protocol="timeless").files_read == 1
    assert pages(tmp_path) == {"a.png": ("read", "")}


def test_what_cannot_be_got_fails_alone_and_is_tried_again(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"a.png": "x", "b.png": "offline", "c.png": "forbidden", "d.png": "xx"})
    run_from_store(tmp_path)
    assert pages(tmp_path) == {
        "a.png": ("read", ""),
        "b.png": ("failed", "unreadable: ConnectionResetError"),
        "c.png": ("failed", "unreadable: not allowed, or no credentials"),
        "d.png": ("read", ""),
    }
    before = (folder / "b.png").stat()
    (folder / "b.png").write_text("offlin3")
    os.utime(folder / "b.png", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert run_from_store(tmp_path).files_read == 2
    assert pages(tmp_path)["b.png"] == ("read", "")


def test_a_store_that_does_not_answer_for_a_file_costs_that_file_only(tmp_path: Path) -> None:
    folder_of(tmp_path, {"a.png": "x", "b.png": "hangs", "c.png": "xx"})
    run_from_store(tmp_path, limits=Limits(page_timeout=2))
    assert pages(tmp_path) == {"a.png": ("read", ""), "b.png": ("failed", "timed out"), "c.png": ("read", "")}


def test_a_reader_tells_of_each_file_before_it_gets_it(tmp_path: Path) -> None:
    sources = list_sources([at(folder_of(tmp_path, {"a.png": "x", "b.png": "y"}))], OUT)
    told: list[tuple[int, int]] = []
    task = Task(MODEL, tmp_path / "out", Acceptance(0.995), 1_000_000, stores=one_a_store(s.path for s in sources))
    Reader(task, NoScores()).read(sources, lambda at: told.append((at.place, len(got(tmp_path)))))
    assert told[:2] == [(0, 0), (1, 1)]


def test_a_store_is_watched_only_by_looking_and_nothing_in_it_is_moved(tmp_path: Path) -> None:
    job = store_job(tmp_path)
    folder_of(tmp_path, {"a.png": "x"})
    with pytest.raises(UsageError, match="--poll"):
        watch_job(job, lambda restless: pytest.fail("it ran"), lambda summary: None)
    with pytest.raises(UsageError, match="--move-done"):
        check_move_folder(tmp_path / "done", job.inputs, job.output)


def test_a_job_on_a_folder_imports_nothing_that_speaks_with_stores(tmp_path: Path) -> None:
    folder_of(tmp_path, {"a.png": "x"})
    call = [sys.executable, "-c", LOADED, str(tmp_path)]
    done = subprocess.run(call, cwd=ROOT, check=True, capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["False"]
