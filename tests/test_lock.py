"""The lock file is of this project as it is, and names the public index alone."""

import re
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[1]
LOCK = (ROOT / "uv.lock").read_text("utf-8")


def asked(requirement: str, extra: str = "") -> tuple[str, str, str]:
    """Split a requirement to its name, its sorted bounds and the extra it is of."""
    found = re.fullmatch(r"([\w.-]+)(.*)", requirement)
    assert found
    return found[1], ",".join(sorted(found[2].split(","))), extra


def test_the_lock_answers_to_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = {asked(line) for line in project["dependencies"]}
    wanted |= {asked(line, name) for name, lines in project["optional-dependencies"].items() for line in lines}
    (own,) = (package for package in tomllib.loads(LOCK)["package"] if package["name"] == project["name"])
    locked = set()
    for line in own["metadata"]["requires-dist"]:
        extra = re.search(r"extra == '(\w+)'", line.get("marker", ""))
        own_extras = f"[{','.join(line['extras'])}]" if "extras" in line else ""
        locked.add(asked(line["name"] + own_extras + line.get("specifier", ""), extra[1] if extra else ""))
    assert locked == wanted, "renew it: uv lock"
    assert own["version"] == project["version"]


def test_the_lock_names_no_other_index_than_the_public_one() -> None:
    hosts = {urlsplit(url).hostname for url in re.findall(r'"(https?://[^"]+)"', LOCK)}
    assert hosts == {"pypi.org", "files.pythonhosted.org"}
    assert "file:" not in LOCK
