"""From which confidence on a field is accepted."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Confidences (0–1) from which fields are accepted: those of ``by_form``, and ``other`` for any other form."""

    other: float
    by_form: tuple[tuple[str, float], ...] = ()

    def of(self, form: str) -> float:
        """Give the confidence that a form's fields must reach."""
        return next((accept for name, accept in self.by_form if name == form), self.other)
