"""Who gets which field next: the worst first, each to one person at a time."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from ocrbatch.output.escape import escape_name
from ocrbatch.review.fields import Fields, ReviewField

LEASE = 600.0
"""Seconds after which a field goes to somebody else, if the one who has it was not heard of again."""
KEPT = 16
"""So many filters' lists are kept sorted."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which fields a person wants to see, by names as tables spell them; an empty text takes all."""

    form: str = ""
    field: str = ""
    reason: str = ""

    def takes(self, field: ReviewField) -> bool:
        """Tell whether a field is among them."""
        return (
            (not self.form or escape_name(field.place[2]) == self.form)
            and (not self.field or escape_name(field.place[3]) == self.field)
            and (not self.reason or self.reason in field.reasons)
        )


class Queue:
    """The fields that wait, handed out: a field that somebody has is given to nobody else until it is let go."""

    def __init__(self, fields: Fields, now: Callable[[], float] = time.monotonic) -> None:
        self._fields, self._now = fields, now
        self._leases: dict[str, tuple[str, float]] = {}
        self._skipped: dict[str, dict[str, None]] = {}
        self._lists: dict[Wanted, list[ReviewField]] = {}
        self.left = sum(field.waits for field in fields)

    def of(self, fields: Fields) -> "Queue":
        """Give the queue of a job's fields as they are now; who has which stays."""
        queue = Queue(fields, self._now)
        queue._leases, queue._skipped = self._leases, self._skipped
        return queue

    def next(self, client: str, wanted: Wanted, have: Sequence[str], number: int) -> list[ReviewField]:
        """Give a client up to ``number`` fields more than those that it has; these stay with it.

        What it has skipped comes last, in the order of its skips.
        """
        self._renew(client, have)
        skipped = self._skipped.get(client, {})
        found: list[ReviewField] = []
        for field in chain(self._fresh(wanted, skipped), self._again(wanted, skipped)):
            if len(found) == number:
                break
            if field.key not in have and self.take(client, field):
                found.append(field)
        return found

    def skip(self, client: str, key: str) -> None:
        """Let a field go; its client sees it last."""
        own = self._skipped.setdefault(client, {})
        own.pop(key, None)
        own[key] = None
        self._free(client, key)

    def let_go(self, client: str, keys: Sequence[str]) -> None:
        """Let fields go that a client will not settle now."""
        for key in keys:
            self._free(client, key)

    def changed(self, field: ReviewField, waited: bool) -> None:
        """Hear that somebody has said something of a field that ``waited`` until then, or did not."""
        self.left += field.waits - waited
        if field.waits:
            self._lists.clear()
        for own in self._skipped.values():
            own.pop(field.key, None)

    def count(self, wanted: Wanted) -> int:
        """Count the fields that wait and are wanted."""
        if wanted == Wanted():
            return self.left
        return sum(field.waits for field in self._sorted(wanted))

    def filters(self) -> dict[str, list[str]]:
        """Give the forms, fields and reasons of what waits."""
        waiting = self._sorted(Wanted())
        return {
            "form": sorted({escape_name(field.place[2]) for field in waiting if field.waits}),
            "field": sorted({escape_name(field.place[3]) for field in waiting if field.waits}),
            "reason": sorted({reason for field in waiting if field.waits for reason in field.reasons}),
        }

    def _renew(self, client: str, have: Sequence[str]) -> None:
        until = self._now() + LEASE
        for key in have:
            holder, _ = self._leases.get(key, (client, 0.0))
            if holder == client:
                self._leases[key] = (client, until)

    def take(self, client: str, field: ReviewField) -> bool:
        """Keep a field for a client; tells whether nobody else has it."""
        holder, until = self._leases.get(field.key, (client, 0.0))
        now = self._now()
        if holder != client and until > now:
            return False
        self._leases[field.key] = (client, now + LEASE)
        return True

    def _free(self, client: str, key: str) -> None:
        if self._leases.get(key, ("", 0.0))[0] == client:
            del self._leases[key]

    def _fresh(self, wanted: Wanted, skipped: dict[str, None]) -> Iterator[ReviewField]:
        fields = self._sorted(wanted)
        settled = next((place for place, field in enumerate(fields) if field.waits), len(fields))
        # What is settled is at the front mostly: it is not looked at again.
        del fields[:settled]
        for field in fields:
            if field.waits and field.key not in skipped:
                yield field

    def _again(self, wanted: Wanted, skipped: dict[str, None]) -> Iterator[ReviewField]:
        for key in list(skipped):
            field = self._fields.get(key)
            if field is not None and field.waits and wanted.takes(field):
                yield field

    def _sorted(self, wanted: Wanted) -> list[ReviewField]:
        if wanted not in self._lists:
            if len(self._lists) >= KEPT:
                del self._lists[next(iter(self._lists))]
            found = [field for field in self._fields if field.waits and wanted.takes(field)]
            found.sort(key=lambda field: field.read.confidence)
            self._lists[wanted] = found
        return self._lists[wanted]
