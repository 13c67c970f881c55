"""Jobs that a cluster reads: real schedulers and workers on this machine."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from ocrbatch.commands.job_options import JobOptions, _scheduler_of
from ocrbatch.errors import UsageError
from ocrbatch.job.cluster import read_on_cluster
from ocrbatch.job.cluster_worker import SentPage, keep_pictures, unlike
from ocrbatch.job.limits import Limits
from ocrbatch.job.settings import settings_key
from ocrbatch.job.sources import ReadFile, Source, failed_file
from tests.job.clusters import (
    NOT_INSTALLED,
    NOTHING_MOUNTED,
    OTHER_VERSION,
    DaskCluster,
    a_cluster,
    kill,
    run_there,
    started,
    wait_for,
)
from tests.job.fakes import FakeReader, a_job, folder_of, reads, run, tables
from tests.job.networks import Network, NoNetworkError
from tests.job.test_engines import alive

SAMPLES = Path(__file__).parents[2] / "samples"
MANY = {f"{i:03}.png": f"quick|{'x' * (i % 7)}#{i}" for i in range(60)}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """Two workers, one of them with two threads."""
    with a_cluster(tmp_path_factory.mktemp("cluster"), 1, 2) as made:
        yield made


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[DaskCluster]:
    """A scheduler of a test's own, without workers."""
    folder = tmp_path / "cluster"
    folder.mkdir()
    with a_cluster(folder) as made:
        yield made


def pages(place: Path) -> dict[str, bytes]:
    """Write the tables of a job as this machine reads it."""
    run(place, out="local", jobs=6, batch=1)
    return tables(place / "local")


def workers_of(nanny: subprocess.Popen[bytes]) -> list[int]:
    """Give the process below a nanny that runs the worker."""
    return [pid for pid in children_of(nanny.pid) if "spawn_main" in command_of(pid)]


def readers_of(worker: int) -> list[int]:
    """Give the processes that read for a worker: those that its server has forked."""
    servers = [pid for pid in children_of(worker) if "forkserver" in command_of(pid)]
    return [pid for server in servers for pid in children_of(server) if alive(pid)]


def children_of(pid: int) -> list[int]:
    """Give the processes that the threads of one have begun."""
    try:
        told = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [int(child) for line in told for child in line.split()]


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def none_reads(cluster: DaskCluster) -> bool:
    """Tell whether no process reads for the workers of a cluster any more."""
    return not any(readers_of(pid) for worker in cluster.workers for pid in workers_of(worker))


@pytest.mark.slow
def test_a_cluster_gives_the_same_tables_and_pictures(cluster: DaskCluster, tmp_path: Path) -> None:
    inputs = tmp_path / "in"
    inputs.mkdir()
    for name in ("card-pink.jpg", "cards.tif", "slips.pdf", "amounts.whole/a01.png"):
        if (SAMPLES / name).exists():
            (inputs / Path(name).name).write_bytes((SAMPLES / name).read_bytes())
    call = ("run", inputs, "-f", SAMPLES / "forms", "--crops", "--overlays", "--jsonl", "-o")
    assert ocrbatch(*call, tmp_path / "local", "--jobs", 1)[0] == 0
    before = {path for path in cluster.folder.rglob("*") if path.is_file()}
    code, said = ocrbatch(*call, tmp_path / "there", "--engine", "dask", "--scheduler", cluster.address)
    assert code == 0, said
    assert tree(tmp_path / "there") == tree(tmp_path / "local")
    assert {path.suffix for path in tree(tmp_path / "there")} == {".csv", ".json", ".jsonl", ".jpg", ".png"}
    assert all(path.stat().st_mode & 0o77 == 0 for path in (tmp_path / "there").rglob("*"))
    # Neither pictures nor processes stay on the workers' machine.
    assert {path for path in cluster.folder.rglob("*") if path.is_file()} == before
    # Nor does it matter to what is read again.
    assert '"files_read": 0' in ocrbatch(*call, tmp_path / "there", "--json")[1]


def ocrbatch(*words: object) -> tuple[int, str]:
    """Run the command; gives its exit code, and what it said."""
    call = [sys.executable, "-c", "from ocrbatch.commands.app import main; main()", *map(str, words)]
    done = subprocess.run(call, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def tree(folder: Path) -> dict[Path, bytes]:
    """Give all files of a job but its ledger and lock."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder): path.read_bytes() for path in files if path.name not in ("ledger.sqlite", ".lock")
    }


def test_a_cluster_reads_every_file_once_and_is_recorded_at_most_once_a_second(
    cluster: DaskCluster, tmp_path: Path
) -> None:
    folder_of(tmp_path, {**MANY, "twin.png": MANY["001.png"], "bad.png": "bad", "e.txt": "no picture"})
    assert run_there(tmp_path, cluster.address, "batch=1", "notes") == (0, "")
    assert Counter(reads(tmp_path)) == Counter([*MANY, "bad.png"])
    times = [float(line) for line in (tmp_path / "recorded").read_text().split()]
    # The last two may come soon after another: what is left, and the twins.
    assert len(times) >= 3
    assert all(later - earlier >= 0.99 for earlier, later in pairwise(times[:-2]))
    assert tables(tmp_path / "out") == pages(tmp_path)


def test_workers_have_two_batches_a_thread_at_most(cluster: DaskCluster, tmp_path: Path) -> None:
    folder_of(tmp_path, MANY)
    assert run_there(tmp_path, cluster.address, "batch=1", "notes")[0] == 0
    begun = [int(line) for line in (tmp_path / "sent").read_text().split()]
    assert len(begun) == len(MANY)
    assert max(number - before for number, before in enumerate(begun)) < 2 * 3


def test_what_reads_is_sent_once_to_each_worker(cluster: DaskCluster, tmp_path: Path) -> None:
    folder_of(tmp_path, MANY)
    assert run_there(tmp_path, cluster.address, "batch=1", "counted") == (0, "")
    nannies = {worker.pid for worker in cluster.workers}
    workers = {pid for worker in cluster.workers for pid in workers_of(worker)}
    assert len(workers) == len(nannies) == 2
    told = Counter(int(line.split()[0]) for line in (tmp_path / "arrived").read_text().splitlines())
    assert {pid: number for pid, number in told.items() if pid in workers} == dict.fromkeys(workers, 1)


def test_two_jobs_at_once_share_a_cluster(cluster: DaskCluster, tmp_path: Path) -> None:
    for name in ("one", "two"):
        folder_of(tmp_path / name, MANY)
    with (
        started(tmp_path / "one", cluster.address, "batch=1") as one,
        started(tmp_path / "two", cluster.address, "batch=5") as two,
    ):
        assert one.ended() == two.ended() == (0, "")
    assert tables(tmp_path / "one/out") == tables(tmp_path / "two/out") == pages(tmp_path / "one")


def test_only_pages_that_kill_or_hold_up_their_process_fail(cluster: DaskCluster, tmp_path: Path) -> None:
    folder_of(tmp_path, {"1.tif": "x|die|xxx", "2.tif": "x|slow", "3.png": "die#2", "4.png": "y", "5.png": "yy"})
    assert run_there(tmp_path, cluster.address, "timeout=2", "batch=3")[0] == 0
    run(tmp_path, out="local", limits=Limits(page_timeout=2.0), jobs=2, batch=3)
    assert tables(tmp_path / "out") == tables(tmp_path / "local")
    assert b"worker died" in tables(tmp_path / "out")["pages.csv"]
    assert b"timed out" in tables(tmp_path / "out")["pages.csv"]


def test_processes_on_the_workers_end_with_the_job(cluster: DaskCluster, tmp_path: Path) -> None:
    folder_of(tmp_path, MANY)
    with started(tmp_path, cluster.address, "batch=2") as job:
        wait_for(lambda: not none_reads(cluster))
        assert job.ended() == (0, "")
    wait_for(lambda: none_reads(cluster))


def test_a_worker_killed_while_it_reads_loses_nothing(cluster: DaskCluster, tmp_path: Path) -> None:
    folder_of(tmp_path, MANY)
    with started(tmp_path, cluster.address, "batch=2") as job:
        wait_for(lambda: len(reads(tmp_path)) > 10)
        (worker,) = workers_of(cluster.workers[1])
        below = readers_of(worker)
        os.kill(worker, signal.SIGKILL)
        assert job.ended() == (0, "")
    assert below
    assert not [pid for pid in below if alive(pid)]
    assert 0 < len(reads(tmp_path)) - len(MANY) <= 2 * 2 * 2
    assert tables(tmp_path / "out") == pages(tmp_path)
    wait_for(lambda: workers_of(cluster.workers[1]))


@pytest.mark.slow
def test_a_file_that_kills_workers_fails_and_the_others_of_its_batch_are_read(tmp_path: Path) -> None:
    (tmp_path / "cluster").mkdir()
    env = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    with a_cluster(tmp_path / "cluster", 1, env=env) as made:
        folder_of(tmp_path, {"a.png": "x", "b.png": "kill worker", "c.png": "xxx", "d.png": "xxxx"})
        assert run_there(tmp_path, made.address, "killing") == (0, "")
    told = tables(tmp_path / "out")["pages.csv"].decode()
    assert told.count("worker died") == 1
    assert [line.split(",")[4] for line in told.splitlines()[1:]] == ["read", "failed", "read", "read"]


@pytest.mark.slow
def test_a_job_whose_scheduler_is_lost_says_so_and_goes_on_later(alone: DaskCluster, tmp_path: Path) -> None:
    folder_of(tmp_path, MANY)
    code, said = run_there(tmp_path, alone.address, "patience=1")
    assert (code, "no worker has joined" in said) == (2, True)
    alone.join()
    with started(tmp_path, alone.address, "batch=2", "notes") as job:
        wait_for((tmp_path / "recorded").exists)
        alone.end_scheduler()
        before = time.monotonic()
        code, said = job.ended()
    assert time.monotonic() - before < 20
    assert (code, "is lost" in said, "Traceback" in said) == (1, True, False), said
    done = set(reads(tmp_path))
    assert 0 < len(done) < len(MANY)
    alone.begin()
    alone.join()
    assert run_there(tmp_path, alone.address, "batch=2") == (0, "")
    # At most what was with the workers is read twice, and what had come in the last second.
    assert len(reads(tmp_path)) < len(MANY) + 20
    assert tables(tmp_path / "out") == pages(tmp_path)


def test_a_job_that_is_stopped_takes_back_what_it_gave(cluster: DaskCluster, tmp_path: Path) -> None:
    folder_of(tmp_path, MANY)
    with started(tmp_path, cluster.address, "batch=2") as job:
        wait_for(lambda: len(reads(tmp_path)) > 8)
        before = time.monotonic()
        job.signal(signal.SIGTERM)
        code, said = job.ended()
    assert time.monotonic() - before < 10
    assert (code, "stopped" in said, "Traceback" in said) == (143, True, False), said
    wait_for(lambda: none_reads(cluster))
    begun = len(reads(tmp_path))
    assert begun < len(MANY)
    assert run_there(tmp_path, cluster.address)[0] == 0
    assert len(reads(tmp_path)) < len(MANY) + begun
    assert tables(tmp_path / "out") == pages(tmp_path)


def test_no_scheduler_and_a_wrong_address_are_told(tmp_path: Path) -> None:
    folder_of(tmp_path, {"a.png": "x"})
    for address, told in (("tcp://127.0.0.1:1", "no Dask scheduler answers"), ("nowhere", "missing port")):
        code, said = run_there(tmp_path, address, "patience=1")
        assert (code, told in said, "Traceback" in said) == (2, True, False), said


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (OTHER_VERSION, "has ocrbatch 0.0.1 where this machine has ocrbatch "),
        (NOT_INSTALLED, "cannot run this ocrbatch"),
        (NOTHING_MOUNTED, "mount its folder there under the same path"),
    ],
)
def test_a_worker_that_cannot_read_as_this_machine_is_told_before_the_job(
    cluster: DaskCluster, tmp_path: Path, change: str, told: str
) -> None:
    folder_of(tmp_path, {"a.png": "x"})
    worker = cluster.join(change=change)
    try:
        code, said = run_there(tmp_path, cluster.address)
    finally:
        kill(worker)
        cluster.workers.remove(worker)
    assert (code, told in said, "Traceback" in said) == (2, True, False), said
    assert not reads(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("change", "told"), [(OTHER_VERSION, "has ocrbatch 0.0.1"), (NOTHING_MOUNTED, "cannot open")])
def test_no_file_counts_as_gone_for_a_worker_that_came_later(
    cluster: DaskCluster, tmp_path: Path, change: str, told: str
) -> None:
    folder_of(tmp_path, {name: "quick|" * 5 + text for name, text in MANY.items()})
    with started(tmp_path, cluster.address, "batch=1") as job:
        wait_for(lambda: len(reads(tmp_path)) > 3)
        worker = cluster.join(change=change)
        try:
            code, said = job.ended()
        finally:
            kill(worker)
            cluster.workers.remove(worker)
    assert (code in (1, 4), told in said, "Traceback" in said) == (True, True, False), said
    assert run_there(tmp_path, cluster.address) == (0, "")
    assert tables(tmp_path / "out") == pages(tmp_path)


@pytest.mark.slow
def test_workers_on_machines_of_their_own_read_and_one_that_is_cut_off_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / "cluster").mkdir()
    folder_of(tmp_path, MANY)
    try:
        network = Network()
    except NoNetworkError as error:
        pytest.skip(f"no network can be made within this machine: {error}")
    with network, DaskCluster(tmp_path / "cluster") as made:
        made.begin(host="10.213.7.1", prefix=network.on(1))
        machines = [network.add(), network.add()]
        for machine in machines:
            made.join(prefix=network.on(machine))
        with started(tmp_path, made.address, "batch=2", prefix=network.on(1)) as job:
            wait_for(lambda: len(reads(tmp_path)) > 10)
            network.cut_off(machines[1])
            assert job.ended() == (0, "")
    assert 0 < len(reads(tmp_path)) - len(MANY) <= 2 * 2
    assert tables(tmp_path / "out") == pages(tmp_path)


@pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl here")
def test_a_cluster_with_tls_is_spoken_with_as_the_environment_says(tmp_path: Path) -> None:
    (tmp_path / "cluster").mkdir()
    folder_of(tmp_path, {"a.png": "x", "b.png": "yy"})
    env = certificates(tmp_path)
    with DaskCluster(tmp_path / "cluster", env) as made:
        assert made.begin("--protocol", "tls").startswith("tls://")
        made.join()
        code, said = run_there(tmp_path, made.address, "patience=1")
        assert (code, "no Dask scheduler answers" in said, "Traceback" in said) == (2, True, False), said
        with started(tmp_path, made.address, env=env) as job:
            assert job.ended() == (0, "")
    assert tables(tmp_path / "out") == pages(tmp_path)


def certificates(folder: Path) -> dict[str, str]:
    """Make a certificate; gives the environment in which all use it."""
    key, certificate = str(folder / "key.pem"), str(folder / "certificate.pem")
    words = ["-nodes", "-days", "2", "-subj", "/CN=scans", "-keyout", key, "-out", certificate]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", *words], check=True, capture_output=True)
    tls = "DASK_DISTRIBUTED__COMM__TLS__"
    own = {f"{tls}{who}__CERT": certificate for who in ("SCHEDULER", "WORKER", "CLIENT")}
    own |= {f"{tls}{who}__KEY": key for who in ("SCHEDULER", "WORKER", "CLIENT")}
    return {f"{tls}CA_FILE": certificate, "DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "true", **own}


def test_a_job_with_nothing_to_read_needs_no_cluster(tmp_path: Path) -> None:
    folder_of(tmp_path, {"a.png": "x"})
    run(tmp_path)
    assert run(tmp_path, scheduler="tcp://127.0.0.1:1").files_read == 0


def test_the_extra_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"pip install 'ocrbatch\[dask\]'"):
        next(read_on_cluster(FakeReader, [[Source("a", tmp_path / "a")]], "tcp://127.0.0.1:1", tmp_path))


def test_who_reads_does_not_change_what_was_read(tmp_path: Path) -> None:
    assert settings_key(a_job(tmp_path)) == settings_key(a_job(tmp_path, scheduler="tcp://there:8786"))


def test_the_engine_is_dask_where_a_scheduler_is_named() -> None:
    def asked(**said: str) -> str:
        return _scheduler_of(JobOptions([], Path(), **said))

    assert asked() == asked(engine="local") == asked(engine="local", scheduler="tcp://a:1") == ""
    assert asked(scheduler="tcp://a:1") == asked(engine="dask", scheduler="tcp://a:1") == "tcp://a:1"
    with pytest.raises(UsageError, match="--scheduler ADDRESS"):
        asked(engine="dask")
    with pytest.raises(UsageError, match="local or dask"):
        asked(engine="spark")


def test_pictures_that_come_with_pages_are_written_for_the_user_alone(tmp_path: Path) -> None:
    page = failed_file("a.png", "bad")
    sent = SentPage(page.file, page.sha256, page.result, ("crops/a/1.png",), (("crops/a/1.png", b"picture"),))
    file = ReadFile((sent,), 3, 4, "ab", again=False)
    (kept,) = keep_pictures([file], tmp_path / "out")
    assert kept == replace(file, pages=(replace(page, crops=("crops/a/1.png",)),))
    assert type(kept.pages[0]) is type(page)
    assert (tmp_path / "out/crops/a/1.png").read_bytes() == b"picture"
    assert (tmp_path / "out/crops").stat().st_mode & 0o777 == 0o700


def test_every_version_that_differs_is_named() -> None:
    own = {"ocrbatch": "1", "numpy": "2", "pillow": "3"}
    assert unlike(own, dict(own)) == ""
    told = unlike(own, {"ocrbatch": "1", "numpy": "2.1", "pillow": ""})
    assert told.startswith("numpy 2.1, pillow missing where this machine has numpy 2, pillow 3;")
