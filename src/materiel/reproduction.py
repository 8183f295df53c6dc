"""A run that a folder keeps, made again: to go on where it was stopped, to be compared with others, or to prove that it gives the same numbers."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from materiel import manifest
from materiel.case.files import contents, find
from materiel.errors import RunError
from materiel.folder import RESULTS
from materiel.manifest import Manifest
from materiel.options import Options
from materiel.results import opened
from materiel.study import Run, Study

if TYPE_CHECKING:
    import xarray
    from distributed import Client

Tell = Callable[[int, int], None]

_MADE_ON = (*manifest.MADE_BY, "machines")
"""What may differ from machine to machine: it explains numbers that differ, and matters to nobody where none does."""


@dataclass(frozen=True)
class Part:
    """One series of numbers in both runs: how many differ, by how much at most in units of the last place and relative to the larger, and which is the first.

    `what` says why they cannot be compared, where they cannot.
    """

    name: str
    kind: str
    count: int
    differ: int
    units: float
    relative: float
    first: int
    what: str = ""


@dataclass(frozen=True)
class Reproduction:
    """A run made again, beside the one that was kept: `identical` says that case, manifest and every number are the same.

    `changed` are differences of what was run, `made_on` of what it was run on (before, now), `differ` the numbers that differ out of `compared` series.
    """

    run: str
    identical: bool
    changed: list[str]
    made_on: dict[str, tuple[str, str]]
    compared: dict[str, int]
    differ: list[Part]


def repeat(folder: Path) -> Run:
    """Return the run that a folder keeps, made again from its manifest. Raises RunError when it keeps none, or when the case or anything else has changed since."""
    kept = manifest.read(folder)
    _same_case(folder, kept, "repeated")
    run = Study(kept.name, kept.more).again(kept.options)
    if run.identity != kept.run:
        raise RunError(f"{folder}: the rules or the program have changed since this run, so that it cannot be repeated")
    return run


def resume(folder: Path, report: Tell | None = None, client: Client | None = None, chunk: int = Options.chunk) -> Run:
    """Finish the run that a folder keeps: only blocks of draws that are missing are run, on the `client` of a cluster if one is given, in chunks of any size.

    Raises RunError when the folder keeps no run or a whole one, or when anything has changed since that could change a number.
    """
    kept = manifest.read(folder)
    if kept.complete:
        raise RunError(f"{folder} keeps a whole run; there is nothing to resume")
    if not kept.sealed:
        raise RunError(f"{folder}: its manifest has been changed by hand, so that the run cannot be resumed")
    _same_case(folder, kept, "resumed")
    if changed := [
        f"{what} {before}, now {now}" for what, (before, now) in _made_on(kept.said, {**manifest.made_by(), "machines": kept.said.get("machines")}).items()
    ]:
        raise RunError(f"{folder}: the program has changed since this run began ({'; '.join(changed)}), so that it cannot be resumed")
    study = Study(kept.name, kept.more)
    if manifest.identity(study.case(kept.options.reading), kept.more, kept.options) != kept.run:
        raise RunError(f"{folder}: the rules have changed since this run began, so that it cannot be resumed")
    return study.again(dataclasses.replace(kept.options, chunk=chunk), report, folder, client, str(kept.said.get("language", "en")))


def reproduce(folder: Path, case: str = "", report: Tell | None = None) -> Reproduction:
    """Make the run that a folder keeps again and compare every number, bit by bit; `case` says where its case is now, if not where it was.

    Raises CaseError when the case can no longer be read, RunError when the folder keeps no whole run.
    """
    kept = manifest.read(folder)
    if not kept.complete:
        raise RunError(f"{folder} keeps a run that has not ended; `materiel resume {folder}` ends it")
    with opened(folder / RESULTS):
        pass  # told before anything is run
    study = Study(case or kept.name, kept.more)
    changed = ["manifest.json: changed by hand since the run"] if not kept.sealed else []
    changed += [f"{file}: {what}" for file, what in _files(kept, find(study.name)).items()]
    run = study.again(kept.options, report)
    if run.said["rules_sha256"] != kept.said.get("rules_sha256"):
        changed.append(f"rules {kept.options.reading.rules}: changed")
    compared: Counter[str] = Counter()
    differ: list[Part] = []
    with opened(folder / RESULTS) as before:
        said = manifest.attributes(kept.said) | {"title": run.case.title}
        apart = {name: before.attrs.get(name) for name, value in said.items() if before.attrs.get(name) != value}
        changed += [f"results.nc: says {name} {_words(value)!r}, not {_words(said[name])!r}" for name, value in apart.items()]
        for name, kind, old, new in itertools.chain(_series(before, run.data), _laws(kept.said.get("laws"), run.laws)):
            compared[kind] += 1
            part = _part(name, kind, old, new)
            differ += [] if part is None else [part]
    return Reproduction(kept.run, not changed and not differ, changed, _made_on(kept.said, run.said), dict(compared), differ)


def _made_on(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Return what the two say that they were made on, where that differs."""
    return {name: (_words(before.get(name)), _words(now.get(name))) for name in _MADE_ON if before.get(name) != now.get(name)}


def _words(said: object) -> str:
    return "; ".join(map(str, cast("list[object]", said))) if isinstance(said, list) else str(said)[:40]


def _same_case(folder: Path, kept: Manifest, done: str) -> None:
    if changed := _files(kept, find(kept.name)):
        raise RunError(f"{folder}: the files of {kept.name} have changed since this run ({', '.join(changed)}), so that it cannot be {done}")


def _files(kept: Manifest, case: Path) -> dict[str, str]:
    """Return what happened to the files of a case since a run, by name."""
    before: dict[str, str] = kept.said["files"]
    now = {name: hashlib.sha256(held).hexdigest() for name, held in contents(case).items()}
    what = {name: "gone" if name not in now else "new" if name not in before else "changed" for name in (*before, *now)}
    return {name: told for name, told in what.items() if before.get(name) != now.get(name)}


Pair = tuple[str, str, Any, Any]
"""Name and kind of a series, and what it is in the run that was kept and in the one made now, as data with attributes or None."""


def _series(before: xarray.Dataset, now: xarray.Dataset) -> Iterator[Pair]:
    """Yield every variable of two results."""
    for name in map(str, dict.fromkeys([*before.variables, *now.variables])):
        kind = "curve" if name.endswith("_over_time") else "answer" if name in now.data_vars else "coordinate"
        yield name, kind, before.variables.get(name), now.variables.get(name)


def _laws(said: object, now: Mapping[str, float]) -> Iterator[Pair]:
    """Yield the worst error of every law; a manifest may say anything."""
    import xarray

    before = cast("dict[str, Any]", said) if isinstance(said, dict) else {}
    for name in dict.fromkeys([*before, *now]):
        old, new = (xarray.Variable((), one[name]) if name in one else None for one in (before, now))
        yield name, "law", old, new


def _part(name: str, kind: str, before: Any, now: Any) -> Part | None:
    """Return in what a series differs, or None where every bit is the same."""
    if before is None or now is None:
        return Part(name, kind, 0, 0, 0.0, 0.0, 0, f"only in the run {'made now' if before is None else 'that was kept'}")
    if (before.dims, before.shape, before.dtype) != (now.dims, now.shape, now.dtype):
        return Part(name, kind, now.size, now.size, 0.0, 0.0, 0, f"{before.shape} numbers {before.dtype} before, {now.shape} {now.dtype} now")
    for key in ("units", "long_name"):
        if before.attrs.get(key) != now.attrs.get(key):
            return Part(name, kind, now.size, 0, 0.0, 0.0, 0, f"{key} {before.attrs.get(key)!r} before, {now.attrs.get(key)!r} now")
    a, b = (np.ascontiguousarray(one.values).reshape(-1).view(np.int64) for one in (before, now))
    apart = np.flatnonzero(a != b)
    if now.dtype == np.float64:
        apart = apart[~(np.isnan(a[apart].view(np.float64)) & np.isnan(b[apart].view(np.float64)))]
    if not len(apart):
        return None
    units, relative = _distance(a[apart], b[apart]) if now.dtype == np.float64 else (0.0, 0.0)
    return Part(name, kind, now.size, len(apart), units, relative, int(apart[0]))


def _distance(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]) -> tuple[float, float]:
    """Return by how much numbers, given by their bits, differ at most: in units of the last place, and relative to the larger."""
    least = np.int64(-(2**63))
    ranks = [np.where(bits < 0, least - bits, bits) for bits in (a, b)]  # floats in order are whole numbers in order
    units = np.maximum(*ranks).view(np.uint64) - np.minimum(*ranks).view(np.uint64)
    x, y = a.view(np.float64), b.view(np.float64)
    with np.errstate(all="ignore"):
        relative = np.abs(x - y) / np.maximum(np.abs(x), np.abs(y))
    return float(units.max()), float(np.nan_to_num(relative, nan=0.0 if (units == 0).all() else np.inf).max())
