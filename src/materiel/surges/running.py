"""One backtest of somebody's file: which origins, which methods, what they learned from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from materiel.errors import RunError
from materiel.surges import library, summary
from materiel.surges.backtest import FIRST, Marked, origins, score
from materiel.surges.methods import DISCOUNTED, PROMISED, Method, available, ours
from materiel.surges.periods import read as read_period
from materiel.surges.reading import flags, read_series
from materiel.surges.series import Series

DRAWN = "growth paths"
"""Whose fan is drawn."""


@dataclass(frozen=True)
class Backtest:
    """A series with how all methods did at it, and what they were."""

    series: Series
    seen: tuple[int, ...]
    marked: Marked
    methods: tuple[Method, ...]
    learned: int

    def data(self, horizon: int) -> dict[str, Any]:
        """Return what it says as plain data."""
        return {**summary.data(self.series, self.marked, horizon), "origins": len(self.seen), "flags": flags(self.series), "learned_from": self.learned}

    def picture(self, horizon: int) -> str:
        """Return the series with the forecast from its middle origin, as an SVG file that stands alone."""
        from materiel.surges import picture

        seen = self.seen[len(self.seen) // 2]
        rival = summary.rivals([one.name for one in self.methods])[1]
        drawn, other = (next(one for one in self.methods if one.name == name) for name in (DRAWN, rival))
        return picture.draw(self.series, seen, horizon, drawn, other, self.methods)


def run(path: Path, origin: str, horizon: int, targets: Path | None, told: Callable[[int, int], None] | None = None) -> list[Backtest]:
    """Return the backtests of all series of a file, from one origin or, where it is "", from all.

    Our methods learn from the library without the country and war of a series that is the same as one of them. `told` hears how many series are done of how many.
    Raises CaseError for what is wrong in the files, RunError where an origin fits no series.
    """
    found = read_series(path, str(path), targets)
    chosen = [(one, tuple(origins(one)) if not origin else _at(one, origin)) for one in found]
    if not any(seen for _, seen in chosen):
        raise RunError(_nowhere(origin, found))
    there, _ = available()
    fitted = dict[tuple[library.Surge, ...], tuple[Method, ...]]()
    made: list[Backtest] = []
    for done, (series, seen) in enumerate(chosen):
        if seen:
            surges = library.apart_from(series)
            if surges not in fitted:
                fitted[surges] = ours(surges)
            methods = tuple(one for one in (*there, *fitted[surges]) if one.name not in (PROMISED, DISCOUNTED) or series.targets)
            made.append(Backtest(series, seen, score(series, methods, seen, horizon), methods, len(surges)))
        if told:
            told(done + 1, len(chosen))
    return made


def plain(found: Iterable[Backtest], horizon: int) -> dict[str, Any]:
    """Return backtests as plain data."""
    return {"scale": summary.SCALE, "left_out": left_out(), "series": {one.series.name: one.data(horizon) for one in found}}


def draw(found: Iterable[Backtest], horizon: int, folder: Path) -> list[Path]:
    """Write a picture of each series into a folder, which is made where it is missing, and return their files. Raises RunError when they cannot be written."""
    made: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for one in found:
            named = re.sub(r"[^\w.-]+", "-", one.series.name)
            path = folder / f"{named}.svg"
            made.append(path if path not in made else path.with_stem(f"{path.stem}-{len(made) + 1}"))
            made[-1].write_text(one.picture(horizon), encoding="utf-8")
    except OSError as error:
        raise RunError(f"{error.filename or folder} cannot be written: {error.strerror or error}; give another folder with --pictures") from None
    return made


def left_out() -> dict[str, str]:
    """Return the baselines that cannot run here, with the reason."""
    return {one.name: f"needs {one.needs}: pip install 'materiel[backtest]'" for one in available()[1]}


def _at(series: Series, origin: str) -> tuple[int, ...]:
    """Return after how many points a period is over, as one origin; none where it is no period of the series, too early or the last."""
    try:
        period = read_period(origin)
    except ValueError as error:
        raise RunError(f"{error}; write it as in the file") from None
    found = [i + 1 for i, one in enumerate(series.points) if (one.period.start, one.period.end) == (period.start, period.end)]
    return tuple(count for count in found if count in origins(series))


def _nowhere(origin: str, found: Iterable[Series]) -> str:
    spans = "; ".join(f"{one.name}: {one.points[FIRST - 1].period.text} to {one.points[-2].period.text}" for one in found)
    return f"nothing can be forecast from {origin!r}; origins have {FIRST} points up to them and one after: {spans}"
