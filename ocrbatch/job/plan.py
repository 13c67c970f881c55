"""What of a job is still to be read: not what was read as it is now, nor the same content under another name."""

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ocrbatch.job.ledger import FileState, Ledger
from ocrbatch.job.moving import with_own_names
from ocrbatch.job.opened import content_sum
from ocrbatch.job.remote import Place
from ocrbatch.job.settings import FormSums, Job, settings_key
from ocrbatch.job.sources import ReadFile, Source


@dataclass(frozen=True, slots=True)
class Plan:
    """The sources of a job by what they need, each in their order; of those to look at, what failed before comes last.

    ``skip`` are to be recorded as left out, ``wait`` as still being written; ``look`` are new or have changed: whether
    they are to be read, their content tells. The ``names`` are those of files that are no longer there.
    """

    sources: tuple[Source, ...]
    skip: tuple[Source, ...]
    wait: tuple[Source, ...]
    look: tuple[Source, ...]
    gone: frozenset[str]


@dataclass(frozen=True, slots=True)
class Twin:
    """A source with the ``sha256`` of its content, which another file has too."""

    source: Source
    sha256: str


class Recorded:
    """What a ledger has of a job's files; ``key`` and ``forms`` tell what was read with the same settings."""

    def __init__(self, job: Job, ledger: Ledger | None) -> None:
        self.key = settings_key(job)
        self.forms = FormSums(job)
        self._ledger = ledger
        self._states = ledger.states() if ledger else {}

    def plan(self, sources: Sequence[Source], wait: Container[Place] = ()) -> Plan:
        """Part the sources, of which those whose path is in ``wait`` are still being written; nothing is opened."""
        named = with_own_names(sources, self._states)
        missing = [source for source in named if not self._stands(source)]
        to_read = [source for source in missing if not source.skipped]
        known = {name for name, state in self._states.items() if not state.moved}
        return Plan(
            tuple(named),
            tuple(source for source in missing if source.skipped),
            tuple(source for source in to_read if source.path in wait),
            tuple(sorted((source for source in to_read if source.path not in wait), key=self._was_tried)),
            frozenset(known - {source.name for source in named}),
        )

    def unread(self, sources: Sequence[Source], twins: list["Twin"]) -> Iterator[Source]:
        """Give the sources whose content is to be read; those of a content that was read, or is given, are ``twins``.

        A source that cannot be opened is given: who reads it says why. So is one that lies in a store, and one of a
        size that no other has: its content comes once, to who reads it, and if another file turns out to have the same,
        the tables say so all the same.
        """
        sizes = Counter(source.size for source in sources)
        sizes.update({state.size for state in self._states.values()})
        given: set[str] = set()
        for source in sources:
            shared = source.size < 0 or sizes[source.size] > 1
            sha256 = content_sum(source.path) if shared and isinstance(source.path, Path) else ""
            if sha256 and (sha256 in given or self.twin(sha256) is not None):
                twins.append(Twin(source, sha256))
            else:
                given.add(sha256)
                yield source

    def twin(self, sha256: str) -> tuple[str, FileState] | None:
        """Give a file of this content that was read with the same settings, and its state."""
        return self._ledger.first_of_content(sha256, self._current) if self._ledger else None

    def state(self, source: Source, read: ReadFile) -> FileState:
        """Give the state to record of what was read; with an empty key, it is tried anew."""
        key = "" if read.again else self.key
        forms = self.forms.of(read.pages)
        return FileState(read.size, read.mtime_ns, read.sha256, key, forms, path=source.path.absolute())

    def skipped(self, source: Source) -> FileState:
        """Give the state to record of a source that is left out."""
        return FileState(source.size, source.mtime_ns, "", self.key + source.skipped)

    def waiting(self, source: Source) -> FileState:
        """Give the state to record of a source that is still being written: it is looked at again."""
        return FileState(source.size, source.mtime_ns, "", "")

    def _current(self, state: FileState) -> bool:
        return state.key == self.key and self.forms.hold(state.forms)

    def _was_tried(self, source: Source) -> bool:
        """Tell whether a file is tried anew: many that end processes must not keep a job from all others."""
        state = self._states.get(source.name)
        return state is not None and not state.key

    def _stands(self, source: Source) -> bool:
        state = self._states.get(source.name)
        if state is None or (state.size, state.mtime_ns) != (source.size, source.mtime_ns):
            return False
        return state == self.skipped(source) if source.skipped else self._current(state)
