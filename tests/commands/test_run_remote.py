"""``ocrbatch run`` on a bucket: a store of S3 on this machine, and the command as a person starts it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.commands.conftest import SAMPLES, Command
from tests.commands.test_run import rows
from tests.job.fakes import tables

SECRET = "secret-1234"
NAMES = ("slip-green.jpg", "cards.tif", "truth.csv", "marks.tif")
ODD = "sub/ä b?x=1&y#::%20.jpg"
PATIENCE = 120.0
PROGRAM = (sys.executable, "-c", "from ocrbatch.commands.app import main; main()")


@dataclass(frozen=True)
class Bucket:
    """A bucket called ``bucket``, and the environment in which it is to be had."""

    client: Any
    env: dict[str, str]

    def put(self, key: str, content: bytes) -> None:
        self.client.put_object(Bucket="bucket", Key=key, Body=content)

    def run(self, *arguments: object, data: bytes = b"", **env: str) -> "subprocess.CompletedProcess[bytes]":
        call = [*PROGRAM, *map(str, arguments)]
        done = subprocess.run(call, env=self.env | env, input=data, capture_output=True, timeout=PATIENCE, check=False)
        assert b"Traceback" not in done.stderr
        assert SECRET.encode() not in done.stderr
        return done


@pytest.fixture(scope="module")
def store() -> Iterator[Bucket]:
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    told = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_DEFAULT_REGION": "us-east-1"}
    env = {**os.environ, **told, "AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_EC2_METADATA_DISABLED": "true"}
    client = boto3.client(
        "s3",
        endpoint_url=env["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key=SECRET,
    )
    client.create_bucket(Bucket="bucket")
    yield Bucket(client, {**env, "NO_COLOR": "1", "COLUMNS": "200"})
    server.stop()


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.2)


@pytest.mark.slow
def test_a_bucket_gives_the_tables_of_the_folder_that_was_copied_to_it(store: Bucket, tmp_path: Path) -> None:
    (tmp_path / "in/sub").mkdir(parents=True)
    for name in (*NAMES, ODD):
        content = (SAMPLES / (name if name in NAMES else "slip-green.jpg")).read_bytes()
        (tmp_path / "in" / name).write_bytes(content)
        store.put(f"scans/{name}", content)
    store.put("scans/", b"")
    store.put("scans-of-others/x.png", b"")
    assert store.run("run", tmp_path / "in", "-o", tmp_path / "here", "--crops", "--jobs", 1).returncode == 0
    # What the store's library needs is no page's memory.
    done = store.run("run", "s3://bucket/scans", "-o", tmp_path / "out", "--crops", "--jobs", 2, "--memory-limit", 96)
    assert done.returncode == 0
    assert tables(tmp_path / "out") == tables(tmp_path / "here")
    crops = sorted(path.relative_to(tmp_path / "here") for path in (tmp_path / "here/crops").rglob("*.png"))
    assert crops
    assert all((tmp_path / "out" / path).read_bytes() == (tmp_path / "here" / path).read_bytes() for path in crops)

    again = store.run("run", "s3://bucket/scans/", "-o", tmp_path / "out", "--crops")
    assert b"nothing new to read" in again.stderr
    names = [f"s3://bucket/scans/{name}" for name in (ODD, *NAMES)]
    told = store.run("run", "-", "-o", tmp_path / "new", "--dry-run", data="\n".join(names).encode())
    assert told.stdout.decode().splitlines() == [f"{name}\tto read" for name in sorted((*NAMES, Path(ODD).name))]
    assert b"s3://" not in (tmp_path / "out/results.csv").read_bytes()


@pytest.mark.slow
def test_a_bucket_that_is_not_there_or_not_ours_is_told_with_the_mend(store: Bucket, tmp_path: Path) -> None:
    out = ("-o", tmp_path / "out")
    for address in ("s3://none", "s3://none/scans", "s3://bucket/nothing"):
        told = store.run("run", address, *out)
        assert (told.returncode, b"check the address" in told.stderr) == (4, True)
    told = store.run(
        "run", "s3://bucket", *out, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="", HOME=str(tmp_path / "nobody")
    )
    assert (told.returncode, b"AWS_PROFILE" in told.stderr) == (4, True)
    told = store.run("run", "s3://bucket", *out, AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert (told.returncode, b"check the address and the network" in told.stderr) == (4, True)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_bucket_that_keeps_filling_is_watched_by_looking(store: Bucket, tmp_path: Path) -> None:
    store.put("filling/a.jpg", (SAMPLES / "slip-green.jpg").read_bytes())
    call = (*PROGRAM, "watch", "s3://bucket/filling", "-o", tmp_path / "out", "--poll", "0.5", "--settle", "0.5")
    pages = tmp_path / "out/pages.csv"
    with subprocess.Popen([*map(str, call), "--jobs", "1"], env=store.env, stderr=subprocess.PIPE) as watcher:
        until(pages.exists)
        store.put("filling/b.jpg", b"no picture")
        until(lambda: len(rows(pages)) == 2)
        watcher.send_signal(signal.SIGTERM)
        _, said = watcher.communicate(timeout=PATIENCE)
    assert watcher.returncode == 143
    assert b"Traceback" not in said
    assert [row["reason"] for row in rows(pages)][1].startswith("not an image")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "sftp://me:secret-1234@host/scans", "-o", "out"), "has a password in it"),
        (("run", "nowhere://bucket", "-o", "out"), "no kind of store called 'nowhere'"),
        (("run", ".", "-o", "s3://bucket/out"), "-o takes a folder of this machine"),
        (("watch", "s3://bucket/scans", "-o", "out"), "--poll"),
        (("watch", "s3://bucket/scans", "-o", "out", "--poll", "1", "--move-done", "done"), "--move-done"),
    ],
)
def test_what_cannot_be_done_with_an_address_is_a_usage_error(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    told = command(*arguments)
    assert (told.code, said in told.err, SECRET in told.err) == (2, True, False)
    assert not list(tmp_path.iterdir())


def test_the_address_of_a_folder_here_is_that_folder(command: Command, scans: Path, tmp_path: Path) -> None:
    os.mkfifo(scans / "pipe.png")
    told = command("run", f"file://{scans}", "-o", tmp_path / "out", "--dry-run")
    assert told.out.splitlines() == ["pipe.png\tnot a file but a pipe", "slip.jpg\tto read"]
    assert command("run", f"file://{scans}", "-o", scans / "out", "--dry-run").code == 2
