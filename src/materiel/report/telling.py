"""What every section of a report is told from: a finished run, the words of its case, and a language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from materiel.analysis.comparison import Comparison
from materiel.analysis.drivers import Inputs
from materiel.analysis.lineage import Why
from materiel.analysis.observing import Watch, Worth
from materiel.analysis.odds import Standing
from materiel.analysis.questions import Answer
from materiel.analysis.tornado import Tornado
from materiel.case.model import Case
from materiel.case.translation import Texts
from materiel.evidence.vocabulary import Scale
from materiel.language import Language
from materiel.language.phrase import Phrase, Piece, Said
from materiel.network import Program
from materiel.results import Curve

Array = npt.NDArray[np.float64]


class Rivalry(Protocol):
    """What the report needs of rival hypotheses that were weighed."""

    @cached_property
    def standings(self) -> dict[str, Standing]: ...  # noqa: D102
    @cached_property
    def without(self) -> dict[str, dict[str, float]]: ...  # noqa: D102
    @property
    def even(self) -> dict[str, float]: ...  # noqa: D102
    @cached_property
    def evidence(self) -> dict[str, dict[str, float]]: ...  # noqa: D102
    @property
    def alike(self) -> list[tuple[str, str]]: ...  # noqa: D102
    @property
    def doubled(self) -> dict[str, list[str]]: ...  # noqa: D102
    @property
    def hidden(self) -> int: ...  # noqa: D102
    @property
    def moved(self) -> list[str]: ...  # noqa: D102
    @property
    def counted(self) -> int: ...  # noqa: D102
    @property
    def draws(self) -> int: ...  # noqa: D102
    @property
    def left(self) -> dict[str, tuple[dict[str, Array], Array]]: ...  # noqa: D102
    def hangs(self, language: Language, called: Mapping[str, Said]) -> Phrase: ...  # noqa: D102


class Finished(Protocol):
    """What the report needs of a run."""

    @property
    def case(self) -> Case: ...  # noqa: D102
    @property
    def questions(self) -> dict[str, Answer]: ...  # noqa: D102
    @property
    def keys(self) -> dict[str, Answer]: ...  # noqa: D102
    @property
    def curves(self) -> dict[str, Curve]: ...  # noqa: D102
    @property
    def laws(self) -> dict[str, float]: ...  # noqa: D102
    @property
    def program(self) -> Program: ...  # noqa: D102
    @property
    def inputs(self) -> dict[str, Inputs]: ...  # noqa: D102

    def why(self, question: str) -> Why: ...  # noqa: D102

    def tornado(self, question: str, *, language: Language) -> Tornado: ...  # noqa: D102

    def worth(self, question: str, watch: Watch, *, language: Language) -> list[Worth]: ...  # noqa: D102

    def rivals(self) -> Rivalry | str: ...  # noqa: D102

    def manifest(self) -> dict[str, Any]: ...  # noqa: D102


@dataclass(frozen=True)
class Before:
    """What a report is held against: the curves of another run, and, of an earlier edition, what it is called and what happened since; without a label, the run is the baseline of a scenario."""

    curves: Mapping[str, Curve]
    label: str = ""
    since: Comparison | None = None


@dataclass(frozen=True)
class Telling:
    """A run as it is told: in which language, with which words of the case, and since which earlier edition, if there is one."""

    run: Finished
    language: Language
    texts: Texts
    before: Before | None = None

    @property
    def case(self) -> Case:
        """The case."""
        return self.run.case

    @property
    def scale(self) -> Scale:
        """The scale of the words of likelihood: one for the whole report."""
        return self.case.ledger.scales[0]

    @cached_property
    def whys(self) -> dict[str, Why]:
        """The chain of every answer."""
        return {name: self.run.why(name) for name in self.run.questions}

    @cached_property
    def rivals(self) -> Rivalry | str:
        """The rival hypotheses, weighed once for all that is told of them; or why nothing can be said of them."""
        return self.run.rivals()

    @cached_property
    def keys(self) -> Sequence[str]:
        """The key questions."""
        return list(self.run.keys)

    def say(self, key: str, **given: Said | int) -> Phrase:
        """Return a sentence of the catalogue."""
        return self.language.say(key, **given)

    def word(self, key: str, **given: Said | int) -> str:
        """Return a sentence of the catalogue as plain text."""
        return self.language.word(key, **given)

    @property
    def semicolon(self) -> str:
        """What stands between the parts of a list."""
        return self.word("semicolon")

    @property
    def colon(self) -> str:
        """What stands between a thing and what is said of it."""
        return self.word("colon")

    def asked(self, name: str) -> Said:
        """Return what a question asks, in the words of the report."""
        return self.texts.question(name, self.run.questions[name].asked.text)

    def quote(self, text: str, language: str) -> Said:
        """Return a text in the language in which it was written, where that is known and another one."""
        return Piece(text, "foreign", language) if language and language != self.language.name else text
