"""Settings that stay: ``ocrbatch.toml`` in the working folder, behind options and the environment."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ocrbatch.errors import FormError

NAME = "ocrbatch.toml"


def load_settings(folder: Path, command: Any) -> dict[str, Any] | None:
    """Give the defaults that a folder's ``ocrbatch.toml`` sets for the options of a Click command and those below it.

    A table has a command's name, ``[run]`` or ``[form.draft]``, and its keys are the names of options without the
    dashes before them. None where there is no such file. Raises FormError where it cannot be read, or names what is
    none.
    """
    path = folder / NAME
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FormError(f"{path}: {error.strerror}") from error
    try:
        found = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FormError(f"{path}: {error}") from error
    return _defaults(found, command, str(path), "the file")


def _defaults(table: Mapping[str, Any], command: Any, path: str, where: str) -> dict[str, Any]:
    commands: Mapping[str, Any] = getattr(command, "commands", {})
    options = {
        name.removeprefix("--"): option.name
        for option in command.params
        for name in option.opts
        if name.startswith("--") and option.name != "version"
    }
    defaults: dict[str, Any] = {}
    for key, value in table.items():
        if key in commands and isinstance(value, dict):
            defaults[key] = _defaults(value, commands[key], path, f"[{key}]")
        elif key in options and not isinstance(value, dict):
            defaults[options[key]] = value
        else:
            known = ", ".join(sorted(commands or options))
            raise FormError(f"{path}: {where} has nothing called {key!r}; there is {known}")
    return defaults
