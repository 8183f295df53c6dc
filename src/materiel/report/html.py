"""The report: key judgements first, then what they rest on."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from materiel import disk
from materiel.analysis import observing, words
from materiel.analysis.lineage import Cited, Why, cite, instead
from materiel.analysis.observing import Watch, Worth
from materiel.analysis.questions import Answer
from materiel.analysis.reliability import Bin
from materiel.analysis.scoring import Scored
from materiel.analysis.tornado import Tornado, answered
from materiel.case.checks import anachronisms, unheard
from materiel.case.model import Case
from materiel.errors import RunError
from materiel.evidence.pooling import Prior
from materiel.evidence.records import Claim, Source
from materiel.evidence.vocabulary import Scale
from materiel.network import Program
from materiel.report import charts, diagram, outcomes, priors, reliability, tornado
from materiel.results import Curve

if TYPE_CHECKING:
    from jinja2 import Environment


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

    def why(self, question: str) -> Why: ...  # noqa: D102

    def tornado(self, question: str) -> Tornado: ...  # noqa: D102

    def worth(self, question: str, watch: Watch) -> list[Worth]: ...  # noqa: D102

    def manifest(self) -> dict[str, Any]: ...  # noqa: D102


_MARK = '<meta name="generator" content="materiel">'


@dataclass(frozen=True)
class Assumption:
    """One number of the case as the report lists it."""

    path: str
    span: str
    because: str
    kind: str
    claims: list[tuple[str, float]]


@dataclass(frozen=True)
class Listed:
    """One claim as the report lists it: what the chain knows of it, what else a reader may want, whether a number uses it, and whether its grade is at odds."""

    cited: Cited
    claim: Claim
    source: Source
    used: bool
    at_odds: bool


def write(run: Finished, path: Path) -> Path:
    """Write the report of a run as one HTML file. Raises RunError when it cannot be written, or would overwrite what is no report."""
    text = render(run)
    try:
        if path.exists() and _MARK not in path.read_text(encoding="utf-8", errors="replace"):
            raise RunError(f"{path} is no report of materiel and is left as it is; give another name")
        path.parent.mkdir(parents=True, exist_ok=True)
        disk.replace(path, lambda made: made.write_text(text, encoding="utf-8"))
    except OSError as error:
        raise RunError(f"{path} cannot be written: {error.strerror or error}") from None
    return path


def render(run: Finished) -> str:
    """Return the report of a run as HTML."""
    case = run.case
    answers = list(run.questions.values())
    assumptions = _assumptions(run.program)
    used = {claim for one in assumptions.values() for claim, _ in one.claims}
    shares = [answer.base_share for answer in answers if not math.isnan(answer.base_share)]
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            case=case,
            keys=list(run.keys.values()),
            answers=answers,
            row=functools.partial(_row, scale=case.ledger.scales[0]),
            percent=_percent,
            legend=words.legend(case.ledger.scales[0]),
            whys={answer.asked.id: run.why(answer.asked.id) for answer in answers},
            shifted=instead,
            assumptions=assumptions,
            assumed=priors.chart(case, _uncertain(run.program)),
            figures=_figures(run),
            driven=_driven(run),
            answered=answered,
            watch=observing.watch(case),
            flow=diagram.flow(case),
            claims=_claims(case, used),
            doubted=[(name, claim) for name, claim in case.ledger.claims.items() if claim.doubt],
            late=anachronisms(case),
            unheard=unheard(case),
            defaults=_defaults(run.program),
            base_low=min(shares, default=float("nan")),
            base_high=max(shares, default=float("nan")),
            manifest=run.manifest(),
            worst_law=max(run.laws.values(), default=0.0),
            version=run.manifest()["version"],
        )
    )


def picture(run: Finished, question: str) -> str:
    """Return the fan chart of one question as an SVG file that stands alone. Raises RunError when the question has none."""
    figure = next((figure for figure in _figures(run) if figure["id"] == question), None)
    if figure is None:
        raise RunError(f"question {question!r} has no fan; one of {', '.join(run.curves)}")
    return alone(figure["svg"])


def assumed(run: Finished) -> str:
    """Return every uncertain number of a run as it is assumed, as an SVG file that stands alone."""
    return alone(priors.chart(run.case, _uncertain(run.program)))


def came_out(scored: Sequence[Scored]) -> str:
    """Return how forecasts came out as an SVG file that stands alone."""
    return alone(outcomes.chart(scored))


def reliable(bins: Sequence[Bin], what: str) -> str:
    """Return how often stated probabilities came true as an SVG file that stands alone."""
    return alone(reliability.chart(bins, what))


def alone(svg: str) -> str:
    """Return an SVG element as the text of a file that stands alone, with its styles and a background."""
    style = _environment().get_template("charts.css").render()
    start = svg.index(">") + 1
    background = '<rect width="100%" height="100%" style="fill:var(--paper)"/>'
    return f"{svg[:start]}<style>{style}</style>{background}{svg[start:]}\n"


def _uncertain(program: Program) -> list[Prior]:
    """Return the numbers that differ from draw to draw, each stream once, by its name."""
    whole = {one.stream: one for _, prior in program.priors for one in (prior.mix or (prior,)) if not one.constant}
    return [whole[stream] for stream in sorted(whole)]


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(loader=PackageLoader("materiel.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _figures(run: Finished) -> list[dict[str, Any]]:
    case, made = run.case, list[dict[str, Any]]()
    for name, curve in run.curves.items():
        asked = run.questions[name].asked
        observed = [one for one in case.observations if one.series == asked.observed] if asked.observed else []
        events = {"as of": case.day(case.as_of)}
        if asked.branch.contingency:
            events = {f"{asked.branch.contingency.split('.')[-1]} begins": asked.branch.day}
        made.append(
            {
                "id": name, "text": curve.text, "unit": words.plural(curve.unit).strip(), "svg": charts.fan(case, curve, observed, events),
                "observed": len(observed), "scenario": asked.branch.scenario, "rows": charts.rows(case, curve), "sentence": run.questions[name].sentence,
            }
        )  # fmt: skip
    return made


def _driven(run: Finished) -> list[dict[str, Any]]:
    """Return what would change each key answer: its drivers as a picture, and what observations would be worth to it."""
    watch, made = observing.watch(run.case), list[dict[str, Any]]()
    for name in run.keys:
        about = run.tornado(name)
        if about.bars:
            made.append({"about": about, "svg": tornado.chart(about), "worth": run.worth(name, watch)})
    return made


def _row(answer: Answer, scale: Scale) -> list[str]:
    """Return the cells of one answer in the table of all: text, quantiles, probability, share of doubt that rests on bases."""
    found = [value for value in answer.quantiles.values() if value is not None]
    low, high = (min(found), max(found)) if found else (0.0, 0.0)
    missing = "never" if answer.asked.form == "first" else "without bound"
    cells = [missing if value is None else words.number(value, low, high, "") for value in answer.quantiles.values()]
    probability = ""
    if answer.probability is not None and answer.asked.threshold is not None:
        side, bound = answer.asked.threshold
        said = words.said(answer.probability, len(answer.values), scale)
        probability = f"{said} {side} {words.number(bound, bound, bound, '')}"
    share = "" if math.isnan(answer.base_share) else _percent(answer.base_share)
    return [answer.asked.text, words.plural(answer.asked.unit).strip(), *cells, probability, share]


def _assumptions(program: Program) -> dict[str, Assumption]:
    """Return what the case assumes, by stream: a shared number once, a mix by its weights."""
    whole = [one for _, prior in program.priors for one in (prior.mix or (prior,))]
    return {prior.stream: _assumption(prior) for prior in whole if prior.kind not in ("definition", "default")}


def _assumption(prior: Prior) -> Assumption:
    said = {claim: part.weight for part in prior.parts for claim in part.claims}
    return Assumption(prior.stream, prior.said, prior.because, prior.kind, sorted(said.items()))


def _claims(case: Case, used: set[str]) -> list[Listed]:
    """Return every claim known by the day, those that a number uses first, by the day they were known."""
    ledger = case.ledger
    order = sorted(ledger.claims, key=lambda name: (name not in used, ledger.claims[name].known))
    return [
        Listed(cite(ledger, case.rule, name), ledger.claims[name], ledger.sources[ledger.claims[name].source], name in used, ledger.grade(name).at_odds) for name in order
    ]  # fmt: skip


def _defaults(program: Program) -> int:
    return sum(prior.kind == "default" for _, prior in program.priors)
