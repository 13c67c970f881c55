"""What is renewed in the README keeps what is told of it."""

from pathlib import Path

import pytest

from tests.helpers import readme
from tests.real.field_figures import NOTE


def test_the_figures_of_fields_tell_that_their_threshold_was_chosen_on_them() -> None:
    assert "the threshold chosen on these very fields" in NOTE
    assert readme.block("measured fields").endswith(f"|\n\n{NOTE}\n")


def test_a_renewed_table_keeps_its_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readme, "README", tmp_path / "README.md")
    (tmp_path / "README.md").write_text("<!-- few -->\n\n| a |\n\nold\n\n<!-- end -->\n")
    for _ in range(2):
        readme._put("few", ["a", "b"], [["1", "2"]], "Few.\n")
    text = (tmp_path / "README.md").read_text()
    assert text == "<!-- few -->\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\nFew.\n\n<!-- end -->\n"
