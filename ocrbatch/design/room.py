"""Which places on a sheet are still free."""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Rect:
    """An upright rectangle, its sides in fractions of pixels of the picture that its user names."""

    left: float
    top: float
    right: float
    bottom: float

    def grown(self, by: float) -> "Rect":
        """Give it larger by so much on every side."""
        return Rect(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def meets(self, other: "Rect") -> bool:
        """Tell whether the two share more than an edge."""
        return max(self.left, other.left) < min(self.right, other.right) and max(self.top, other.top) < min(
            self.bottom, other.bottom
        )

    def holds(self, other: "Rect") -> bool:
        """Tell whether the other lies wholly inside."""
        return (
            self.left <= other.left
            and self.top <= other.top
            and other.right <= self.right
            and other.bottom <= self.bottom
        )


@dataclass(slots=True)
class Room:
    """The room within ``edge``, and what of it is taken."""

    edge: Rect
    _taken: list[Rect] = field(default_factory=list)

    def take(self, places: Iterable[Rect]) -> None:
        """Take places, whether they are free or not."""
        self._taken.extend(places)

    def claim(self, place: Rect) -> bool:
        """Take a place if it is wholly free, and tell whether it was."""
        if not self.edge.holds(place) or any(place.meets(taken) for taken in self._taken):
            return False
        self._taken.append(place)
        return True
