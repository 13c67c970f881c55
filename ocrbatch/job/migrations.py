"""How a ledger's tables came to be, step by step and by name: an older ledger takes the steps that it lacks."""

import sqlite3

from ocrbatch.errors import OutputError

_FIELDS = ("accepted", "review", "blank", "invalid")

MIGRATIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "files and pages",
        (
            "CREATE TABLE IF NOT EXISTS files "
            "(name BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER, key TEXT) WITHOUT ROWID",
            "CREATE TABLE IF NOT EXISTS pages "
            "(name BLOB, page INTEGER, sha256 TEXT, status TEXT, content TEXT, PRIMARY KEY (name, page)) WITHOUT ROWID",
        ),
    ),
    (
        "files by content, and the forms that they depend on",
        (
            "ALTER TABLE files ADD COLUMN sha256 TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE files ADD COLUMN forms TEXT NOT NULL DEFAULT '{}'",
            "UPDATE files SET sha256 = coalesce((SELECT max(sha256) FROM pages WHERE pages.name = files.name), '')",
            "CREATE INDEX files_by_content ON files (sha256)",
        ),
    ),
    (
        "pages by status, their fields counted",
        (
            "ALTER TABLE pages ADD COLUMN reason TEXT NOT NULL DEFAULT ''",
            *(f"ALTER TABLE pages ADD COLUMN {status} INTEGER NOT NULL DEFAULT 0" for status in _FIELDS),
            "UPDATE pages SET reason = json_extract(content, '$.reason'), "
            + ", ".join(
                f"{status} = (SELECT count(*) FROM json_each(content, '$.fields') "
                f"WHERE json_extract(value, '$.status') = '{status}')"
                for status in _FIELDS
            ),
            f"CREATE INDEX pages_by_status ON pages (status, reason, {', '.join(_FIELDS)})",
        ),
    ),
    (
        "files that were moved away, and runs",
        (
            "ALTER TABLE files ADD COLUMN moved INTEGER NOT NULL DEFAULT 0",
            "CREATE TABLE runs (id INTEGER PRIMARY KEY, started TEXT NOT NULL, ended TEXT NOT NULL DEFAULT '', "
            "to_read INTEGER NOT NULL, done INTEGER NOT NULL DEFAULT 0)",
        ),
    ),
    (
        "where files lie, how a job was asked for, and corrections",
        (
            "ALTER TABLE files ADD COLUMN path BLOB NOT NULL DEFAULT x''",
            "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
            "CREATE TABLE corrections (id INTEGER PRIMARY KEY, sha256 TEXT NOT NULL, page INTEGER NOT NULL, "
            "form TEXT NOT NULL, field TEXT NOT NULL, verdict TEXT NOT NULL, value TEXT NOT NULL, was TEXT NOT NULL, "
            "who TEXT NOT NULL, at TEXT NOT NULL, source TEXT NOT NULL)",
        ),
    ),
)
"""Each with its name and its statements; what stands here is never changed, only added to."""


def migrate(db: sqlite3.Connection) -> None:
    """Take the steps that a ledger lacks, within the transaction that is open.

    Raises OutputError for a ledger that has taken steps which are not known here.
    """
    db.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY) WITHOUT ROWID")
    taken = _taken(db)
    for name, statements in MIGRATIONS:
        if name not in taken:
            for statement in statements:
                db.execute(statement)
            db.execute("INSERT INTO migrations VALUES (?)", (name,))


def is_current(db: sqlite3.Connection) -> bool:
    """Tell whether a ledger has taken every step; OutputError as for ``migrate``."""
    known = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").fetchone()
    return known is not None and len(_taken(db)) == len(MIGRATIONS)


def _taken(db: sqlite3.Connection) -> set[str]:
    taken = {name for (name,) in db.execute("SELECT name FROM migrations")}
    if unknown := taken - {name for name, _ in MIGRATIONS}:
        raise OutputError(
            f"the ledger is of a newer ocrbatch ({', '.join(sorted(unknown))}); update ocrbatch, or give another "
            "output folder with -o"
        )
    return taken
