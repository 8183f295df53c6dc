"""A case on the table: what readers ask of it and what they get, both as plain data that fit through a pipe and into JSON."""

from __future__ import annotations

import base64
import functools
import time
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Annotated, Any, Literal, TypeVar, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from materiel import __version__, manifest
from materiel import language as languages
from materiel.analysis import drivers, words
from materiel.analysis.questions import Answer
from materiel.case import translation
from materiel.case.model import Case
from materiel.equations import NEVER
from materiel.errors import RunError
from materiel.evidence.pooling import Prior
from materiel.language import Language
from materiel.language.phrase import Said
from materiel.options import Options, Reading
from materiel.report import chain, html
from materiel.report.telling import Before, Telling
from materiel.results import Curve
from materiel.study import Run, Study
from materiel.web import believing, drawing, exports, moving
from materiel.web.believing import Beliefs
from materiel.web.exports import Sheet
from materiel.web.levers import Lever
from materiel.web.moving import Moving
from materiel.web.playing import FULL, PREVIEW, SEED, Played, Player

SHOWN = 4
"""Charts that are shown at a time."""

REMEMBERED = 6
"""Runs that are kept, so that what they are held against need not be run again."""

MOST_DROPPED = 200
"""Sources and voices that are left out at a time, at most."""

FILES = {
    "csv": ("zip", "application/zip", exports.archive),
    "xlsx": ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", exports.workbook),
    "page": ("html", "text/html; charset=utf-8", None),
}
"""Files that a run is given as: the ending of each, its type, and what writes tables into it; the page is the report."""

WIDEST = 1e15
"""The largest number at the end of an axis, and its ratio to the least stretch that an axis can show."""

DRAWS = {"preview": PREVIEW, "full": FULL}


class _Asked(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    language: str = languages.DEFAULT


def _rising(ends: list[float]) -> list[float]:
    """Refuse ends of an axis between which nothing could be drawn."""
    low, high = ends
    if not (max(abs(low), abs(high)) <= WIDEST and high - low >= max(abs(low), abs(high)) / WIDEST + 1 / WIDEST):
        raise ValueError(f"no axis goes from {low:g} to {high:g}")
    return ends


_Ends = Annotated[list[float], Field(min_length=2, max_length=2), AfterValidator(_rising)]
_Changes = Annotated[dict[Annotated[str, Field(max_length=200)], Annotated[str, Field(max_length=100)]], Field(max_length=100)]


_Axes = Annotated[dict[str, _Ends], Field(default_factory=dict[str, "_Ends"])]


class _Decided(_Asked):
    seed: int = Field(default=SEED, ge=0, lt=2**63)
    changes: _Changes = Field(default_factory=dict[str, str])


class _Shown(_Decided):
    shown: list[str] | None = Field(default=None, max_length=SHOWN)


class _Charted(_Shown):
    axes: _Axes
    narrow: bool = False


class _Run(_Charted):
    draws: Literal["preview", "full"] = "full"
    against: _Changes | None = None
    difference_axes: _Axes
    beside: bool = False
    every: bool = False


_Given = TypeVar("_Given", bound=_Asked)


class _Weigh(_Charted):
    trust: dict[str, float] = Field(default_factory=dict[str, float])
    dropped: list[str] = Field(default_factory=list[str], max_length=MOST_DROPPED)
    odds: dict[str, float] | None = None


class _Flows(_Decided):
    narrow: bool = False


class _Export(_Shown):
    kind: Literal["csv", "xlsx", "page"]


class _Why(_Decided):
    question: str


class Table:
    """One case, compiled once, and what may be asked of it; every method may be called by several threads. All raise RunError for what is asked wrong, CaseError for what makes no case."""

    def __init__(self, name: str | Path, *, brought: bool = False) -> None:
        """Read, build and compile a case; one that a visitor `brought` is not where its reader keeps it. Raises CaseError, RunError."""
        self.name, self.brought = str(name), brought
        self.study = Study(name)
        self.player = Player(name)
        self.case = self.player.case
        self._said = manifest.manifest(name, self.case, {}, Options(), languages.DEFAULT)
        self._beliefs = Beliefs(self.name, self.player, lambda changes, seed: self._play(changes, FULL, seed, self.player.often))
        self._played: OrderedDict[tuple[object, ...], Played] = OrderedDict()
        self._read_texts: dict[str, translation.Texts] = {}
        self._lock = Lock()

    def about(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the case is, what it is asked, and what may be moved. Takes {language}."""
        language = languages.load(_read(_Asked, asked).language)
        texts = self._texts(language)
        questions = self.player.prepared.asked
        return {
            "id": self.case.name, "title": str(texts.title), "summary": str(texts.summary), "as_of": self.case.as_of.isoformat(), "version": __version__,
            "digest": self.case.digest, "language": language.name, "seed": SEED, "draws": DRAWS,
            "questions": [
                {"id": name, "text": str(texts.question(name, one.text)), "unit": one.unit, "key": one.key, "fan": bool(one.fan)} for name, one in questions.items()
            ],
            "shown": self.shown, "levers": [self._lever(lever, language, texts) for lever in self.player.levers.values()],
            "voices": self._voices(texts, language), **self._readings(texts, language),
        }  # fmt: skip

    def run(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Return answers and charts with decisions set, held against the case as it stands or against other decisions.

        A preview answers the questions shown and the key ones that are read in the same runs, a full run all key ones as well, and all questions if `every`.
        """
        began, given = time.perf_counter(), _read(_Run, asked)
        language, draws = languages.load(given.language), DRAWS[given.draws]
        shown = self._charted(given.shown)
        told = [*shown, *self._keys] if given.draws == "full" else self.player.along(shown)
        only = () if given.every else self.player.often if given.draws == "full" else told
        played = self._play(given.changes, draws, given.seed, only)
        other = self._play(given.against or {}, draws, given.seed, only)
        now, then = (self._telling(one, shown, language, given.seed) for one in (played, other))
        ghost: Said = language.say("ghost of other" if given.against else "ghost of case")
        drawn = Telling(now.run, language, now.texts, Before(then.run.curves)) if other is not played else now
        axes = given.axes | {name: _both(*(drawing.axis(one, name) for one in (drawn, then))) for name in shown if given.beside and name not in given.axes}
        made: dict[str, Any] = {
            "draws": draws,
            "answers": [
                drawing.answer(now, answer, None if other is played else other.answers.get(name))
                for name, answer in played.answers.items()
                if given.every or name in told
            ],
            "charts": [drawing.chart(drawn, name, ghost, axes.get(name), narrow=given.narrow) for name in shown],
            "copy": self._copies(given, draws),
        }
        if given.beside:
            made["beside"] = [drawing.chart(then, name, "", axes[name], narrow=given.narrow) for name in shown]
            made["differences"] = [
                drawing.difference(now, name, other.curves[name], played.curves[name], given.difference_axes.get(name), narrow=given.narrow) for name in shown
            ]
        return drawing.finite(made | {"seconds": round(time.perf_counter() - began, 4)})

    def weigh(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Return answers and charts as somebody believes them who trusts voices more or less, leaves sources out, or holds other hypotheses likely; nothing is run anew."""
        began, given = time.perf_counter(), _read(_Weigh, asked)
        language = languages.load(given.language)
        shown = self._charted(given.shown)
        names = list(dict.fromkeys([*shown, *self._keys]))
        found = self._beliefs.believe(names, given.changes, given.seed, given.trust, given.dropped, given.odds)
        now, then = found.now, found.before
        seen = {name: one if one.enough else then[name] for name, one in now.items()}
        case = believing.without_seen(self.player.told(given.changes), given.dropped)
        telling, before = (
            self._told(believing.answers(side), believing.curves(side), found.draws, given.changes, language, given.seed, case) for side in (seen, then)
        )
        ghosts = {name: curve for name, curve in before.run.curves.items() if seen[name].differs(then[name])}
        drawn = Telling(telling.run, language, telling.texts, Before(ghosts))
        ghost = language.say("ghost of belief")
        charts = [drawing.chart(drawn, name, ghost, given.axes.get(name), narrow=given.narrow) for name in shown]
        for one in charts:
            if seen[one["id"]].weights is not None:  # whoever takes the table away knows that it is not the run's
                one["about"] |= {"believed": given.model_dump(include={"trust", "dropped", "odds"}) | {"effective": round(seen[one["id"]].effective)}}
        made = {
            "draws": found.draws, "answers": [drawing.believed(telling, now[name], then[name]) for name in names], "charts": charts,
            "effective": round(found.effective), "enough": found.enough, "said": found.said(language), "readings": found.readings(language),
            "copy": self._copies(given, FULL, _otherwise(given)),
        }  # fmt: skip
        return drawing.finite(made | {"seconds": round(time.perf_counter() - began, 4)})

    def ready(self, asked: Mapping[str, Any]) -> bool:
        """Say whether what `weigh` takes can be weighed without running anything first."""
        given = _read(_Weigh, asked)
        return self._beliefs.ready(given.changes, given.seed, given.odds)

    def flows(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Return what moves through the network day by day with decisions set, and its picture. Takes {language, seed, changes, narrow}."""
        given = _read(_Flows, asked)
        language = languages.load(given.language)
        moved = self._moving.play(self.player.read(given.changes), given.seed)
        return drawing.finite(moving.told(self._moving, moved, self._texts(language), language, narrow=given.narrow))

    @functools.cached_property
    def _moving(self) -> Moving:
        return Moving(self.case, self.player.levers)

    def why(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Return the chain behind an answer as a fragment of a page. Takes {question, language, seed, changes}."""
        given = _read(_Why, asked)
        language = languages.load(given.language)
        if given.question not in self.player.prepared.asked:
            raise RunError(f"unknown question {given.question!r}; one of {', '.join(self.player.prepared.asked)}")
        played = self._play(given.changes, FULL, given.seed, [given.question])
        answer = played.answers[given.question]
        telling = self._told({given.question: answer}, {}, FULL, given.changes, language, given.seed)
        numbers = self.player.uncertain(given.question, given.changes)
        inputs = drivers.inputs(numbers, given.seed, FULL).of(numbers)
        found = drivers.shares(inputs, answer.values)
        run = replace(cast("Run", telling.run), inputs={given.question: inputs}, drivers={given.question: dict(drivers.leading(inputs, found))})
        return {"html": html.fragment([chain.about(replace(telling, run=run), given.question)])}

    def export(self, asked: Mapping[str, Any]) -> dict[str, str]:
        """Return a full run as a file: its tables (csv in an archive, or xlsx), or its report as a page. Takes {kind, language, seed, changes, shown}."""
        given = _read(_Export, asked)
        language = languages.load(given.language)
        shown = self._charted(given.shown)
        ending, kind, write = FILES[given.kind]
        self.player.read(given.changes)
        if write is None:
            made = html.render(self.study.again(Options(_reading(given.changes), FULL, given.seed)), language.name).encode()
        else:
            made = write(*self._tables(given, shown, language))
        return {"name": f"{self.case.name}.{ending}", "type": kind, "base64": base64.b64encode(made).decode()}

    def _tables(self, given: _Export, shown: Collection[str], language: Language) -> tuple[list[Sheet], str]:
        """Return the tables of a run, and what is said of them."""
        played, plain = (self._play(one, FULL, given.seed, ()) for one in (given.changes, {}))
        telling = self._telling(played, shown, language, given.seed)
        charts = [drawing.chart(telling, one, "") for one in shown]
        levers = [self._lever(one, language, telling.texts) for one in self.player.levers.values()]
        return exports.sheets(telling, plain.answers, charts, levers, given.changes), exports.readme(
            telling, given.changes, self._copies(given, FULL)["command"]
        )

    @functools.cached_property
    def shown(self) -> list[str]:
        """The questions whose charts are shown first."""
        asked = self.player.prepared.asked
        drawn = [name for name, one in asked.items() if one.fan]
        return sorted(drawn, key=lambda name: not asked[name].key)[:SHOWN]

    @functools.cached_property
    def _keys(self) -> list[str]:
        return [name for name, one in self.player.prepared.asked.items() if one.key]

    def _texts(self, language: Language) -> translation.Texts:
        """Return the words of the case in a language, read once."""
        if language.name not in self._read_texts:
            self._read_texts[language.name] = translation.texts(self.case, language.name)
        return self._read_texts[language.name]

    def _charted(self, names: Collection[str] | None) -> list[str]:
        """Return the questions whose charts are asked for, those that are shown first if none are named. Raises RunError for one that has no chart."""
        if names is None:
            return self.shown
        drawn = [name for name, one in self.player.prepared.asked.items() if one.fan]
        for name in names:
            if name not in drawn:
                raise RunError(f"question {name!r} has no chart; one of {', '.join(drawn)}")
        return list(dict.fromkeys(names))

    def _play(self, changes: Mapping[str, str], draws: int, seed: int, only: Collection[str]) -> Played:
        """Return a run, kept from before if it is."""
        key = tuple(sorted(changes.items())), draws, seed, tuple(sorted(only))
        with self._lock:
            if key in self._played:
                self._played.move_to_end(key)
                return self._played[key]
        found = self.player.play(changes, draws, seed, only)
        with self._lock:
            self._played[key] = found
            while len(self._played) > REMEMBERED:
                self._played.popitem(last=False)
        return found

    def _telling(self, played: Played, shown: Collection[str], language: Language, seed: int) -> Telling:
        """Return what charts and sentences of a run are told from."""
        curves: dict[str, Curve] = {name: played.curves[name].curve for name in shown}
        return self._told(played.answers, curves, played.draws, played.changes, language, seed)

    def _told(
        self,
        answers: Mapping[str, Answer],
        curves: dict[str, Curve],
        draws: int,
        changes: Mapping[str, str],
        language: Language,
        seed: int,
        case: Case | None = None,
    ) -> Telling:
        """Return what charts and sentences are told from; `case` is one of which less was seen."""
        options = Options(_reading(changes), draws, seed)
        said = self._said | {"run": manifest.identity(self.case, {}, options), "draws": draws, "seed": seed, "set": list(options.reading.set)}
        prepared = self.player.prepared
        program = next(iter(prepared.passes.values())).program
        run = Run(self.study, case or self.player.told(changes), options, dict(answers), curves, {}, {}, {}, {}, program, said)
        return Telling(run, language, self._texts(language))

    def _copies(self, given: _Decided, draws: int, beliefs: Sequence[str] = ()) -> dict[str, str]:
        numbers = {name for name, lever in self.player.levers.items() if not lever.contingency}
        return drawing.copies(self.case.folder.name, given.changes, numbers, draws, given.seed, beliefs, elsewhere=self.brought)

    def _lever(self, lever: Lever, language: Language, texts: translation.Texts) -> dict[str, Any]:
        def plain(value: float) -> float | str | None:
            return value if lever.kind == "number" else lever.written(value, self.case) if value < NEVER else None

        def said(value: float, unit: str = "1") -> str:
            if lever.kind == "number":
                return words.number(value, value, value, unit, language, words.IN_PROSE)
            return language.date(self.case.date(value)) if value < NEVER else language.word("no day")

        named = lever.id in texts.given.names or not lever.contingency
        name = str(texts.number(lever.id)) if named else language.word("begins", name=str(texts.component(lever.id.removesuffix(".begins"))))
        low, middle, high = lever.own
        unit = lever.unit or "1"
        own = said(middle, unit) if lever.constant else language.word("own range", middle=said(middle, unit), low=said(low), high=said(high, unit))
        return {
            "id": lever.id, "name": _capital(name), "kind": lever.kind, "unit": language.unit(lever.unit), "writes": lever.unit, "low": plain(lever.low),
            "high": plain(lever.high), "scale": lever.scale, "position": None if middle < NEVER else plain(lever.high),
            "own": {"p5": plain(low), "p50": plain(middle), "p95": plain(high), "constant": lever.constant}, "said": own,
        }  # fmt: skip

    def _voices(self, texts: translation.Texts, language: Language) -> list[dict[str, str]]:
        """Return the voices that numbers of the case listen to, those with the most to say first, and the numbers that they speak of."""
        spoken: dict[str, dict[str, float]] = {}
        for prior in {prior.stream: prior for one in self.player.prepared.passes.values() for prior in _heard(one.program.priors)}.values():
            for part in prior.parts:
                for origin in part.origins:
                    found = spoken.setdefault(origin, {})
                    found[prior.stream] = found.get(prior.stream, 0.0) + part.weight
        order = sorted(spoken, key=lambda origin: (-sum(spoken[origin].values()), origin))
        numbers = {origin: [str(texts.number(name)) for name in sorted(spoken[origin], key=lambda name: -spoken[origin][name])] for origin in order}
        between = language.word("semicolon")
        return [
            {"id": origin, "name": str(texts.origin(origin)), "about": between.join(numbers[origin][:3]) + (" …" if len(numbers[origin]) > 3 else "")}
            for origin in order
        ]

    def _readings(self, texts: translation.Texts, language: Language) -> dict[str, Any]:
        """Return the rival readings of the case, or why there are none."""
        if not self.case.hypotheses:
            return {"readings": None, "why_no_readings": language.word("no readings")}
        readings = [{"id": name, "name": str(texts.hypothesis(name)), "prior": one.prior} for name, one in self.case.hypotheses.items()]
        return {"readings": readings, "why_no_readings": ""}


def _reading(changes: Mapping[str, str]) -> Reading:
    return Reading(set=tuple(f"{number}={value}" for number, value in changes.items()))


def _otherwise(given: _Weigh) -> list[str]:
    """Return what somebody believes otherwise than the case, one by one."""
    trusted = [f"trust in {origin} times {factor:g}" for origin, factor in given.trust.items() if factor != 1.0]
    return [*trusted, *(f"{name} left out" for name in given.dropped), *(f"prior of {name} {prior:g}" for name, prior in (given.odds or {}).items())]


def _both(mine: Sequence[float], other: Sequence[float]) -> list[float]:
    """Return the ends of an axis that has room for what two others show."""
    return [min(mine[0], other[0]), max(mine[1], other[1])]


def _heard(priors: list[tuple[int, Prior]]) -> list[Prior]:
    return [prior for _, prior in priors if prior.pool is not None and prior.pool.heard()]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _read(kind: type[_Given], asked: Mapping[str, Any]) -> _Given:
    """Return what is asked, checked. Raises RunError with what is wrong and what is allowed."""
    try:
        return kind.model_validate(asked)
    except ValidationError as error:
        allowed = ", ".join(kind.model_fields)
        wrong = [f"{'.'.join(map(str, one['loc'])) or 'what is asked'}: {one['msg'].lower()}" for one in error.errors(include_url=False, include_input=False)]
        raise RunError(f"{'; '.join(wrong)}; what may be asked: {allowed}") from None
