"""Questions: from the case's words to gauges in the network, and from kept numbers to answers in sentences."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from materiel import component, portable, units
from materiel.analysis import resolution, words
from materiel.case.links import Resolver
from materiel.case.model import Case, Instance, Target
from materiel.case.reading import Key, Text
from materiel.components.gauge import Gauge
from materiel.equations import NEVER
from materiel.errors import CaseError, Problem, nearest
from materiel.evidence.pooling import Part, Prior
from materiel.evidence.vocabulary import Scale
from materiel.language import ENGLISH, Language
from materiel.language.phrase import Phrase, Piece, Said, capital, joined
from materiel.quantities import QuantityError, constant, read

Array = npt.NDArray[np.float64]

FORMS = ("value", "largest", "smallest", "total", "first", "ratio")
PERCENTS = (5, 25, 50, 75, 95)


@dataclass(frozen=True)
class Branch:
    """What a pass of the ensemble assumes: a scenario, and a contingency (its path) that begins on a day, or none."""

    scenario: str = ""
    contingency: str = ""
    day: float = NEVER

    @property
    def fixed(self) -> dict[str, float]:
        """Return the priors that the branch replaces."""
        return {f"{self.contingency}.begins": self.day} if self.contingency else {}


@dataclass(frozen=True)
class Asked:
    """A question ready to run: its branch, its gauge (or the two questions of a ratio), its unit, and its threshold in that unit."""

    id: str
    text: str
    judgement: str
    form: str
    unit: str
    branch: Branch
    gauge: Instance | None
    parts: tuple[str, ...]
    since: float
    last_day: float
    threshold: tuple[str, float] | None
    key: bool
    fan: str
    observed: str


@dataclass(frozen=True)
class Answer:
    """What the runs say to one question. `values` are per draw in `unit`; infinite where a day never comes."""

    asked: Asked
    values: Array
    quantiles: dict[int, float | None]
    probability: float | None
    never: float
    base_share: float
    sentence: str


def prepare(case: Case) -> dict[str, Asked]:
    """Return every question of a case ready to run. Raises CaseError with every problem."""
    text = Text(case.text.data, case.text.file, case.text.spot)
    resolver = Resolver(text, case.components)
    made: dict[str, Asked] = {}
    for name, question in case.questions.items():
        try:
            asked = ask(case, resolver, name, question, ("questions", name))
        except QuantityError as error:
            place = case.place(("questions", name, *error.at), key=not error.at)
            text.problems.append(Problem(place, error.found, error.allowed, error.nearest))
            continue
        if asked is not None:
            made[name] = asked
    for name, asked in made.items():
        for i, part in enumerate(asked.parts):
            if part not in case.questions or part == name:
                place = case.place(("questions", name, "ratio", i))
                text.problems.append(Problem(place, f"unknown question {part!r}", "another question", nearest(part, list(case.questions))))
        if asked.parts and all(part in made for part in asked.parts):
            _check_ratio(case, text, asked, made)
        rule = case.questions[name].resolves
        if rule is not None:
            text.problems += resolution.problems(case, subject(case, asked), rule, branched=asked.branch != Branch())
    if text.problems:
        raise CaseError(text.problems)
    return made


def subject(case: Case, asked: Asked) -> resolution.Subject:
    """Return what a question is about; the end of its window is no longer in it."""
    last = case.date(asked.last_day) - datetime.timedelta(days=asked.form != "value")
    return resolution.Subject(asked.id, asked.form, asked.unit, case.date(asked.since) if asked.form == "total" else None, last)


def ask(case: Case, resolver: Resolver, name: str, question: Any, at: Key) -> Asked | None:
    """Return one question, written at a path of the case's data, ready to run; None after noting an unknown variable in the resolver's text. Raises QuantityError."""
    return _Asker(case, resolver, name, question, at).ask()


def _check_ratio(case: Case, text: Text, asked: Asked, made: Mapping[str, Asked]) -> None:
    """Note a ratio of ratios, and one whose parts do not measure alike."""
    place = case.place(("questions", asked.id, "ratio"))
    parts = [made[part] for part in asked.parts]
    if any(part.parts for part in parts):
        text.problems.append(Problem(place, "a ratio of ratios", "two questions that read the runs"))
        return
    quotient = "/".join(f"({part.unit})" for part in parts)
    try:
        units.factor(quotient, asked.unit)
    except units.UnitError as error:
        text.problems.append(Problem(place, str(error), "two questions in like units, or the `unit` of their ratio"))


class _Asker:
    def __init__(self, case: Case, resolver: Resolver, name: str, question: Any, at: Key) -> None:
        self.case, self.resolver, self.name, self.question, self.at = case, resolver, name, question, at

    def ask(self) -> Asked | None:
        question = self.question
        if question.observed and question.observed not in self.case.series:
            near = nearest(question.observed, sorted(self.case.series))
            raise QuantityError(f"unknown series {question.observed!r}", "a series of observations.csv", "observed", near)
        forms = [form for form in FORMS if getattr(question, form) is not None]
        if len(forms) != 1:
            raise QuantityError(f"{self.name} asks {' and '.join(forms) or 'nothing'}", f"exactly one of {', '.join(FORMS)}")
        form = forms[0]
        if form == "ratio":
            if len(question.ratio) != 2:
                raise QuantityError(f"ratio of {len(question.ratio)} questions", "two questions", "ratio")
            return self._asked(form, question.unit or "1", None, tuple(question.ratio), self.case.end)
        targets = self._targets(form)
        if not targets:
            return None
        mode, unit, last = self._mode(form), self._unit(targets, form), self._last(form)
        gauge = self._gauge(form, mode, unit, targets)
        return self._asked(form, "day" if form == "first" else unit, gauge, (), last)

    def _asked(self, form: str, unit: str, gauge: Instance | None, parts: tuple[str, ...], last: datetime.date) -> Asked:
        question = self.question
        since = self._first_day() or self.case.start
        return Asked(
            self.name, question.text, question.judgement, form, unit, self._branch(), gauge, parts, self.case.day(since),
            self.case.day(last), self._threshold(unit), question.key,
            question.fan if isinstance(question.fan, str) else (question.text if question.fan else ""), question.observed,
        )  # fmt: skip

    def _targets(self, form: str) -> list[Target]:
        paths = getattr(self.question, form)
        paths = [paths] if isinstance(paths, str) else paths
        at = (*self.at, form)
        if not paths:
            raise QuantityError(f"{form} of nothing", "one variable or more", form)
        listed = isinstance(getattr(self.question, form), list)
        found = [self.resolver.variable(None, path, (*at, i) if listed else at) for i, path in enumerate(paths)]
        for target in found:
            owner = self.case.components[target.path] if target else None
            if owner and target and target.variable in owner.type.parameters and owner.type.parameters[target.variable].date:
                raise QuantityError(f"{target.key!r} is a day", "something that is counted or measured", form)
            if owner and target and owner.numbers.get(target.variable, ...) is None:
                raise QuantityError(f"{target.key!r} is not given, so it cannot be read", f"`{target.variable}` in {owner.path}", form)
        return cast("list[Target]", found) if all(found) else []

    def _mode(self, form: str) -> str:
        if form != "first":
            return form
        given = [name for name in ("below", "above") if getattr(self.question, name) is not None]
        if len(given) != 1:
            raise QuantityError("a first crossing of no bound or two", "either `below` or `above`", "first")
        return given[0]

    def _per_day(self, target: Target, form: str) -> bool:
        variable = self.case.components[target.path].type.variables.get(target.variable)
        return form != "total" and variable is not None and variable.kind in ("flow", "activity")

    def _unit(self, targets: list[Target], form: str) -> str:
        own = self.case.target_unit(targets[0]).replace("(", "").replace(")", "")
        return self.question.unit or (f"{own}/day" if self._per_day(targets[0], form) else own)

    def _last(self, form: str) -> datetime.date:
        question = self.question
        if form == "value":
            if question.at is None:
                raise QuantityError("a value on no day", "`at`", form)
            last = question.at
        else:
            last = question.end or self.case.end
        if not self.case.start <= last <= self.case.end or (form == "value" and last == self.case.end):
            key = "at" if form == "value" else "end"
            until = f"{'before ' if form == 'value' else ''}{self.case.end}"
            raise QuantityError(f"{last} lies outside the run", f"from {self.case.start} to {until}", key)
        first = self._first_day()
        if form != "value" and not self.case.start <= (first or self.case.start) < last:
            key = "start" if question.start else "if"
            raise QuantityError(f"{first} is no day of the run before {last}", f"from {self.case.start} to before {last}", key)
        return last

    def _gauge(self, form: str, mode: str, unit: str, targets: list[Target]) -> Instance:
        kind = component.types()[Gauge.section]
        case, question = self.case, self.question
        numbers = {name: _defined(f"{self.name}.{name}", p.unit, p.default or 0.0) for name, p in kind.parameters.items()}
        first = question.at if form == "value" else self._first_day()
        if first is not None:
            numbers["first_day"] = _defined(f"{self.name}.first_day", "date", case.day(first))
        if question.end is not None:
            numbers["until"] = _defined(f"{self.name}.until", "date", case.day(question.end))
        if mode in ("below", "above"):
            numbers["bound"] = _defined(f"{self.name}.bound", unit, self._amount(getattr(question, mode), unit, mode))
        else:
            numbers["bound"] = _defined(f"{self.name}.bound", unit, 0.0)
        gauge = Instance(f"{Gauge.section}.?{self.name}", "", f"?{self.name}", kind, self.at, {"unit": unit, "mode": mode})
        gauge.numbers = cast("dict[str, Prior | None]", numbers)
        gauge.links["of"] = [Target(t.path, t.variable, t.index, {"weight": self._weight(t, unit, form)}, t.key) for t in targets]
        return gauge

    def _weight(self, target: Target, unit: str, form: str) -> Prior:
        """Return what one unit of the variable counts for: a unit factor, per day for flows, times a conversion."""
        case, question = self.case, self.question
        read_unit = case.target_unit(target)
        weight_unit = f"({unit})/({read_unit})"
        per_day = self._per_day(target, form)
        own = f"{read_unit}/day" if per_day else read_unit
        path = f"{self.name}.{target.key}"
        if question.conversion:
            # weights are per unit of an item and per day; what the question's own unit adds to that, such as the k of kround/month, is taken out
            one = units.factor(units.bare(unit), unit)
            return self._converted(target, weight_unit, one / case.step if per_day else one)
        try:
            factor = units.factor(own, unit)
        except units.UnitError as error:
            allowed = "one unit for all, or a named `conversion`"
            raise QuantityError(f"{target.key}: {error}", allowed, "unit" if question.unit else form, error.nearest) from None
        return _defined(path, weight_unit, factor / (case.step if per_day else 1.0))

    def _converted(self, target: Target, unit: str, factor: float) -> Prior:
        known = self.case.conversions
        weights = known.get(self.question.conversion)
        if weights is None:
            raise QuantityError(
                f"unknown conversion {self.question.conversion!r}", ", ".join(known), "conversion", nearest(self.question.conversion, list(known))
            )
        item = self.case.components[target.path].links.get("item")
        name = item[0].path.split(".")[-1] if item else ""
        if name not in weights:
            raise QuantityError(f"conversion {self.question.conversion!r} says nothing of {name!r}", ", ".join(weights), "conversion")
        prior = weights[name]
        return prior.scaled(factor, unit)

    def _amount(self, raw: object, unit: str, key: str) -> float:
        try:
            distribution, written = read(raw)
        except QuantityError as error:
            raise QuantityError(error.found, f"a value in {unit or '1'}", key) from None
        if not distribution.constant:
            raise QuantityError(f"{raw!r} is a range", "one value", key)
        if not written and unit not in ("", "1", "percent"):
            raise QuantityError(f"{raw!r} has no unit", f"a value in {unit}", key)
        try:
            return distribution.values[0] * units.factor(written, unit)
        except units.UnitError as error:
            raise QuantityError(f"{raw!r}: {error}", f"a value in {unit}", key, error.nearest) from None

    def _threshold(self, unit: str) -> tuple[str, float] | None:
        given = cast("dict[str, Any] | None", self.question.threshold)
        if given is None:
            return None
        if len(given) != 1:
            raise QuantityError("a threshold with two sides or none", "either `above` or `below`", "threshold")
        side, raw = next(iter(given.items()))
        if unit == "day" and self.question.first is not None and re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(raw)):
            since = self._first_day() or self.case.start
            return side, float((_date(str(raw), "threshold") - since).days)
        return side, self._amount(raw, unit, "threshold")

    def _branch(self) -> Branch:
        question, case = self.question, self.case
        if question.scenario and question.scenario not in case.scenarios:
            near = nearest(question.scenario, list(case.scenarios))
            raise QuantityError(f"unknown scenario {question.scenario!r}", ", ".join(case.scenarios) or "none is declared", "with", near)
        if not question.branch:
            return Branch(question.scenario)
        found = re.fullmatch(r"(\S+) on (\d{4}-\d{2}-\d{2})", question.branch.strip())
        events = {one.name: one.path for one in case.components.values() if "begins" in one.type.parameters}
        names = list(events)
        if not found:
            allowed = f"`CONTINGENCY on YYYY-MM-DD`, with one of {', '.join(names) or 'the contingencies, of which none is declared'}"
            raise QuantityError(f"if: {question.branch!r}", allowed, "if")
        if found[1] not in names:
            raise QuantityError(f"unknown contingency {found[1]!r}", ", ".join(names) or "none is declared", "if", nearest(found[1], names))
        return Branch(question.scenario, events[found[1]], case.day(_date(found[2], "if")))

    def _first_day(self) -> datetime.date | None:
        """Return the day from which the question reads: its own start, else the day on which its contingency begins."""
        found = re.search(r"\d{4}-\d{2}-\d{2}", self.question.branch)
        return self.question.start or (_date(found[0], "if") if found else None)


def _date(text: str, key: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise QuantityError(f"{text!r} is not a day", "a day of the calendar as YYYY-MM-DD", key) from None


def _defined(path: str, unit: str, value: float) -> Prior:
    return Prior(path, path, unit, "definition", "by definition", (Part(1.0, constant(value)),))


def values(asked: Mapping[str, Asked], kept: Mapping[str, Array]) -> dict[str, Array]:
    """Return the values of every question per draw, from what its gauge kept; a ratio is taken draw by draw."""
    made: dict[str, Array] = {}
    for name, one in asked.items():
        if one.gauge is not None:
            days = kept[name] - one.since
            made[name] = np.where(kept[name] >= NEVER, np.inf, days) if one.form == "first" else kept[name]
    for name, one in asked.items():
        if one.gauge is None:
            top, bottom = (made[part] for part in one.parts)
            scale = units.factor("/".join(f"({asked[part].unit})" for part in one.parts), one.unit)
            with np.errstate(divide="ignore", invalid="ignore"):
                quotient = np.where(bottom != 0, top / bottom, np.inf) * scale
            alike = (np.isinf(top) & np.isinf(bottom)) | ((top == 0) & (bottom == 0))  # neither comes within the horizon, or there is neither
            made[name] = np.where(alike, 1.0, quotient)
    return made


def answer(asked: Asked, drawn: Array, base_share: float, scale: Scale | None = None, weights: Array | None = None) -> Answer:
    """Return the answer to one question from its values per draw, in the words of a scale; draws count by their weights, if they have any."""
    if weights is None:
        ordered = np.sort(drawn)
        marks = portable.quantiles(ordered, np.array(PERCENTS) / 100, observed=bool(np.isinf(ordered[-1])))
    else:
        marks = portable.weighted_quantiles(drawn, weights, np.array(PERCENTS) / 100)
    quantiles = {percent: float(value) if np.isfinite(value) else None for percent, value in zip(PERCENTS, marks, strict=True)}
    probability = None
    if asked.threshold is not None:
        side, bound = asked.threshold
        probability = _share(drawn > bound if side == "above" else drawn < bound, weights)
    never = _share(np.isinf(drawn), weights) if asked.form == "first" else 0.0
    found = Answer(asked, drawn, quantiles, probability, never, base_share, "")
    return replace(found, sentence=str(sentence(found, scale, weights=weights)))


def _share(met: npt.NDArray[np.bool_], weights: Array | None) -> float:
    """Return the share of the draws that meet something; by their weights, which add up to 1, if they have any."""
    return float(np.mean(met)) if weights is None else min(float(weights[met].sum()), 1.0)


def sentence(
    answer: Answer, scale: Scale | None = None, language: Language = ENGLISH, text: Said = "", judgement: Said = "", weights: Array | None = None
) -> Phrase:
    """Return an answer as a sentence with its numbers inside; `text` and `judgement` say what is asked in other words than those of the case."""
    asked, draws = answer.asked, _counting(answer, weights)
    text, judgement = text or asked.text, judgement or asked.judgement
    span = _span(answer, draws, language)
    if answer.probability is None or asked.threshold is None:
        return language.say("answer", text=text, span=span)
    likely = words.likely(answer.probability, draws, scale, language, f"{asked.id}.probability")
    if asked.judgement:
        return capital(language.say("judgement", likely=likely, judgement=judgement, text=text, span=span))
    side, bound = asked.threshold
    said = words.number(bound, bound, bound, asked.unit, language)
    return language.say(
        "threshold", text=text, likely=likely, side=language.word(f"side {side}"), bound=Piece(said, "number", f"{asked.id}.threshold", bound), span=span
    )


def _counting(answer: Answer, weights: Array | None) -> int:
    """Return how many draws an answer was counted from."""
    return len(answer.values) if weights is None else round(1 / float((weights**2).sum()))


def _span(answer: Answer, draws: int, language: Language) -> Phrase:
    """Return the median and the ranges of an answer, the unit where a reader needs it."""
    asked = answer.asked
    found = [value for value in answer.quantiles.values() if value is not None]

    def shown(percent: int, unit: str = "1") -> Said:
        value = answer.quantiles[percent]
        if value is None:
            return language.word("no day" if asked.form == "first" else "no bound")
        return words.figure(value, min(found), max(found), unit, language, f"{asked.id}.p{percent}")

    never = words.chance(answer.never, draws, language, f"{asked.id}.never")
    if asked.form == "first" and answer.quantiles[50] is None:  # "median never, 50 % range never to never" says the same three times
        reached = [
            language.say("reached", part=words.share(part / 100, language), value=shown(part, asked.unit))
            for part in (5, 25)
            if answer.quantiles[part] is not None
        ]
        return joined([language.say("mostly never", share=never), *reached])
    ends = {"middle": shown(50, asked.unit), "lower": shown(25), "upper": shown(75), "low": shown(5), "high": shown(95, asked.unit)}
    span = language.say("span", **ends)
    return language.say("span with never", span=span, share=never) if answer.never > 0 and asked.form == "first" else span
