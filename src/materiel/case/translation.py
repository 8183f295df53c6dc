"""What a case says to its readers in a language: a file such as `fr.yaml` beside its other files; `en.yaml` has names for what has only an identifier.

It changes no number: it is no part of the digest of a case, so that forecasts frozen and runs kept before a translation was written stay what they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from pydantic import Field, ValidationError

from materiel import language
from materiel.case import postponing, problems
from materiel.case.model import Case
from materiel.case.reading import read_yaml
from materiel.errors import CaseError, Problem, nearest
from materiel.evidence.records import Record
from materiel.language.phrase import Piece, Said, identifier

WRITTEN_IN = language.DEFAULT
"""The language in which cases are written."""


class Asked(Record):
    """The words of a question."""

    text: str
    """What is asked."""
    judgement: str = ""
    """What its threshold is about."""
    fan: str = ""
    """The title of its chart, where that has one of its own."""


class Translation(Record):
    """The words of a case in another language; what it leaves out is shown in the language of the case."""

    title: str = ""
    """The title."""
    summary: str = ""
    """The summary."""
    questions: dict[str, Asked] = Field(default_factory=dict[str, Asked])
    """Questions, by id."""
    hypotheses: dict[str, str] = Field(default_factory=dict[str, str])
    """Hypotheses, by id."""
    scenarios: dict[str, str] = Field(default_factory=dict[str, str])
    """Scenarios, by id."""
    actors: dict[str, str] = Field(default_factory=dict[str, str])
    """Actors, by id."""
    origins: dict[str, str] = Field(default_factory=dict[str, str])
    """Names of origins, by id."""
    publishers: dict[str, str] = Field(default_factory=dict[str, str])
    """Names of publishers, by id, or as a source has them that names one that is not graded."""
    forecasts: dict[str, str] = Field(default_factory=dict[str, str])
    """Notes of frozen forecasts, by their names."""
    names: dict[str, str] = Field(default_factory=dict[str, str])
    """Names of components by path, and of numbers by path or as `shared.NAME`: directives stand on the time axis of charts, numbers among what drives an answer."""


@dataclass(frozen=True)
class Texts:
    """The words of a case in one language: what is not translated comes in its own, and says so."""

    case: Case
    language: str
    given: Translation

    @property
    def title(self) -> Said:
        """The title of the case."""
        return self._said(self.given.title, self.case.title)

    @property
    def summary(self) -> Said:
        """Its summary, or nothing."""
        return self._said(self.given.summary, self.case.summary)

    def question(self, name: str, text: str) -> Said:
        """Return what a question asks; `text` is that in the words of the case."""
        found = self.given.questions.get(name)
        return self._said(found.text if found else "", text)

    def judgement(self, name: str, text: str) -> Said:
        """Return what the threshold of a question is about."""
        found = self.given.questions.get(name)
        return self._said(found.judgement if found else "", text)

    def fan(self, name: str, text: str) -> Said:
        """Return the title of the chart of a question."""
        found = self.given.questions.get(name)
        return self._said((found.fan or found.text) if found else "", text)

    def hypothesis(self, name: str) -> Said:
        """Return what a hypothesis says."""
        return self._said(self.given.hypotheses.get(name, ""), self.case.hypotheses[name].text)

    def scenario(self, name: str) -> Said:
        """Return what a scenario assumes."""
        return self._said(self.given.scenarios.get(name, ""), self.case.scenarios[name].text)

    def actor(self, name: str) -> Said:
        """Return the name of an actor."""
        return self._said(self.given.actors.get(name, ""), self.case.actors[name])

    def origin(self, name: str) -> Said:
        """Return the name of an origin: what is called so, or the publisher of a source or a claim that is a voice of its own."""
        if name in self.case.whole.sources and name not in self.case.whole.origins:
            return self.publisher(name)
        return self._said(self.given.origins.get(name, ""), self.case.ledger.speaker(name))

    def speaker(self, title: str) -> Said:
        """Return the name of an origin that is known by its title."""
        found = next((one for one, origin in self.case.whole.origins.items() if origin.title == title), "")
        return self._said(self.given.origins.get(found, "") or self._published(title), title)

    def publisher(self, source: str) -> Said:
        """Return the name of the publisher of a source."""
        return self._said(self._published(self.case.whole.sources[source].publisher), self.case.whole.publisher(source))

    def _published(self, said: str) -> str:
        """Return the translation of a publisher that is known by its id or its name; nothing where there is none."""
        found = next((one for one, publisher in self.case.whole.publishers.items() if publisher.name == said), said)
        return self.given.publishers.get(found, "")

    def number(self, stream: str) -> Said:
        """Return the name of a number for people; its identifier where nobody gave it one."""
        found = self.given.names.get(stream)
        return language.load(self.language).spaced(found) if found else identifier(stream)

    def component(self, path: str) -> Said:
        """Return the name of a component for people."""
        return self._said(self.given.names.get(path, ""), path.rsplit(".", maxsplit=1)[-1].replace("-", " "))

    def note(self, forecast: str, text: str) -> Said:
        """Return the note of a frozen forecast; `text` is that in its own words."""
        return self._said(self.given.forecasts.get(forecast, ""), text)

    def own(self, text: str) -> Said:
        """Return a text of the case that nobody translates: a statement, a reason."""
        return self._said("", text)

    def _said(self, translated: str, text: str) -> Said:
        day = postponing.moved_to(text)
        if translated and day is not None:
            spoken = language.load(self.language)
            translated += spoken.word("begins instead", day=spoken.date(day))
        if self.language == WRITTEN_IN or not text:
            return translated or text
        return language.load(self.language).spaced(translated) if translated else Piece(text, "foreign", WRITTEN_IN)


def texts(case: Case, name: str) -> Texts:
    """Return the words of a case in a language. Raises CaseError with every problem of its translation, RunError for a language that there is not."""
    language.load(name)
    path = _file(case, name)
    given = _read(case, path) if path.is_file() else Translation()
    return Texts(case, name, given)


def check(case: Case) -> None:
    """Read every translation of a case. Raises CaseError with every problem of all of them."""
    found: list[Problem] = []
    for name in language.names():
        try:
            texts(case, name)
        except CaseError as error:
            found += error.problems
    if found:
        raise CaseError(found)


def _numbers(case: Case) -> set[str]:
    """Return the numbers of a case by what identifies them."""
    whole = [one for component in case.components.values() for prior in component.priors() for one in (prior.mix or (prior,))]
    return {one.stream for one in [*whole, *case.discrepancies.values(), *(one for weights in case.conversions.values() for one in weights.values())]}


def _file(case: Case, name: str) -> Path:
    folder = case.folder if case.folder.is_dir() else case.folder.parent
    return folder / f"{name}.yaml"


def _read(case: Case, path: Path) -> Translation:
    said = read_yaml(path, path.name)
    try:
        made = Translation.model_validate(said.data)
    except ValidationError as error:
        raise CaseError([*said.problems, *problems.translate(error, Translation, said)]) from None
    frozen = path.parent / "forecasts"  # which a case may be passed on without
    known: dict[str, Iterable[str]] = {
        "questions": case.questions, "hypotheses": case.hypotheses, "scenarios": case.scenarios, "actors": case.actors,
        "origins": case.whole.origins, "publishers": {*case.whole.publishers, *(one.publisher for one in case.whole.sources.values())},
        "forecasts": [one.stem for one in frozen.glob("*.yaml")] if frozen.is_dir() else made.forecasts, "names": [*case.components, *_numbers(case)],
    }  # fmt: skip
    for section, names in known.items():
        for name in cast("Mapping[str, object]", getattr(made, section)):
            if name not in names:
                place = said.place((section, name), key=True)
                said.problems.append(Problem(place, f"unknown {section} {name!r}", f"one of the {section} of the case", nearest(name, list(names))))
    if said.problems:
        raise CaseError(said.problems)
    return made
