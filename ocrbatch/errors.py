"""The error tree and the exit codes, which are stable.

OcrbatchError
├── UsageError            2
├── InputError            4
├── OutputError           5
├── LockedError           6
├── ModelError            7
│   └── MissingExtraError 7
├── FormError             8
└── DecodeError           (never ends a job: it becomes a PageFailure)

The library raises; only ``ocrbatch.commands`` turns an error into a message and an exit code.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the command answers to the shell."""

    OK = 0
    INTERNAL = 1
    USAGE = 2
    PAGES_FAILED = 3
    INPUT_MISSING = 4
    OUTPUT_UNWRITABLE = 5
    LOCKED = 6
    MODEL_BAD = 7
    FORM_BAD = 8
    REVIEW_WAITING = 9
    SIGINT = 130
    SIGTERM = 143


class OcrbatchError(Exception):
    """Root of every error that ocrbatch raises on purpose; its text tells the mend."""

    exit_code: ExitCode = ExitCode.INTERNAL


class UsageError(OcrbatchError):
    """The call contradicts itself, or names what cannot be."""

    exit_code = ExitCode.USAGE


class InputError(OcrbatchError):
    """An input is missing or unreadable."""

    exit_code = ExitCode.INPUT_MISSING


class OutputError(OcrbatchError):
    """The output folder cannot be written, or the disk is full."""

    exit_code = ExitCode.OUTPUT_UNWRITABLE


class LockedError(OcrbatchError):
    """Another job holds the output folder."""

    exit_code = ExitCode.LOCKED


class ModelError(OcrbatchError):
    """A model or a set to train it on is missing, corrupt, or not what its card names."""

    exit_code = ExitCode.MODEL_BAD


class MissingExtraError(ModelError):
    """An optional dependency is not installed; the text gives the command that installs it."""


class FormError(OcrbatchError):
    """A form, a configuration or a table of truth or corrections is invalid."""

    exit_code = ExitCode.FORM_BAD


class DecodeError(OcrbatchError):
    """A file's bytes give no picture.

    ``code`` is one of the short stable words that tables show: ``not an image``, ``truncated``,
    ``too large``, ``encrypted``, ``broken``, ``unsupported``, ``empty file``.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
