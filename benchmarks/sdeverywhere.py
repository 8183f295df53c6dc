"""SDEverywhere itself, where its npm packages install: an exported model in the text of Vensim, the C that its generator makes of that, built as it builds its C.

It is installed into `build/`, which git ignores. Two things are done so that it runs what all others run. What is computed once (the share that a delay releases, a rate made of a time) it
is given as a number, as the yardstick is, for it would compute that anew in every period. And it drops what its outputs do not need: so the first level of its first output asks for all levels.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from yardstick import built, written

from materiel.export.flat import Flat, Variable
from materiel.export.flows import Flow, flows

HERE = Path(__file__).parent / "sdeverywhere"
INSTALLED = Path(__file__).parents[1] / "build" / "sdeverywhere"
PACKAGES = INSTALLED / "node_modules" / "@sdeverywhere"

_WORDS = {
    "add": "({} + {})", "sub": "({} - {})", "mul": "({} * {})", "div": "({} / {})", "neg": "(-{})", "lt": "({} < {})", "le": "({} <= {})", "gt": "({} > {})",
    "ge": "({} >= {})", "and": "({} :AND: {})", "or": "({} :OR: {})", "where": "IF THEN ELSE({}, {}, {})", "min": "MIN({}, {})", "max": "MAX({}, {})",
    "exp": "EXP({})", "time": "Time",
}  # fmt: skip

_ASKED = 8
"""How many levels the first value of one asks for."""


def install() -> str:
    """Install the packages, if npm and its registry are there; return the version that is there."""
    shutil.copytree(HERE, INSTALLED, dirs_exist_ok=True)
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=INSTALLED, check=True, capture_output=True, timeout=300)  # noqa: S607
    about = PACKAGES / "compile" / "package.json"
    if not about.exists():
        return "not installed"
    version = json.loads(about.read_text(encoding="utf-8"))["version"]
    return f"{version} with {'its own runtime' if _runtime().is_relative_to(PACKAGES) else 'a runtime written after its own'}"


def _runtime() -> Path:
    """Return the folder of the C that generated C is built with: of its command-line package if that could be had."""
    own = PACKAGES / "cli" / "src" / "c"
    return own if own.exists() else HERE / "runtime"


def write(flat: Flat, series: Sequence[int], given: Sequence[tuple[Variable, float]], steps: int, folder: Path) -> None:
    """Write a flat model for SDEverywhere: `model.mdl`, and `spec.json` with the numbers `given` to a run as inputs and some series, levels by number, as outputs."""
    moves = flows(flat)
    names = {one.number: one.name for one in (*flat.variables.values(), *moves)}
    numbers = {one.number: repr(value) for one, value in given}
    levels = sorted(flat.of("level"), key=lambda one: one.number != series[0])
    lines = [f"{one.name} = {_level(one, levels[_ASKED * i + 1 : _ASKED * i + 1 + _ASKED], moves, names)} ~~|" for i, one in enumerate(levels)]
    others = (*flat.of("parameter"), *flat.of("constant"), *flat.of("auxiliary"), *moves)
    lines += [f"{one.name} = {numbers.get(one.number) or written(one.formula, names, _WORDS)} ~~|" for one in others]
    control = {"INITIAL TIME": 0.0, "FINAL TIME": steps * flat.dt, "TIME STEP": flat.dt, "SAVEPER": flat.dt}
    lines += [f"{name} = {value!r} ~~|" for name, value in control.items()]
    (folder / "model.mdl").write_text("\n".join([*lines, ""]), encoding="utf-8")
    spec = {"inputVarNames": [one.name for one, _ in given], "outputVarNames": [names[number] for number in series]}
    (folder / "spec.json").write_text(json.dumps(spec), encoding="utf-8")


def _level(one: Variable, asked: Sequence[Variable], moves: Sequence[Flow], names: dict[int, str]) -> str:
    """Return a level: what moves it, and its first value, to which nought times others is added."""
    assert one.start is not None
    ends = [f"{'+' if flow.enters == one.number else '-'} {flow.name}" for flow in moves if one.number in (flow.enters, flow.leaves)]
    others = f" + 0 * ({' + '.join(other.name for other in asked)})" if asked else ""
    return f"INTEG(0 {' '.join(ends)}, {written(one.start, names, _WORDS)}{others})"


def build(folder: Path, compiler: str) -> Any:
    """Generate the C of a model in a folder, build it, and return its function `runs(given, out, draws, steps)`, which fills `out`, shape (draws, series, steps + 1)."""
    if not PACKAGES.exists():
        raise RuntimeError("its npm packages are not installed")
    words = [str(folder / "model.mdl"), str(folder / "spec.json"), str(folder)]
    subprocess.run(["node", INSTALLED / "generate.js", *words], check=True, capture_output=True)  # noqa: S603, S607
    sources = [folder / "generated.c", HERE / "runs.c", *(path for path in _runtime().glob("*.c") if path.name != "main.c")]
    return built(folder / f"sdeverywhere-{compiler}.so", compiler, ["-O2", "-fvisibility=hidden", f"-I{_runtime()}"], sources)
