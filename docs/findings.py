"""Write docs/findings/: what the shipped cases say of their evidence, made by running them; the pictures of their numbers with them."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from materiel import units
from materiel.analysis import frozen, odds, words
from materiel.analysis.comparison import Account, Cell, Change, Comparison, said, said_without
from materiel.analysis.examination import MEANING, Examined
from materiel.analysis.frozen import Frozen
from materiel.analysis.questions import Answer
from materiel.analysis.scoring import MODEL, Ledger, Scored, Total, score
from materiel.case.checks import numbers
from materiel.case.model import Case
from materiel.editions import compare
from materiel.evidence import grades
from materiel.evidence.ramps import NUMBERS
from materiel.options import Options, Reading
from materiel.report.html import assumed, came_out, reliable
from materiel.study import Study, load
from materiel.twins import Twins

FOLDER = Path(__file__).parent / "findings"
ARTICLE = "article-2023-08-15"
DRAWS = 4000
TWINS = 200
DAYS = {"dprk-2023": ("2023-06-30", "2023-08-06", "2023-08-15"), "britain-1915": ("1914-12-31", "1915-12-31", "1916-12-31")}
"""The days as of which each case is compared with itself."""
READINGS = {"us-155mm-2022": ("own-ramps", "", "documented-surges"), "britain-1915": ("", "documented-ramps", "documented-surges")}
"""The scenarios by which ranges of a case are held beside those of documented surges; "" is the case as it stands."""
SEEN = {"us-155mm-2022": ("output-2023-08", "us-155mm-projectiles", "2023-08-07"), "britain-1915": ("filled-first", "filled-shell-total", "1915-06-30")}
"""What was told of output by the day of each case: the question that asks it, the series that has it, the last day of its row."""
NEAR = 1.25
"""Factor within which a run is near to what was told."""
MANY = 10000
"""Draws of pages that look at the runs near to something."""

REMARKS = {
    "dprk-2023": """\
**The forecast failed on what mattered.** Of munitions and containers none of nine outcomes lies within its ranges of 50 or 90 %: its medians are
none to some twenty thousand rounds, a twentieth of its weight lies above several hundred thousand, and Seoul speaks of millions. Who had
taken the pace ascribed to Iran (`comparison`) would have been nearer each time on the scale of logarithms, and still some five times too low in
rounds and twenty times in containers; counted in containers, the forecast of what was sent is a little nearer. Weighing the rival readings made it
worse: a fifth of the odds stayed with readings in which nothing is sold. It is a pseudo-hindcast besides: those who made it remembered the period,
and that it failed does not show that they did not. Why it came out so, as far as can be told:

- **The size of the order was a rule without a middle**: from ten wagons to filling Russia's gap, each order of magnitude alike. Half of such a base
  lies below 11,000 tonnes, two shiploads.
- **The one train was heard as a statement about size.** Some 135 tonnes seen going say that an order is at least so large; in the pool they stand as
  a value, and pull the middle from 64,000 tonnes to 11,000. Without it the median by June 2024 would have been four times as high, and still a
  million would have had 6 % ([how the order was derived](../cases/dprk-2023-order.md)).
- **The first day and the ramp.** In 38 % of draws (49 % weighed) nothing had gone by the end of December, while ships were loading in August. The
  months over which an order falls due, and its mix, did the rest.
- **Two plants were shown in four and a half months, and 17 expected**: the tours of August were taken for a new pace. They were a passing season, as
  the comparison had it.

Five questions of aircraft came out as nought, as the forecast said and as anybody would who says *nothing will come*. They flatter every mean over
all questions.

**What came out is itself an estimate.** Seoul counts containers and says how many rounds *would* fit if all of them held shells of 152 mm: 400 to 500
each, where by weight 330 to 430 go in at most. The one public count that starts from weights (74,000 tonnes declared as explosives, August to
January) makes it 1.6 million, half of what Seoul had in February; Kyiv had 1.5 million, and Washington half as many containers again as Seoul. The
spread stands in the tables, and no figure in it would have rescued the forecast: 1.5 million is more than twice the upper end of its range for
February. And n is small: six of the nine rows are one count read twice, the three dates are one process, and all nine rest on one voice.

""".splitlines(),
    "us-155mm-2022": """\
**For the next months the announced figure was better, for the year after it was not.** The Army's own word for the end of 2023, 24,000 to 28,000, was three times
nearer than either forecast, and a trend was nearer as well: the case doubts how fast works grow, and the Army knew what stood on its floor. For the end of
2024 both forecasts were nearer than any naive one, the announced target some five times farther off. The European promise was kept, as a capacity and by the count of
whoever had made it; the model, which asks for rounds made, has it near its upper end.

**That medians lie near what came proves nothing.** Those who built the case knew what came, to the month. What can be seen is that the case as it stands is wide, for it is not
held against the output of its own day; and that weighing it by that output made it narrower and, for the end of 2023, a little worse: output had risen by two thirds
in half a year, so that the weighed runs go on rising, and it rose by a sixth. Four of the seven questions are of what was sent, which is politics, and of Europe; nothing of
the record of surges is in these.

""".splitlines(),
}
"""What a reader of scores must know, by those who looked at them."""


def article(study: Study) -> str:
    """Return the page on the press article that the case dprk-2023 starts from, claim by claim."""
    case = study.case()
    found = study.examine(study.claims(ARTICLE), draws=DRAWS)
    source = case.ledger.sources[ARTICLE]
    counts = {verdict: [one.claim for one in found if one.verdict == verdict] for verdict in MEANING}
    lines = [
        "# The article, claim by claim", "",
        f"Made by `make findings` from `materiel examine dprk-2023 {ARTICLE}`: {case.ledger.publisher(ARTICLE)}, {source.title}, {source.published}, <{source.url}>.",
        f"Each claim is left out with all of its origin; then everything else known by {case.as_of} predicts its quantity ({DRAWS} runs), and the other origins in the",
        "ledger are heard for and against it, each once. The words are those of the program, by rule:", "",
        *(f"- **{verdict}**: {MEANING[verdict]} ({len(ids)}{': ' if ids else ''}{', '.join(ids)})" for verdict, ids in counts.items()), "",
        "| claim | what it says | verdict | surprise |", "|---|---|---|---|",
        *(f"| [{one.claim}](#{one.claim}) | {one.statement} | {one.verdict} | {'' if one.bits is None else f'{one.bits:.1f} bits'} |" for one in found), "",
    ]  # fmt: skip
    return "\n".join(lines) + "\n" + "\n".join(_examined(one) for one in found)


def _examined(one: Examined) -> str:
    lines = [f"## {one.claim}", "", f"{one.statement} ({one.grade})", ""]
    lines += [f"> {one.quote}", ""] if one.quote else []
    lines += [one.sentence, ""]
    lines += [f"Doubt: {one.doubt}", ""] if one.doubt else []
    return "\n".join(lines)


def rules(study: Study) -> str:
    """Return the page that shows how far the key judgements of a case move under other rules of evidence."""
    readings = {f"`--rules {name}`": Reading(rules=name) for name in sorted(grades.rules(), key=lambda name: name != grades.DEFAULT)}
    readings |= {"`--treat-as-independent`": Reading(independent=True)}
    if study.name == "dprk-2023":
        readings |= {
            f"`--drop {ARTICLE}`": Reading(drop=(ARTICLE,)),
            "`--drop rok-mnd`": Reading(drop=("rok-mnd",)),
            "`--drop us-officials`": Reading(drop=("us-officials",)),
        }
    runs = {name: study.again(Options(reading, DRAWS)) for name, reading in readings.items()}
    first = next(iter(runs.values()))
    lines = [
        f"# {study.name}: how far the rules of evidence move it", "",
        f"Made by `make findings`: {DRAWS} runs each, same draws. Medians with 90 % ranges, and the probability of the judgement. What the rules are and why: [rules](../../src/materiel/evidence/rules).", "",
    ]  # fmt: skip
    for name in [name for name, answer in first.questions.items() if answer.asked.key]:
        asked = first.questions[name].asked
        lines += [f"## {asked.text}", "", f"How likely it is that {asked.judgement}:" if asked.judgement else "", ""]
        lines += ["| evidence | median (90 % range) | probability | doubt that rests on assumptions |", "|---|---|---:|---:|"]
        for label, run in runs.items():
            answer = run.questions[name]
            cell = Cell(answer.quantiles, None, DRAWS)
            probability = "" if answer.probability is None else words.percent(answer.probability, DRAWS)
            lines.append(f"| {label} | {said(cell, asked.unit)} | {probability} | {100 * answer.base_share:.0f} % |")
        lines.append("")
    lines += ["## Every number as it is assumed", "", f"![Every uncertain number of the case]({study.name}-numbers.svg)", ""]
    return "\n".join(lines)


def days(case: str) -> str:
    """Return the page that puts runs of a case as of several days side by side and says what made the difference."""
    runs = [load(case).run(draws=DRAWS, as_of=day) for day in DAYS[case]]
    found = compare(runs, [f"{case}@{day}" for day in DAYS[case]])
    return "\n".join([f"# {case} as of several days", "", f"Made by `make findings` from `materiel compare {' '.join(found.labels)}`, {DRAWS} runs each, same draws.", "", *_side_by_side(found)])  # fmt: skip


def _side_by_side(found: Comparison) -> list[str]:
    lines = [f"| question | {' | '.join(label.partition('@')[2] for label in found.labels)} |", f"|---|{'---|' * len(found.labels)}"]
    for row in found.rows:
        text = f"**{row.text}**" if row.key else row.text
        lines.append(f"| {text} | {' | '.join('' if cell is None else said(cell, row.unit) for cell in row.cells)} |")
    names = {row.id: (row.text, row.unit) for row in found.rows}
    for change in found.changes:
        lines += ["", *_change(change, names)]
    return [*lines, ""]


def _change(change: Change, names: dict[str, tuple[str, str]]) -> list[str]:
    first, last = (label.partition("@")[2] for label in (change.before, change.after))
    lines = [
        f"## From {first} to {last}",
        "",
        f"{len(change.used) + len(change.unused)} claims arrived, {len(change.used)} of which speak of a number; {change.observations} observations.",
    ]
    lines += ["", f"Assumptions and decisions that were revised: {_listed(change.revised)}."] if change.revised else []
    lines += ["", f"Sources and claims judged anew: {_listed(change.regraded)}."] if change.regraded else []
    lines += ["", f"Claims that speak of a number: {_listed(change.used)}."] if change.used else []
    for account in change.accounts:
        lines += ["", *_account(account, *names[account.question])]
    return lines


def _account(account: Account, text: str, unit: str) -> list[str]:
    lines = [f"**{text}**", "", f"- before: {said(account.before, unit)}", f"- with revised assumptions: {said(account.revised, unit)}", f"- with the claims that arrived: {said(account.after, unit)}"]  # fmt: skip
    return [*lines, *(f"- without {one.origin} ({_listed(one.claims)}): {said_without(one, unit)}" for one in account.arrivals)]


def surges(name: str) -> str:
    """Return the page that holds how works grow in a case beside documented surges: the numbers, the answers, and those of the runs near to what was told by its day."""
    study, (question, series, day) = load(name), SEEN[name]
    runs = {scenario: study.run(draws=MANY, scenario=scenario) for scenario in READINGS[name]}
    case = study.case()
    told = next(one for one in case.observations if one.series == series and str(one.end) == day)
    titles = [case.scenarios[scenario].text if scenario else "the case as it stands" for scenario in runs]
    asked = runs[""].questions
    seen = told.quantity * units.factor(told.unit, asked[question].asked.unit)
    near = {scenario: np.abs(np.log(run.questions[question].values / seen)) < math.log(NEAR) for scenario, run in runs.items()}
    chosen = [question, *(one for one, answer in asked.items() if answer.asked.key or case.questions[one].resolves)]
    lines = [
        f"# {name}: beside documented surges", "",
        f"Made by `make findings`: {MANY} runs each, same draws, as of {case.as_of}. Medians with 90 % ranges. What is documented, and what it can be used for: [surges](../surges.md).", "",
        *(f"- **{i}**: {title}" + (f" (`--scenario {scenario}`)" if scenario else "") for i, (scenario, title) in enumerate(zip(runs, titles, strict=True), 1)), "",
        "## How works grow", "", *_ramps([study.case(Reading(scenario=scenario)) for scenario in runs]), "",
        "## What follows", "", f"| question | {' | '.join(map(str, range(1, len(runs) + 1)))} |", f"|---|{'---|' * len(runs)}",
        *(_row(asked[one].asked.text, [said(Cell(run.questions[one].quantiles, run.questions[one].probability, MANY), asked[one].asked.unit) for run in runs.values()]) for one in chosen), "",
        "## What follows where runs are near to what was told", "",
        f"By the day of the case one figure was told of this: {words.number(seen, seen, seen, asked[question].asked.unit)} ({asked[question].asked.text}). Runs within a quarter of it:", "",
        f"| question | {' | '.join(f'{i}: {int(here.sum())} runs' for i, here in enumerate(near.values(), 1))} |", f"|---|{'---|' * len(runs)}",
        *(_row(asked[one].asked.text, [_near(runs[scenario].questions[one], here) for scenario, here in near.items()]) for one in chosen), "",
    ]  # fmt: skip
    return "\n".join(lines)


def _row(first: str, cells: Sequence[str]) -> str:
    return f"| {first} | {' | '.join(cells)} |"


def _ramps(cases: Sequence[Case]) -> list[str]:
    """Return a table of what lines aim at, of their delays and of shared factors, as far as they differ between readings of a case."""
    lines = [f"| number | {' | '.join(map(str, range(1, len(cases) + 1)))} |", f"|---|{'---|' * len(cases)}"]
    read = [numbers(case) for case in cases]
    for name in read[0]:
        told = [one[name] for one in read]
        if (name.startswith("shared.") or name.rpartition(".")[2] in NUMBERS) and any(prior.parts != told[0].parts for prior in told):
            unit, scale = ("month", units.factor("day", "month")) if told[0].unit == "day" else ("1", 1.0)
            lines.append(_row(f"`{name}`", [_spread(scale * prior.percentiles([5, 50, 95]), unit) for prior in told]))
    return lines


def _spread(ends: npt.NDArray[np.float64], unit: str) -> str:
    low, middle, high = ends.tolist()
    return words.number(middle, low, high, unit) if low == high else said(Cell({5: low, 50: middle, 95: high}, None, MANY), unit)


def _near(answer: Answer, near: npt.NDArray[np.bool_]) -> str:
    """Return what the runs at which `near` is true answer."""
    values = answer.values[near]
    found = np.quantile(values, [0.05, 0.5, 0.95], method="inverted_cdf").tolist()
    side, bound = answer.asked.threshold or ("", 0.0)
    probability = float(np.mean(values < bound if side == "below" else values > bound)) if side else None
    cell = Cell(dict(zip((5, 50, 95), (value if math.isfinite(value) else None for value in found), strict=True)), probability, len(values))
    return said(cell, answer.asked.unit)


def scores(found: Ledger) -> str:
    """Return the page on how the frozen forecasts of a case came out: every question, every forecaster, every group."""
    lines = [f"# {found.case}: how its forecasts came out", ""]
    lines += [
        f"Made by `make findings` from `materiel score {found.case}`. What the scores are and what they cannot tell: [scores](../scores.md). Lower is better.",
        "",
    ]
    lines += [_frozen(found.case, name, said) for name, said in found.forecasts.items()]
    if found.scored:
        lines += ["", found.caution, "", f"![Forecasts over what came out]({found.case}-scores.svg)", ""]
        lines += [
            "Ranges of 50 and 90 % and the median of each forecast, as factors of what came out; dots are the medians of naive forecasts. Bars at the edge go on beyond it.",
            "",
        ]
        lines += REMARKS.get(found.case, [])
        names = list(dict.fromkeys(one.forecast for one in found.scored))
        for name in names:
            mine = [one for one in found.scored if one.forecast == name]
            lines += [f"## {name}", ""] if len(names) > 1 else []
            lines += [*_questions(mine), "", *_beyond(mine), *_rivals(mine), ""]
        lines += ["## Forecasters", "", "Over all questions that each could say anything of.", ""]
        lines += _totals([one for one in found.totals if one.by == "all"])
        lines += [
            "",
            "## By item, horizon and grade of the source",
            "",
            "The forecast, and the naive forecaster that was nearest on every question of the group.",
            "",
        ]
        groups = [(one, found.nearest(one)) for one in found.totals if one.who == MODEL and one.by != "all"]
        lines += _totals([one for pair in groups for one in pair if one is not None])
    if found.open:
        lines += ["", "## Open", "", *dict.fromkeys(f"- {one.text} (`{one.question}`): {one.reason}" for one in found.open)]
    return "\n".join(lines) + "\n"


def _frozen(case: str, name: str, said: Frozen) -> str:
    made = f"made on {said.made}" + (", a hindcast" if said.hindcast else "")
    note = f" {said.note}" if said.note else ""
    return f"- [`{name}`](../../cases/{case}/forecasts/{name}{frozen.ENDING}): as of {said.as_of}, {made}; {said.basis}, {said.draws} draws, seed {said.seed}.{note}"


def _beyond(scored: Sequence[Scored]) -> list[str]:
    """Return how far what came out lies beyond the range of 90 %, question by question."""
    lines: list[str] = []
    for one in scored:
        low, high = one.marks[MODEL].ranges[90]
        value = one.outcome.value
        if value > high:
            times = "nothing at all" if high == 0 else f"{words.number(value / high, 1, 1, '')} times the upper end, {words.number(high, high, high, one.unit)}"
            lines.append(f"- {one.text}: {times}.")
        elif value < low:
            lines.append(f"- {one.text}: {words.number(value / low, value / low, value / low, '')} of the lower end, {words.number(low, low, low, one.unit)}.")
    return ["What came out, beside the range of 90 % that it missed:", "", *lines, ""] if lines else []


def _questions(scored: Sequence[Scored]) -> list[str]:
    titles = "question | day | forecast: median (90 %) | came out | percentile | in 50, 90 % | CRPS | WIS | CRPS of logarithms | log score"
    lines = [f"| {titles} |", "|---|---|---|---|---:|---|---:|---:|---:|---:|"]
    for one in scored:
        own = one.marks[MODEL]
        low, high = own.ranges[90]
        median = f"{words.number(own.median, low, high, '')} ({words.number(low, low, high, '')} to {words.number(high, low, high, one.unit)})"
        inside = ", ".join("yes" if own.inside[percent] else "no" for percent in (50, 90))
        areas = " | ".join(words.number(value, value, value, "") for value in (own.crps, own.wis))
        logs = " | ".join("" if value is None else f"{value:.2f}" for value in (own.crps_log, own.log_score))
        lines.append(f"| {one.text} | {one.day} | {median} | {_outcome(one)} | {100 * own.percentile:.0f} | {inside} | {areas} | {logs} |")
    return lines


def _outcome(one: Scored) -> str:
    low, high = one.spread
    told = f"{words.number(one.outcome.value, low, high, one.unit)}, {one.outcome.by.who} ({one.outcome.by.grade})"
    heard = len(one.outcome.figures)
    spread = f"; {words.number(low, low, high, '')} to {words.number(high, low, high, '')} by {heard} figure{'s' if heard > 1 else ''}"
    return told + (spread if low < high else "")


def _rivals(scored: Sequence[Scored]) -> list[str]:
    rivals = [who for who in dict.fromkeys(who for one in scored for who in one.marks) if who != MODEL]
    lines = ["CRPS of logarithms of every naive forecast; in bold where it is below the forecast's own.", ""]
    lines += [f"| question | {MODEL} | {' | '.join(rivals)} |", f"|---|---:|{'---:|' * len(rivals)}"]
    return lines + [f"| {one.text} | {' | '.join(_rival(one, who) for who in (MODEL, *rivals))} |" for one in scored]


def _rival(one: Scored, who: str) -> str:
    value, own = (one.marks[name].crps_log if name in one.marks else None for name in (who, MODEL))
    if value is None or own is None:
        return one.absent.get(who, "none stated")
    return f"**{value:.2f}**" if f"{value:.2f}" != f"{own:.2f}" and value < own else f"{value:.2f}"


def _totals(rows: Sequence[Total]) -> list[str]:
    titles = "group | forecaster | n | CRPS of logarithms | the forecast's on the same n | log score | Brier (n) | in 50 % | in 90 % | forecast nearer in"
    lines = [f"| {titles} |", "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|"]
    for one in rows:
        means = " | ".join("" if value is None else f"{value:.2f}" for value in (one.crps_log, one.forecast_crps_log, one.log_score))
        brier = "" if one.brier is None else f"{one.brier:.3f} ({one.thresholds})"
        won = "" if one.who == MODEL else one.won
        lines.append(f"| {one.group} | {one.who} | {one.n} | {means} | {brier} | {one.inside50} | {one.inside90} | {won} |")
    return lines


def twins(case: str, found: Twins, priors: Mapping[str, float]) -> str:
    """Return the page on twins of a case: how often stated probabilities were right, and where the true values of numbers fell."""
    bins = found.reliability()
    right, few = sum(one.inside for one in bins), int((found.effective < odds.FEWEST).sum())
    before = sum(prior**2 for prior in priors.values())
    lines = [
        f"# {case}: are the stated probabilities right?", "",
        f"Made by `make findings`: {TWINS} twins of `materiel weigh {case}`, each weighed by {DRAWS} runs of every reading.", "",
        "A twin is a world in which the truth is known. A reading is picked, as often as its prior says; one run of it is taken for what really happened; then something is seen of that run, with all",
        "the errors that the case declares. The twin is weighed like the real case, by other runs, which are not told what is true. Of everything that was given 30 %, three in ten should",
        "turn out true.", "",
        f"![How often stated probabilities were true]({case}-twins.svg)", "",
        f"Each dot stands for the probabilities of one row of the table, with their number beside it: {len(found.names)} readings in each of {len(found.true)} twins. On the dashed line what was stated is what came true. The bar is chance: were all",
        f"probabilities right, nine dots in ten would lie within their bars. Here {right} of {len(bins)} do.", "",
        "| stated | n | stated on average | true | by chance, nine times in ten |", "|---|---:|---:|---:|---:|",
        *(f"| {100 * one.edges[0]:.0f} to {_percent(one.edges[1])} | {one.count} | {_percent(one.stated)} | {_percent(one.held)} | {100 * one.range[0]:.0f} to {_percent(one.range[1])} |" for one in bins), "",
        f"Before anything is seen the true reading has {_percent(before)} on average, and afterwards {_percent(found.given)}; 100 % would be certainty. So much, and no more, can be learned from what is watched here.", "",
        *_places(found), "",
        "## What this does not show", "",
        "- That the model is right. Twins come from the model; they show that what it assumes is weighed without mistakes, not that what it assumes is true.",
        '- Statements of the kind "at least three". Whoever says so commits to no more, so that there is no law by which such a statement could be made up; in twins the count itself is seen.',
        f"- Twins that few runs come near: in {few} of {len(found.true)} fewer than {odds.FEWEST} runs of some reading count. Of the case itself nothing would be said then; here they are kept, for to leave them out would flatter.", "",
    ]  # fmt: skip
    return "\n".join(lines)


def _places(found: Twins) -> list[str]:
    half, most = found.inside(50), found.inside(90)
    lines = [
        "## Uncertain numbers",
        "",
        "The same is asked of every uncertain number that bears on what is seen: how often did its true value lie within the range that was left for it?",
        "",
    ]
    lines += ["| number | n | within the middle 50 % | within 90 % |", "|---|---:|---:|---:|"]
    lines += [f"| `{stream}` | {len(places)} | {_percent(half[stream])} | {_percent(most[stream])} |" for stream, places in found.places.items()]
    reaches = [1.645 * math.sqrt(share * (1 - share) / len(found.true)) for share in (0.5, 0.9)]
    return [
        *lines,
        "",
        f"Chance alone moves these shares of {len(found.true)} by {_percent(reaches[0])} and {_percent(reaches[1])} either way, nine times in ten.",
    ]


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def main() -> int:
    """Write the pages and return the exit code."""
    FOLDER.mkdir(exist_ok=True)
    pages = {"dprk-2023-article.md": article(load("dprk-2023"))}
    for case in dict.fromkeys((*DAYS, *READINGS)):
        if frozen.files(load(case).case()):
            found = score(case)
            pages |= {f"{case}-scores.md": scores(found), f"{case}-scores.svg": came_out(found.scored)}
    pages |= {f"{case}-surges.md": surges(case) for case in READINGS}
    for case in DAYS:
        study = load(case)
        pages |= {f"{case}-rules.md": rules(study), f"{case}-days.md": days(case), f"{case}-numbers.svg": assumed(study.run(draws=200))}
    weighed = load("dprk-2023").weigh(draws=DRAWS)
    found = weighed.twins(TWINS, DRAWS)
    pages |= {
        "dprk-2023-twins.md": twins("dprk-2023", found, weighed.priors),
        "dprk-2023-twins.svg": reliable(found.reliability(), "How often stated probabilities were true"),
    }
    for name, text in pages.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
