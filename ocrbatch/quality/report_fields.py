"""The wrong fields of a score as a page shows them: picture, reading and truth side by side."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from ocrbatch.output.escape import escape_name
from ocrbatch.quality.compare import Compared
from ocrbatch.quality.pictures import Picture, load_picture

MOST = 100
"""Fields with their pictures: a page that a browser and a mail still take."""
NO_PICTURES = (
    "<p>The job left no pictures of its fields. Run it again with <code>--crops</code>, as "
    "<code>ocrbatch run scans -o out --crops</code>, then score it again.</p>"
)


def text(written: str) -> str:
    """Spell a text of the tables for a page: no markup, no line breaks, and apart from its surroundings' direction."""
    return f"<bdi>{escape(escape_name(written))}</bdi>"


def wrong_fields(wrong: Sequence[Compared], folder: Path) -> str:
    """Show wrong fields in their order, at most a hundred, with the crops that lie below ``folder``."""
    if not wrong:
        return "<p>None.</p>"
    pictures = [(pair, load_picture(folder, pair.crop)) for pair in wrong[:MOST]]
    more = f"<p>The first {MOST} of {len(wrong)}.</p>" if len(wrong) > MOST else ""
    hint = "" if any(picture for _, picture in pictures) else NO_PICTURES
    return (
        "<p>Accepted ones first, for nobody would have looked at them; then the surest.</p>"
        f"{more}{hint}\n<ul class=fields>{''.join(_field(*one) for one in pictures)}</ul>"
    )


def _field(pair: Compared, picture: Picture | None) -> str:
    read = _marked(pair.read, pair.true) if pair.status else "not found"
    facts = [
        ("read", read or "blank"),
        ("written", f"<span class=value>{text(pair.true)}</span>" if pair.true else "blank"),
        ("status", _status(pair)),
        ("field", f"{text(pair.form) if pair.form else '-'} / {text(pair.field)}"),
        ("file", f"{text(pair.file)}, page {pair.page}"),
    ]
    rows = "".join(f"<dt>{name}</dt><dd>{fact}</dd>" for name, fact in facts)
    return f"<li{' class=wrong' if pair.accepted else ''}>{_shown(pair, picture)}<dl>{rows}</dl></li>"


def _shown(pair: Compared, picture: Picture | None) -> str:
    if picture is None:
        return "<div class=nothing>no picture</div>"
    field, true, read = map(escape_name, (pair.field, pair.true or "blank", pair.read or "blank"))
    alt = f"Field {field} as it is written: {true}, read as {read}"
    size = f'width="{picture.width}" height="{picture.height}"'
    return f'<img src="{picture.uri}" {size} loading="lazy" alt="{escape(alt)}">'


def _status(pair: Compared) -> str:
    if not pair.status:
        return "-"
    status = text(pair.status) if not pair.accepted else "<strong class=bad>accepted</strong>"
    reasons = f": {text('; '.join(pair.reasons))}" if pair.reasons else ""
    return f"{status} at {pair.confidence:.4f}{reasons}"


def _marked(read: str, true: str) -> str:
    """Give a reading with the signs marked that differ; where lengths do, from the first that does."""
    if not read:
        return ""
    same = [one == other for one, other in zip(read, true, strict=False)] + [False] * max(0, len(read) - len(true))
    if len(read) != len(true):
        first = same.index(False) if False in same else len(same)
        same = [index < first for index in range(len(read))]
    signs = (
        escape(escape_name(sign)) if right else f"<b>{escape(escape_name(sign))}</b>"
        for sign, right in zip(read, same, strict=True)
    )
    return f"<span class=value><bdi>{''.join(signs)}</bdi></span>"
