"""What the command line prints: judgements, the chain behind an answer as a tree, claims examined, runs side by side."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any

from materiel.analysis import words
from materiel.case.checks import anachronisms, unheard

if TYPE_CHECKING:
    from pathlib import Path

    from rich.table import Table
    from rich.tree import Tree

    from materiel.analysis.comparison import Account, Change, Comparison
    from materiel.analysis.examination import Examined
    from materiel.analysis.frozen import Frozen
    from materiel.analysis.lineage import Cited, Driver, Voice, Why
    from materiel.analysis.observing import Gain
    from materiel.analysis.pairing import Paired
    from materiel.analysis.scoring import Ledger, Scored, Total
    from materiel.analysis.tornado import Bar, End, Index, Tornado
    from materiel.reproduction import Part, Reproduction
    from materiel.solving import Solution
    from materiel.study import Run
    from materiel.watching import Driven
    from materiel.weighing import Weighed

WIDTH = 160
"""Columns of what is printed elsewhere than to a terminal."""


def heading(run: Run) -> str:
    """Return what a reader must know before the judgements: the day, the rules, and what they rest on."""
    case, reading = run.case, run.options.reading
    lines = [f"{case.title}, as of {case.as_of}" + (f", scenario {case.scenario}" if case.scenario else "")]
    shares = [answer.base_share for answer in run.questions.values() if answer.base_share == answer.base_share]
    if shares:
        ends = " to ".join(dict.fromkeys(str(round(100 * share)) for share in (min(shares), max(shares))))
        lines.append(f"Rests on assumptions, not on claims: {ends} % of the doubt that single numbers explain, question by question.")
    told = [f"rules {case.rule.name}"] if reading.rules != reading.plain.rules else []
    told += [f"without {', '.join(reading.drop)}"] if reading.drop else []
    told += ["every claim taken for independent"] if reading.independent else []
    if told:
        lines.append(f"Evidence: {'; '.join(told)}.")
    if cited := unheard(case):
        lines.append(
            f"{len(cited)} assumption{'s give' if len(cited) > 1 else ' gives'} what was dropped as a reason "
            f"and stay{' as they are' if len(cited) > 1 else 's as it is'} ({_few(list(cited), 4)})."
        )
    if case.as_of < case.written:
        late = anachronisms(case)
        lines.append(f"Whatever was known later is hidden: {len(case.whole.claims) - len(case.ledger.claims)} claims. " + hindsight(late))
    if case.undeclared:
        lines.append(f"Draft: {len(case.undeclared)} numbers have neither a base nor a reason.")
    return "\n".join(lines)


def hindsight(late: dict[str, list[str]]) -> str:
    """Return how many assumptions were made with what was known only later, and which."""
    if not late:
        return "No assumption gives a reason that was known only later."
    return f"{len(late)} assumption{'s give' if len(late) > 1 else ' gives'} reasons known only later ({_few(list(late), 4)})."


def judgements(run: Run) -> str:
    """Return the key judgements of a run, one a line."""
    return "\n".join(f"{i}. {sentence}" for i, sentence in enumerate(run.judgements, 1))


def before_and_after(before: Run, after: Run) -> str:
    """Return the key judgements with all evidence under the default rules, and as they are now."""
    lines: list[str] = []
    for i, (name, answer) in enumerate(before.keys.items(), 1):
        lines += [f"{i}. before: {answer.sentence}", f"{' ' * len(str(i))}  after:  {after.questions[name].sentence}"]
    return "\n".join(lines)


def footing(run: Run) -> str:
    """Return how the run was made and how well its laws hold."""
    seconds = ", ".join(f"{name} {value:.2f} s" for name, value in run.seconds.items())
    return f"{run.options.draws} draws, seed {run.options.seed}; laws hold to {max(run.laws.values(), default=0.0):.0e}; {seconds}"


def reproduced(found: Reproduction) -> str:
    """Return whether a run made again is identical, or what differs."""
    numbers = ", ".join(_count(count, kind) for kind, count in found.compared.items())
    lines = [f"{'identical' if found.identical else 'differs'}: run {found.run}, compared bit by bit: {numbers}"]
    lines += [f"  {told}" for told in found.changed]
    lines += [f"  {part.kind} {part.name}: {_apart(part)}" for part in found.differ]
    lines += [f"  made on {what} {before}, now {now}" for what, (before, now) in found.made_on.items()]
    return "\n".join(lines)


def _apart(part: Part) -> str:
    if part.what:
        return part.what
    first = "" if part.count == 1 else f", first the one at {part.first}"
    return f"{part.differ} of {_count(part.count, 'number')}, by at most {part.units:.3g} unit{'' if part.units == 1 else 's'} of the last place ({part.relative:.1g} of the value){first}"


@contextlib.contextmanager
def progress() -> Generator[Callable[[int, int], None]]:
    """Yield what shows how many runs of how many are done, how many a second, and the time left, on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn, TextColumn, TimeRemainingColumn

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Any:
            return _plain("" if task.speed is None else f"{task.speed:,.0f} runs/s")

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), Rate(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("running", total=None)

        def tell(done: int, whole: int) -> None:
            bar.update(task, completed=done, total=whole)

        yield tell


def chain(why: Why) -> None:
    """Print the chain of an answer as a tree."""
    from rich.tree import Tree

    tree = Tree(_plain(f"{why.id}: {why.sentence}"))
    for driver in why.drivers:
        _driver(tree, driver, why)
    told = f"{round(100 * why.explained)} % of its variance is explained by these one by one" if why.drivers else "no single number stands out of the noise"
    told += " (what correlated numbers have in common counts for each)" if why.explained > 1 else ""
    tree.add(_plain(f"{told}; {_count(why.others, 'other number')} {'is' if why.others == 1 else 'are'} uncertain"))
    _print(tree)


def _driver(tree: Tree, driver: Driver, why: Why) -> None:
    told = f"{round(100 * driver.share)} % {driver.number}: {driver.said}; {round(100 * driver.base_share)} % of its own doubt is assumed"
    node = tree.add(_plain(told + (f"; correlated with {', '.join(driver.correlated)}" if driver.correlated else "")))
    for voice in driver.voices:
        _voice(node, voice, driver, why)


def _voice(node: Tree, voice: Voice, driver: Driver, why: Why) -> None:
    from materiel.analysis.lineage import instead

    weight = f"weight {round(100 * voice.weight)} %"
    if not voice.origins:
        for saying in voice.says:
            node.add(_plain(f"{weight}, {'assumed' if driver.kind == 'base' else driver.kind}: {driver.base or saying.said}. {driver.because}"))
        return
    claims = [claim for saying in voice.says for claim in saying.claims]
    branch = node.add(
        _plain(f"{weight}, said by {' and '.join(voice.origins)}" + (f", graded by {voice.graded_by}" if len(claims) > 1 and voice.graded_by else ""))
    )
    for saying in voice.says:
        for claim in saying.claims:
            _claim(branch, claim, heard=saying.said)
        if saying.without:
            branch.add(_plain(f"without {', '.join(claim.id for claim in saying.claims)} alone: {instead(saying.without, why)}"))
    branch.add(_plain(f"without this voice: {instead(voice.without, why) if voice.without else f'{voice.silent}; --exact repeats them without it'}"))


def _claim(node: Tree, claim: Cited, name: str = "", heard: str = "") -> None:
    value = f" ({claim.value})" if claim.value else ""
    told = f", heard as {heard}" if heard else ""
    node = node.add(_plain(f"{name}{claim.id} [{claim.grade}, {claim.kind}, known {claim.known}]: {claim.statement}{value}{told}"))
    node.add(_plain(", ".join(filter(None, (claim.publisher, claim.title, claim.url, "" if claim.seen else "page not seen")))))
    if claim.quote:
        node.add(_plain(f"“{claim.quote}”" + (f" ({claim.translation})" if claim.translation else "")))
    reason = claim.note if claim.kind in ("assumed", "derived") else ""
    for label, words_ in (("hedged: ", claim.hedge), ("worked out as: ", claim.formula), ("reason: ", reason), ("doubt: ", claim.doubt)):
        if words_:
            node.add(_plain(f"{label}{words_}"))
    for label, ids in (("same origin, same thing: ", claim.repeats), ("agrees with: ", claim.agrees), ("contradicts: ", claim.contradicts)):
        if ids:
            node.add(_plain(f"{label}{', '.join(ids)}"))
    for term, other in claim.terms.items():
        _claim(node, other, f"{term} = ")


def driven(found: Driven) -> None:
    """Print what moves an answer, and which observation would shrink its doubt most."""
    about = found.tornado
    _print(_plain(f"{about.id}: {about.sentence}"))
    if not about.bars:
        _print(_plain(f"no single thing stands out of the noise of {_count(about.draws, 'draw')}"))
    _bars(about, about.bars)
    _print(_plain(f"Of what else is uncertain, {about.others} move it less, or not visibly."))
    if found.mixture:
        _print(_plain(found.mixed))
        _bars(found.mixture, found.beside)
    _print(_plain(found.watched))
    if found.worth:
        titles = ["observation", "doubt shrinks by", "if seen exactly"]
        titles += ["doubt about the threshold" if about.probability is not None else "", "worth to the decision" if found.bar is not None else ""]
        table = _table(*filter(None, titles), f"{about.shown} of the answer if the report is low, if it is high")
        table.show_lines = True
        for one in found.worth:
            name = one.text + (f" ({_count(one.known, 'observation')} of it known)" if one.known else "")
            table.add_row(*map(_plain, (name, *_gains(about, found, one.reported, one.exact), _ends(about, one.ends))))
        _print(table)


def _bars(about: Tornado, bars: Sequence[Bar]) -> None:
    shown = f"{about.shown} of the answer at its lowest, at its highest tenth, or in each of its kinds"
    table = _table("driver", shown, "share of variance", "of distribution")
    table.show_lines = True
    for one in bars:
        moving = f" (correlated with {_few(one.correlated, 3)})" if one.correlated else ""
        table.add_row(*map(_plain, (one.name + moving, _ends(about, one.ends), _index(one.variance), _index(one.distribution))))
    if bars:
        _print(table)


def _gains(about: Tornado, found: Driven, reported: Gain, exact: Gain) -> list[str]:
    told = [_index(reported.answer), _index(exact.answer)]
    told += [_index(reported.threshold)] if about.probability is not None else []
    return told + ([_index(reported.decision)] if found.bar is not None else [])


def _index(one: Index | None) -> str:
    return "" if one is None else f"{max(100 * one.share, 0):.0f} % ± {max(100 * one.error, 0.5):.0f}"


def _ends(about: Tornado, ends: Sequence[End]) -> str:
    from materiel.analysis.tornado import answered

    return "; ".join(f"{end.known}: {answered(about, end)}" for end in ends)


def examined(one: Examined) -> None:
    """Print how a claim stands."""
    from rich.tree import Tree

    tree = Tree(_plain(f"{one.claim} [{one.grade}]: {one.statement}" + (f" “{one.quote}”" if one.quote else "")))
    tree.add(_plain(one.sentence))
    if one.doubt:
        tree.add(_plain(f"doubt: {one.doubt}"))
    tree.add(_plain(f"left out: {', '.join(one.left_out)}"))
    _print(tree)


def side_by_side(comparison: Comparison, everything: bool) -> None:
    """Print runs side by side, key questions only unless `everything`, and what happened between them."""
    from rich.table import Table

    from materiel.analysis.comparison import said

    shown = [row for row in comparison.rows if row.key or everything] or comparison.rows
    table = Table(show_lines=True)
    table.add_column("question")
    for label in comparison.labels:
        table.add_column(label)
    for row in shown:
        table.add_row(_plain(row.text), *(_plain(said(cell, row.unit) if cell else "") for cell in row.cells))
    _print(table)
    for one in comparison.paired:
        _paired(one, everything)
    units = {row.id: (row.text, row.unit) for row in comparison.rows}
    for change in comparison.changes:
        _changed(change, units)


def _paired(one: Paired, everything: bool) -> None:
    """Print two runs draw by draw."""
    from materiel.analysis.pairing import likely, said

    if one.apart:
        _print(_plain(f"{one.second} against {one.first}: {one.apart}"))
        return
    table = _table(f"{one.second} against {one.first}, draw by draw", "difference, or ratio", "higher", "lower", "equal")
    table.show_lines = True
    for pair in [pair for pair in one.pairs if pair.key or everything] or one.pairs:
        told = said(pair.difference, pair.unit) if pair.ratio is None else f"ratio {said(pair.ratio, '1')}"
        table.add_row(*map(_plain, (pair.text, told, *(likely(chance, pair.draws) for chance in (pair.higher, pair.lower, pair.equal)))))
    _print(table)
    reasons = {why: [name for name, other in one.unlike.items() if other == why] for why in one.unlike.values()}
    for why, names in reasons.items():
        _print(_plain(f"not compared, {why}: {_few(names)}"))


def _changed(change: Change, units: dict[str, tuple[str, str]]) -> None:
    from rich.tree import Tree

    if change.differ:
        told = f"{change.before} → {change.after}: not accounted for, since these runs differ in {', '.join(change.differ)}"
        _print(_plain(told))
        return
    arrived = len(change.used) + len(change.unused)
    tree = Tree(_plain(f"{change.before} → {change.after}: {_count(arrived, 'claim')} arrived, {len(change.used)} of which speak of a number; {_count(change.observations, 'observation')}"))  # fmt: skip
    if change.revised:
        tree.add(_plain(f"revised assumptions and decisions: {_few(change.revised)}"))
    if change.regraded:
        tree.add(_plain(f"judged anew: {_few(change.regraded)}"))
    if change.used:
        tree.add(_plain(f"claims that arrived: {_few(change.used, 20)}"))
    for account in change.accounts:
        _account(tree, account, *units[account.question])
    _print(tree)


def _account(tree: Tree, account: Account, text: str, unit: str) -> None:
    from materiel.analysis.comparison import said, said_without

    steps = [("before", account.before), ("with revised assumptions", account.revised), ("with the claims that arrived", account.after)]
    steps = [step for i, step in enumerate(steps) if i == 0 or step[1] != steps[i - 1][1]]
    node = tree.add(_plain(f"{text}: " + "; ".join(f"{name} {said(cell, unit)}" for name, cell in steps)))
    for one in account.arrivals:
        node.add(_plain(f"without {one.origin} ({_few(one.claims)}; on {_few(one.numbers, 3)}): {said_without(one, unit)}"))


def solved(found: Solution) -> None:
    """Print how far a number can go, and the values that show it."""
    _print(_plain(found.sentence))
    table = _table(found.number, "probability", "90 % interval", "")
    for one in found.shown:
        low, high = (f"{100 * end:.1f}" for end in (one.kept.low, one.kept.high))
        cells = (
            found.change.said(one.value, (one.value, one.value)),
            f"{100 * one.kept.probability:.1f} %",
            f"{low} to {high} %",
            "kept" if one.kept.probability >= found.wanted else "",
        )
        table.add_row(*map(_plain, cells))
    _print(table)
    told = "Intervals say what the number of draws leaves open, not what the case does not know: that is in the probability itself."
    _print(_plain(f"{found.draws} draws, seed {found.seed}, the same for every value. {told}"))


def weighed(found: Weighed) -> None:
    """Print how hypotheses stand: what it hangs on first, then each, the evidence, the odds without each source, answers before and after."""
    case, scale = found.case, found.case.ledger.scales[0]
    lines = [f"{case.title}, as of {case.as_of}", found.hangs_on, ""]
    for i, (name, one) in enumerate(sorted(found.standings.items(), key=lambda entry: -entry[1].posterior), 1):
        lines.append(
            f"{i}. {words.said(one.posterior, round(one.evidence.effective), scale)} that {case.hypotheses[name].text}; before: {words.percent(one.prior, 10**6)}."
        )
    _print(_plain("\n".join(lines)))
    _standings(found)
    _left_out(found)
    _expected(found)
    _before_and_after(found)
    _print(_plain("\n".join(found.notes)))


def _standings(found: Weighed) -> None:
    table = _table("hypothesis", "before", "after", "Monte-Carlo error", "strongest evidence for", "strongest evidence against", "draws that count", "k")
    for name, one in found.standings.items():
        best, worst = (_evidence(found, name, side) for side in (1, -1))
        k = "moved" if one.evidence.method == "tempering" else f"{one.evidence.k:.2f}"
        cells = name, f"{one.prior:.1%}", f"{one.posterior:.1%}", f"{one.error:.1%}", best, worst, f"{one.evidence.effective:,.0f}", k
        table.add_row(*map(_plain, cells))
    _print(table)


def _evidence(found: Weighed, name: str, side: int) -> str:
    """Return the origin that speaks loudest for a hypothesis, or against it, with its weight in bits."""
    told = [(side * weight, origin) for origin, weight in found.evidence[name].items() if side * weight > 0.01]
    return f"{found.speaker(max(told)[1])}: {max(told)[0]:.1f} bits" if told else "none"


def _left_out(found: Weighed) -> None:
    table = _table("probability", *found.found)
    rows = {"with everything": {name: one.posterior for name, one in found.standings.items()}}
    rows |= {f"without {found.speaker(origin)}": one for origin, one in found.without.items()}
    rows |= {"with everything, all alike probable before": found.even}
    for label, one in rows.items():
        table.add_row(_plain(label), *(_plain(f"{one[name]:.1%}") for name in found.found))
    _print(table)


def _expected(found: Weighed) -> None:
    table = _table("seen", "days", "counted", *found.found)
    table.title = "What was seen, and what each hypothesis expected of it: the middle, and nine runs in ten"
    for i, one in enumerate(found.rivals.sightings):
        alike = one.first.replace(day=1) == one.last.replace(day=1)
        days = str(one.first) if one.first == one.last else f"{one.first}..{one.last.day:02}" if alike else f"{one.first}..{one.last}"
        count = f"1 {one.unit}" if one.term.seen == 1 else words.number(one.term.seen, one.term.seen, one.term.seen, one.unit)
        what = f"{one.observable}{'' if one.rows else ', other days of the watch'} ({found.speaker(one.origin)})"
        table.add_row(*map(_plain, (what, days, f"{one.term.bound} {count}".strip(), *(rival.span(i) for rival in found.found.values()))))
    _print(table)


def _before_and_after(found: Weighed) -> None:
    from materiel.analysis.comparison import said

    table = _table("question", "before", "after")
    for before, after in found.answers.values():
        table.add_row(_plain(before.asked.text), *(_plain(said(found.cell(answer, after=answer is after), before.asked.unit)) for answer in (before, after)))
    _print(table)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _few(names: Sequence[str], most: int = 8) -> str:
    """Return names in a row, the first ones if there are many."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _plain(text: str) -> Any:
    """Return text in which nothing is markup: what a case says is never more than words."""
    from rich.text import Text

    return Text(text)


def _print(what: object) -> None:
    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False).print(what)


def frozen(path: Path, said: Frozen) -> str:
    """Return what was frozen, and where."""
    made = f"made on {said.made}: a hindcast" if said.hindcast else f"made on {said.made}"
    lines = [f"{path}: {_count(len(said.questions), 'question')} of {said.case} as of {said.as_of}, {made}; {said.draws} draws, seed {said.seed}"]
    for number, one in enumerate(said.questions.values(), 1):
        low, middle, high = one.at(0.05), one.at(0.5), one.at(0.95)
        lines.append(f"{number}. {one.text} ({one.day}): {_range(middle, (low, high), one.unit)}")
    return "\n".join([*lines, f"seal {said.seal}; commit the file or publish the seal, so that others can tell that it was there before"])


def scored(found: Ledger) -> None:
    """Print how forecasts came out, how they did beside naive ones, and what is open."""
    from materiel.analysis.scoring import MODEL

    when = [f"{name}, as of {said.as_of}" + (f", a hindcast made on {said.made}" if said.hindcast else "") for name, said in found.forecasts.items()]
    _print(_plain(f"{found.case} on {found.day}: {_count(len(found.scored), 'question')} came out, {len(found.open)} open. Forecasts: {'; '.join(when)}."))
    if found.scored:
        _print(_plain(found.caution))
        table = _table("question", "forecast: median (90 %)", "came out", "percentile", "CRPS", "naive: CRPS")
        table.show_lines = True
        for one in found.scored:
            own, others = one.marks[MODEL], sorted((marks.crps, who) for who, marks in one.marks.items() if who != MODEL)
            rivals = "\n".join(f"{who} {words.number(crps, crps, crps, '')}" for crps, who in others)
            table.add_row(*map(_plain, (f"{one.text} ({one.day})", _range(own.median, own.ranges[90], one.unit), _outcome(one), f"{100 * own.percentile:.0f}", words.number(own.crps, own.crps, own.crps, one.unit), rivals)))  # fmt: skip
        for one in (table, _forecasters(found), _groups(found)):
            _print(one)
    for waiting in found.open:
        _print(_plain(f"open: {waiting.text} ({waiting.forecast}): {waiting.reason}"))


def _forecasters(found: Ledger) -> Table:
    """Return how the forecast and every naive one did over all questions."""
    from materiel.analysis.scoring import MODEL

    table = _table(
        "forecast", "forecaster", "n", "CRPS of logarithms", "the forecast's, same n", "log score", "Brier", "in 50 %", "in 90 %", "forecast nearer in"
    )
    for one in found.totals:
        if one.by == "all":
            own = "" if one.forecast_crps_log is None else f"{one.forecast_crps_log:.3g}"
            cells = _scores(one)
            table.add_row(*map(_plain, (one.group, one.who, str(one.n), cells[0], own, *cells[1:], "" if one.who == MODEL else f"{one.won} of {one.n}")))
    return table


def _groups(found: Ledger) -> Table:
    """Return how the forecast did by item, horizon and grade, and which naive one was nearest there on every question."""
    from materiel.analysis.scoring import MODEL

    table = _table("by", "group", "n", "CRPS of logarithms", "log score", "Brier", "in 50 %", "in 90 %", "nearest naive")
    for own in (one for one in found.totals if one.who == MODEL and one.by != "all"):
        near = found.nearest(own)
        table.add_row(*map(_plain, (own.by, own.group, str(own.n), *_scores(own), f"{near.who} {near.crps_log:.3g}" if near else "")))
    return table


def _scores(one: Total) -> tuple[str, ...]:
    means = ("" if score is None else f"{score:.3g}" for score in (one.crps_log, one.log_score))
    brier = "" if one.brier is None else f"{one.brier:.3g} (n {one.thresholds})"
    return (*means, brier, f"{one.inside50} of {one.n}", f"{one.inside90} of {one.n}")


def _table(*titles: str) -> Table:
    from rich.table import Table

    made = Table()
    for title in titles:
        made.add_column(title)
    return made


def _outcome(one: Scored) -> str:
    low, high = one.spread
    told = f"{words.number(one.outcome.value, low, high, one.unit)} by {one.outcome.by.who} ({one.outcome.by.grade})"
    if low < high:
        told += f"; from {words.number(low, low, high, '')} to {words.number(high, low, high, '')} by {_count(len(one.outcome.figures), 'figure')}, CRPS {words.number(one.crps_spread[0], *one.crps_spread, '')} to {words.number(one.crps_spread[1], *one.crps_spread, '')}"
    return told


def _range(middle: float, ends: tuple[float, float], unit: str) -> str:
    low, high = ends
    return f"{words.number(middle, low, high, '')} ({words.number(low, low, high, '')} to {words.number(high, low, high, unit)})"
