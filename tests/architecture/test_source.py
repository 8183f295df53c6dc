"""What holds for the source as a whole: sizes, names, imports, paths."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
import subprocess
import sys
import tokenize
import tomllib
from pathlib import Path

import pytest

import materiel
from materiel import component
from materiel.cli import app
from runs import examples

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "materiel"
FILES = sorted(SOURCE.rglob("*.py"))
MOST_LINES_OF_A_FILE, MOST_LINES_OF_A_FUNCTION = 500, 60

NAMED_ELSEWHERE = {
    ("case/loading.py", "items"): "items are what conversions are written for: a case names them before anything else",
}
"""Section names that the source outside the type's own file may say, each with its reason."""


def relative(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_files_are_short(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MOST_LINES_OF_A_FILE, f"{lines} lines"


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_functions_are_short(path: Path) -> None:
    """Lines of code only: blank lines, comments and docstrings are free."""
    with path.open("rb") as file:
        quiet = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING, tokenize.ENDMARKER)
        code: set[int] = set()
        for token in tokenize.tokenize(file.readline):
            if token.type not in quiet:
                code.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = set(range(node.lineno, (node.end_lineno or node.lineno) + 1)) & code
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
                lines -= set(range(first.lineno, (first.end_lineno or first.lineno) + 1))
            assert len(lines) <= MOST_LINES_OF_A_FUNCTION, f"{node.name} has {len(lines)} lines of code"


def test_sections_of_types_are_named_in_their_own_files_only() -> None:
    """Whoever needs a type asks the registry or, as questions do with gauges, the class: nothing else knows what types there are."""
    sections = {section: Path(component.types()[section].file) for section in examples()}
    found: set[tuple[str, str]] = set()
    for path in FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        prose = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and node.body and isinstance(node.body[0], ast.Expr)
        }
        prose |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "example"}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
                for section in sections.keys() & set(re.split(r"[^a-z_]", node.value)):
                    if node.value.strip(". ") == section or f"{section}." in node.value:
                        found |= {(relative(path), section)} if path != sections[section] else set()
    assert found - NAMED_ELSEWHERE.keys() == set()
    assert NAMED_ELSEWHERE.keys() - found == set(), "these exceptions are no longer needed"


def test_a_command_and_what_it_prints_stand_in_files_of_its_name() -> None:
    names = {one.callback.__name__: one.callback.__module__ for one in app.registered_commands if one.callback}
    assert names == {name: f"materiel.commands.{name}" for name in names}
    assert {path.stem for path in (SOURCE / "commands").glob("*.py")} == {*names, "__init__", "arguments"}
    assert {path.stem for path in (SOURCE / "printing").glob("*.py")} - {"__init__", "output", "phrases", "progress"} <= names.keys()


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = ("xarray", "pint", "llvmlite", "matplotlib", "jax", "pydantic", "pandas", "scipy", "yaml", "jinja2", "rich", "typer", "numpy")
    script = f"import sys, materiel; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("words", "needless"),
    [
        (("--help",), ("numpy", "pydantic", "yaml")), (("check", "CASE"), ("llvmlite",)), (("order", "CASE"), ("llvmlite",)),
        (("run", "CASE", "--draws", "5"), ("materiel.analysis.lineage", "materiel.analysis.comparison")),
    ],
)  # fmt: skip
def test_commands_load_only_what_they_need(tmp_path: Path, words: tuple[str, ...], needless: tuple[str, ...]) -> None:
    case = tmp_path / "case.yaml"
    case.write_text(examples()["stockpiles"], encoding="utf-8")
    never = (
        "jax", "xarray", "scipy", "matplotlib", "h5py", "h5netcdf", "netCDF4", "openpyxl", "bibtexparser", "dask", "distributed", "pandas", "jinja2", "rich", "pint",
    )  # fmt: skip
    script = f"import atexit, sys; atexit.register(lambda: print('loaded', [name for name in {(*never, *needless)!r} if name in sys.modules]))\n"
    script += "from materiel.cli import app; app()"
    told = [str(case) if word == "CASE" else word for word in words]
    done = subprocess.run([sys.executable, "-c", script, *told], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.splitlines()[-1] == "loaded []"


def test_a_run_on_the_reference_needs_no_compiler() -> None:
    script = (
        "import sys, materiel.engine.ensemble, materiel.network; print([name for name in ('xarray', 'llvmlite', 'matplotlib', 'jax') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"


def test_public_names_are_sorted_and_importable() -> None:
    assert materiel.__all__ == sorted(materiel.__all__)
    for name in materiel.__all__:
        assert getattr(materiel, name).__name__ == name
    assert set(materiel.__all__) <= set(dir(materiel))
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = materiel.no_such_name
    for path in FILES:
        if path.name != "__main__.py":
            module = importlib.import_module(".".join(path.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__"))
            assert all(hasattr(module, name) for name in getattr(module, "__all__", []))


def test_every_path_that_the_project_file_names_exists() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    tool = project["tool"]
    named = [project["project"]["readme"], *project["project"]["license-files"], tool["hatch"]["version"]["path"]]
    named += tool["hatch"]["build"]["targets"]["wheel"]["packages"]
    named += tool["hatch"]["build"]["targets"]["wheel"].get("force-include", {})
    named += tool["pytest"]["ini_options"]["testpaths"] + tool["ruff"]["src"] + tool["basedpyright"]["include"]
    named += [pattern.split("*")[0] for pattern in tool["ruff"]["lint"]["per-file-ignores"]]
    missing = [path for path in named if not (ROOT / path).exists()]
    assert missing == []
    modules = [
        name
        for contract in tool["importlinter"]["contracts"]
        for key in ("layers", "modules", "source_modules", "forbidden_modules")
        for name in contract.get(key, [])
    ]
    for name in {part.strip() for entry in modules for part in entry.split(":")}:
        stem = SOURCE.parent.joinpath(*name.removesuffix(".*").split("."))
        assert stem.is_dir() or stem.with_suffix(".py").exists(), f"no module {name}"
    module, function = project["project"]["scripts"]["materiel"].split(":")
    assert hasattr(importlib.import_module(module), function)


def test_every_path_that_the_makefile_names_exists() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    case = re.search(r"^CASE \?= (\S+)$", text, re.MULTILINE)
    assert case is not None
    assert (ROOT / "cases" / case[1] / "case.yaml").exists()
    made_there = (".venv", "runs")
    words = [word for line in text.splitlines() for word in re.findall(r"(?<![\w$(./-])[\w-]+(?:/[\w.-]+)*\.(?:py|toml|lock|md)(?![\w/])", line.split("##")[0])]
    assert words
    missing = [word for word in words if not word.startswith(made_there) and not (ROOT / word).exists()]
    assert missing == []


@pytest.mark.parametrize("script", sorted([*ROOT.glob("docs/*.py"), *ROOT.glob("benchmarks/*.py")]), ids=lambda path: path.name)
def test_scripts_import_what_there_is(script: Path) -> None:
    """Nothing else runs them on every change, and they would break unseen."""
    for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "materiel":
            module = importlib.import_module(node.module)
            missing = [one.name for one in node.names if not hasattr(module, one.name) and importlib.util.find_spec(f"{node.module}.{one.name}") is None]
            assert missing == [], node.module


def test_every_target_of_the_makefile_is_declared_and_explained() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert phony is not None
    targets = re.findall(r"^([a-z-]+):", text, re.MULTILINE)
    assert sorted(targets) == sorted(phony[1].split())
