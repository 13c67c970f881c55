"""Inputs are moved away once their results are safe; files that come later under their names get names of their own."""

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, count
from pathlib import Path, PurePosixPath

from ocrbatch.errors import UsageError
from ocrbatch.job.ledger import FileState, Ledger
from ocrbatch.job.remote import Address, Place
from ocrbatch.job.sources import Source, is_within
from ocrbatch.output.files import DRAFT, output_errors
from ocrbatch.records import PageStatus


def check_move_folder(folder: Path, inputs: Sequence[Place], output: Path) -> None:
    """Raise UsageError where a folder for files that are done is part of the input or of the output.

    Likewise where an input is an address: nothing is ever written to a store.
    """
    for place in (*inputs, output):
        if isinstance(place, Address):
            raise UsageError(f"--move-done moves files of this machine, and {place} is an address; leave it out")
        if is_within(folder, place) or is_within(place, folder):
            raise UsageError(f"--move-done {folder} and {place} lie within each other; choose a folder beside them")


def with_own_names(sources: Sequence[Source], states: Mapping[str, FileState]) -> list[Source]:
    """Give the sources, each under a name that no file bears that was moved away: ``a.png``, then ``a~2.png``."""
    taken = {source.name for source in sources}
    named = []
    for source in sources:
        name = source.name
        if _is_other(source, states.get(name)):
            name = next(new for new in _more(name) if new not in taken and not _is_other(source, states.get(new)))
            taken.add(name)
        named.append(replace(source, name=name))
    return sorted(named, key=lambda source: os.fsencode(source.name))


def move_done(folder: Path, sources: Sequence[Source], ledger: Ledger) -> int:
    """Move the files of which every page was read; gives how many. Raises OutputError where one cannot be moved.

    What is left out, has failed or waits stays where it is, and so does what somebody has put in a file's place since
    that was read. That they are moved is noted first: a job that is killed in between moves the rest when it is run
    again.
    """
    states = ledger.states()
    unread = {
        name
        for status in (PageStatus.FAILED, PageStatus.SKIPPED, PageStatus.PENDING)
        for name, _, _ in ledger.pages_with(status)
    }
    done = [
        (source, source.path)
        for source in sources
        if isinstance(source.path, Path)
        and source.name in states
        and source.name not in unread
        and _is_same(source, states[source.name])
        and _stands_still(source, source.path)
    ]
    places = [(source, path, _free(folder.absolute() / source.name)) for source, path in done]
    ledger.mark_moved((source.name, place) for source, _, place in places)
    for source, path, place in places:
        # Between the note and the move a scanner may have used the name again: that page is for the next run.
        if _stands_still(source, path):
            _move(path, place)
    return len(places)


def _stands_still(source: Source, path: Path) -> bool:
    """Tell whether a file is still the one that was listed."""
    try:
        now = path.stat()
    except OSError:
        return False
    return (now.st_size, now.st_mtime_ns) == (source.size, source.mtime_ns)


def _is_other(source: Source, state: FileState | None) -> bool:
    """Tell whether a name is that of another file, which was moved away."""
    return state is not None and state.moved and not _is_same(source, state)


def _is_same(source: Source, state: FileState) -> bool:
    return (state.size, state.mtime_ns) == (source.size, source.mtime_ns)


def _more(name: str) -> Iterator[str]:
    path = PurePosixPath(name)
    for number in count(2):
        yield str(path.with_name(f"{path.stem}~{number}{path.suffix}"))


def _free(path: Path) -> Path:
    """Give a path at which nothing is, this one or one like it: a file that somebody else put there stays."""
    names = chain([path.name], _more(path.name))
    return next(place for place in map(path.with_name, names) if not os.path.lexists(place))


def _move(path: Path, place: Path) -> None:
    """Move a file, from one disk to another too: it is in one of the places at any time."""
    with output_errors(place), contextlib.suppress(FileNotFoundError):
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.rename(place)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            draft = place.with_name(f".{place.name}{DRAFT}")
            shutil.copy2(path, draft)
            with draft.open("rb") as file:
                os.fsync(file.fileno())
            draft.replace(place)
            path.unlink()
