"""Exported models in other engines, judged against the reference engine."""

from __future__ import annotations

import dataclasses
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from materiel.analysis.questions import Branch
from materiel.case.model import Case
from materiel.engine import reference
from materiel.engine.symbols import Symbol
from materiel.export import xmile
from materiel.export.flat import Flat, flatten, leaves
from materiel.export.flows import flows
from materiel.export.model import Model, model, numbers

Array = npt.NDArray[np.float64]

TOLERANCE = 1e-9
"""Most by which a series may differ, as a share of its largest absolute value."""
TIED = 1e-12
"""Share of what they are added up from by which the two sides of a comparison differ at most when it is tied; rounding may decide it either way."""
TAG = f"{{{xmile.NAMESPACE}}}"


@dataclasses.dataclass
class Periods:
    """Values of the variables of a flat model over all periods, by number, shape (steps,), and the sizes that rounding goes by: the largest of what was added up or taken apart."""

    time: Array
    values: dict[int, Array]
    sizes: dict[int, Array] = dataclasses.field(default_factory=dict)

    def of(self, formula: Symbol) -> tuple[Array, Array]:
        """Return a formula over all periods, and its size; a condition is 1 where it holds."""
        op = formula.op
        if op in ("literal", "time"):
            value = np.full_like(self.time, formula.number) if op == "literal" else self.time
            return value, np.abs(value)
        if op == "variable":
            value = self.values[int(formula.number)]
            return value, self.sizes.get(int(formula.number), np.abs(value))
        (a, size_a), *rest = [self.of(part) for part in formula.args]
        if op in ("neg", "exp"):
            return (-a, size_a) if op == "neg" else (np.exp(a), np.exp(a))
        b, size_b = rest[0]
        match op:
            case "add" | "sub":
                return a + b if op == "add" else a - b, np.maximum(size_a, size_b)
            case "mul":
                return a * b, np.maximum(size_a * np.abs(b), np.abs(a) * size_b)
            case "div":
                sound = np.abs(b) > TIED * size_b  # by what is itself nought but for rounding, sizes would grow without end
                return a / b, np.nan_to_num(np.where(sound, np.maximum(size_a / np.abs(b), np.abs(a / b)), np.abs(a / b)), nan=0.0, posinf=0.0)
            case "min" | "max":
                first = a < b if op == "min" else a > b
                return np.where(first, a, b), np.where(first, size_a, size_b)
            case "where":
                c, size_c = rest[1]
                return np.where(a != 0.0, b, c), np.where(a != 0.0, size_b, size_c)
            case _:
                holds = {"lt": a < b, "le": a <= b, "gt": a > b, "ge": a >= b, "and": (a != 0.0) & (b != 0.0), "or": (a != 0.0) | (b != 0.0)}[op]
                return holds.astype(float), size_a


class History:
    """One exported model and what the reference engine made of its draw.

    `names` are those of all series of the file by number, flows and parts of equations among them: these are worked out from what the reference engine keeps. `levels` holds boundaries,
    shape (steps + 1,); `periods` what held in periods, of levels what they were at the start. `sizes` says how large a variable's rounding can be.
    `ties` are comparisons that decide something and are tied in some period: the variable in whose formula they stand, the comparison, and where it is tied.
    """

    def __init__(self, one: Model, first: Array, recorded: Array) -> None:
        self.model, self.flat = one, one.flat
        time = np.arange(one.steps) * one.flat.dt
        self.levels = {v.number: np.concatenate([[first[v.number]], recorded[:, v.number]]) for v in one.flat.of("level")}
        self.periods = Periods(time, {number: values[:-1] for number, values in self.levels.items()})
        self.fixed = {v.number for v in (*one.flat.of("parameter"), *one.flat.of("constant"))}
        self.sizes: dict[int, float] = {}
        for v in (*one.flat.of("parameter"), *one.flat.of("constant"), *one.flat.of("auxiliary")):
            if v.number < one.program.size:
                self.periods.values[v.number] = recorded[:, v.number] if v.kind == "auxiliary" else np.full_like(time, first[v.number])
        with np.errstate(all="ignore"):
            self._measure()
            self._measure()  # now with the sizes of levels, which what holds in a period reads
            for flow in (moves := flows(one.flat)):
                self.periods.values[flow.number], size = self.periods.of(flow.formula)
                self.sizes[flow.number] = float(np.nanmax(size))
            self.names = {series.number: series.name for series in (*one.flat.variables.values(), *moves)}
            everything = ((v.number, found, self._tied(found)) for v in one.flat.variables.values() for found in comparisons(v.formula))
            self.ties = [(number, found, tied) for number, found, tied in everything if tied.any()]

    def _measure(self) -> None:
        """Work out the size of every variable, and the values of those that the reference engine does not keep."""
        values, sizes = self.periods.values, self.periods.sizes
        for v in sorted(self.flat.variables.values(), key=lambda v: v.kind == "level"):
            made, size = self.periods.of(v.formula)
            values.setdefault(v.number, made)
            self.sizes[v.number] = float(np.nanmax(size))
            sizes[v.number] = np.concatenate([np.abs(values[v.number][:1]), size[:-1]]) if v.kind == "level" else size

    def _tied(self, comparison: Symbol) -> npt.NDArray[np.bool_]:
        """Say where a comparison is tied; one of time and given numbers alone is decided alike by every engine."""
        if all(self.flat.variables[number].kind == "parameter" for number in leaves(comparison)):
            return np.zeros(self.periods.time.shape, dtype=bool)
        (a, size_a), (b, size_b) = (self.periods.of(part) for part in comparison.args)
        return np.abs(a - b) <= TIED * np.maximum(size_a, size_b)

    def value(self, number: int) -> Array:
        """Return a level on its boundaries, shape (steps + 1,), or anything else in its periods."""
        return self.levels.get(number, self.periods.values[number])

    def turned(self, series: Mapping[str, Array]) -> dict[int, int]:
        """Return the variables in whose formula a tied comparison was decided the other way by a peer, each with the first period (boundary of a level) of that."""
        steps = len(self.periods.time)
        peer = Periods(self.periods.time, {v.number: series[v.name][:steps] for v in self.flat.variables.values()})
        made: dict[int, int] = {}
        with np.errstate(all="ignore"):
            for number, comparison, tied in self.ties:
                other = np.flatnonzero(tied & (self.periods.of(comparison)[0] != peer.of(comparison)[0]))
                if len(other):
                    made[number] = min(made.get(number, steps + 1), int(other[0]) + (number in self.levels))
        return made

    def reached(self, first: Mapping[int, int]) -> dict[int, int]:
        """Return the variables that read others, with the period (boundary of a level) in which they first read one of them, for periods from which on those are in doubt."""
        made, before = dict(first), dict[int, int]()
        reads = {v.number: set(leaves(v.formula)) for v in (*self.flat.variables.values(), *flows(self.flat)) if v.number not in self.fixed}
        while before != made:
            before = dict(made)
            for number, read in reads.items():
                found = [made[other] for other in read if other in made]
                if found:
                    made[number] = min(made.get(number, len(self.periods.time) + 1), min(found) + (number in self.levels))
        return made


def comparisons(formula: Symbol) -> Iterator[Symbol]:
    """Yield every comparison on which something in a formula depends, those of MIN and MAX aside: of equal values they may take either."""
    if formula.op in ("lt", "le", "gt", "ge"):
        yield formula
    for part in formula.args:
        yield from comparisons(part)


@dataclasses.dataclass
class Verdict:
    """How the series of a peer compare with the reference: how many, how many with the same bits, the largest error as a share of the largest value.

    `noughts` are series that are nought but for rounding in both. `ties` are comparisons that are tied somewhere, `turned` how many variables have one that the peer decided
    the other way; `excused` are series that differ downstream of one, from then on; `wrong` all others that differ.
    """

    draw: int | None
    series: int = 0
    same: int = 0
    worst: float = 0.0
    noughts: int = 0
    ties: int = 0
    turned: int = 0
    excused: list[str] = dataclasses.field(default_factory=list)
    wrong: list[str] = dataclasses.field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"draw {self.draw}: {self.series} series, {self.same} equal bit for bit, worst {self.worst:.1e}, {self.noughts} nought but for rounding; {self.ties} ties, "
            f"{self.turned} decided the other way, {len(self.excused)} series differ after one {self.excused[:5]}; {len(self.wrong)} wrong {self.wrong[:5]}"
        )


def judge(history: History, series: Mapping[str, Array]) -> Verdict:
    """Compare every series of a file, levels at boundaries and all else in periods, with what a peer made of it."""
    turned = history.turned(series)
    doubtful = history.reached(turned)
    verdict = Verdict(history.model.draw, ties=len(history.ties), turned=len(turned))
    for number, name in history.names.items():
        expected = history.value(number)
        found = series[name][: len(expected)]
        verdict.series += 1
        if (found == expected).all():
            verdict.same += 1
            continue
        largest, noise = float(np.abs(expected).max()), TIED * history.sizes[number]
        if max(largest, float(np.abs(found).max())) < noise:
            verdict.noughts += 1
            continue
        error = np.abs(found - expected)
        off = np.flatnonzero(~(error <= TOLERANCE * largest))
        if not len(off):
            verdict.worst = max(verdict.worst, float(error.max()) / (largest or 1.0))
        elif doubtful.get(number, len(expected)) <= off[0]:
            verdict.excused.append(name)
        else:
            verdict.wrong.append(f"{name} from {off[0]}: {found[off[0]]!r} for {expected[off[0]]!r}, off by {float(error.max()) / (largest or 1.0):.1e}")
    return verdict


def histories(case: Case, draws: Sequence[int | None], seed: int = 1, branch: Branch | None = None) -> Iterator[History]:
    """Yield each draw of a case with what the reference engine makes of it."""
    whole = model(case, None, seed, branch)
    priors = [prior for _, prior in whole.program.priors]
    drawn = np.array([numbers(priors, draw, seed) for draw in draws]).T
    fixed = whole.branch.fixed
    outcome = reference.run(whole.program, reference.fill(whole.program, drawn, case.step, fixed), whole.steps, 1, range(whole.program.size))
    for k, draw in enumerate(draws):
        values = [fixed.get(prior.path, value) for prior, value in zip(priors, drawn[:, k].tolist(), strict=True)]
        flat: Flat = flatten(whole.program, values, case.step)
        yield History(dataclasses.replace(whole, draw=draw, flat=flat), outcome.first[:, k], outcome.recorded[:, :, k])


def in_simlin(text: str, folder: Path) -> tuple[dict[str, Array], list[str]]:
    """Return the series of a model in simlin, and all that it has to say against equations and units."""
    import simlin

    path = folder / "model.xmile"
    path.write_text(text, encoding="utf-8")
    loaded = simlin.load(path)
    issues = [issue.message for issue in loaded.check()]
    sim = loaded.simulate()
    sim.run_to_end()
    return {name: sim.get_series(name) for name in sim.get_var_names()}, issues


class InPysd:
    """One model translated by PySD; it runs other draws of the same case with the numbers that their files give."""

    def __init__(self, text: str, folder: Path) -> None:
        path = folder / "model.xmile"
        path.write_text(text, encoding="utf-8")
        self.first = equations(text)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pysd

            self.model = pysd.read_xmile(str(path))

    def run(self, text: str) -> dict[str, Array]:
        """Return the series of a model that differs from the translated one by its numbers only."""
        other = equations(text)
        assert [name for name, equation in other.items() if equation != self.first[name] and number(equation) is None] == []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            frame = self.model.run(params={name: value for name, equation in other.items() if (value := number(equation)) is not None})
        return {name: frame[name].to_numpy(dtype=float) for name in frame.columns}


def equations(text: str) -> dict[str, str]:
    """Return the equations of a file by name, those of stocks aside, for they give first values only."""
    root = ET.fromstring(text.encode())  # noqa: S314 (we have just written it)
    return {one.attrib["name"]: one.findtext(f"{TAG}eqn") or "" for tag in ("aux", "flow") for one in root.iter(TAG + tag)}


def number(equation: str) -> float | None:
    """Return the number that an equation is, or None where it is a formula."""
    try:
        return float(equation.strip("()"))
    except ValueError:
        return None
