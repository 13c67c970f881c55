"""Rules of the whole package, looked for in its source."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "ocrbatch"
MODULES = sorted(PACKAGE.rglob("*.py"))
PAGE = [path for path in MODULES if "page" in path.parts and path.name != "classify.py"]
LONGEST = 330
IMPORT = (ast.Import, ast.ImportFrom)

UNSAFE_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "yaml", "ruamel"}
UNSAFE_CALLS = {"eval", "exec", "cv2.imread", "cv2.imwrite", "cv.imread", "cv.imwrite", "os.system"}
HEAVY = {"tensorflow", "keras"}
START = """
import sys
import ocrbatch.commands.app
heavy = {"numpy", "cv2", "pandas", "tensorflow", "keras", "PIL", "ai_edge_litert", "pypdfium2"}
print(*sorted(heavy & sys.modules.keys()))
"""


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def imports(node: ast.AST) -> Iterator[str]:
    for found in ast.walk(node):
        if isinstance(found, ast.Import):
            yield from (alias.name for alias in found.names)
        elif isinstance(found, ast.ImportFrom) and found.module:
            yield found.module
            yield from (f"{found.module}.{alias.name}" for alias in found.names)


def calls(node: ast.AST) -> Iterator[ast.Call]:
    return (found for found in ast.walk(node) if isinstance(found, ast.Call))


def at_import(node: ast.AST) -> Iterator[ast.AST]:
    """Give what runs when a module is imported: not what stands in its functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            continue
        yield child
        yield from at_import(child)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_nothing_that_runs_data_as_code_is_used(path: Path) -> None:
    tree = tree_of(path)
    assert not {name.split(".")[0] for name in imports(tree)} & UNSAFE_MODULES
    assert not {ast.unparse(call.func) for call in calls(tree)} & UNSAFE_CALLS
    assert not {"cv2.imread", "cv2.imwrite"} & set(imports(tree))
    for call in calls(tree):
        asked = {word.arg: ast.unparse(word.value) for word in call.keywords}
        assert asked.get("allow_pickle", "False") == "False"
        assert asked.get("shell", "False") == "False"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_tensorflow_is_imported_only_where_it_is_needed(path: Path) -> None:
    tree = tree_of(path)
    if name_of(path).startswith("model/") or name_of(path) == "page/classify.py":
        tree = ast.Module([node for node in at_import(tree) if isinstance(node, IMPORT)], [])
    assert not {name.split(".")[0] for name in imports(tree)} & HEAVY


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_pandas_is_imported_only_where_a_table_is_made(path: Path) -> None:
    at_once = [node for node in at_import(tree_of(path)) if isinstance(node, IMPORT)]
    assert "pandas" not in {name.split(".")[0] for node in at_once for name in imports(node)}


@pytest.mark.parametrize("path", PAGE, ids=name_of)
def test_the_way_of_a_page_opens_no_file(path: Path) -> None:
    called = {ast.unparse(call.func).rsplit(".", 1)[-1] for call in calls(tree_of(path))}
    assert not called & {"read_bytes", "read_text", "write_bytes", "write_text", "tofile", "fromfile"}
    assert "open" not in {ast.unparse(call.func) for call in calls(tree_of(path))}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_is_no_longer_than_can_be_read(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= LONGEST


def test_the_command_starts_without_the_heavy_libraries() -> None:
    if not (PACKAGE / "commands/app.py").exists():
        pytest.skip("the command is not there yet")
    done = subprocess.run([sys.executable, "-c", START], check=True, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == []
