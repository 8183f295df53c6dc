"""What is printed of rival hypotheses: how they stand, the evidence, what hangs on each source."""

from __future__ import annotations

from materiel.analysis import words
from materiel.analysis.comparison import said
from materiel.printing.output import plain, show, titled
from materiel.weighing import Weighed


def weighed(found: Weighed) -> None:
    """Print how hypotheses stand: what it hangs on first, then each, the evidence, the odds without each source, answers before and after."""
    case, scale = found.case, found.case.ledger.scales[0]
    lines = [f"{case.title}, as of {case.as_of}", found.hangs_on, ""]
    for i, (name, one) in enumerate(sorted(found.standings.items(), key=lambda entry: -entry[1].posterior), 1):
        lines.append(
            f"{i}. {words.said(one.posterior, round(one.evidence.effective), scale)} that {case.hypotheses[name].text}; before: {words.percent(one.prior, 10**6)}."
        )
    show(plain("\n".join(lines)))
    _standings(found)
    _left_out(found)
    _expected(found)
    _before_and_after(found)
    show(plain("\n".join(found.notes)))


def _standings(found: Weighed) -> None:
    table = titled("hypothesis", "before", "after", "Monte-Carlo error", "strongest evidence for", "strongest evidence against", "draws that count", "k")
    for name, one in found.standings.items():
        best, worst = (_evidence(found, name, side) for side in (1, -1))
        k = "moved" if one.evidence.method == "tempering" else f"{one.evidence.k:.2f}"
        cells = name, f"{one.prior:.1%}", f"{one.posterior:.1%}", f"{one.error:.1%}", best, worst, f"{one.evidence.effective:,.0f}", k
        table.add_row(*map(plain, cells))
    show(table)


def _evidence(found: Weighed, name: str, side: int) -> str:
    """Return the origin that speaks loudest for a hypothesis, or against it, with its weight in bits."""
    told = [(side * weight, origin) for origin, weight in found.evidence[name].items() if side * weight > 0.01]
    return f"{found.speaker(max(told)[1])}: {max(told)[0]:.1f} bits" if told else "none"


def _left_out(found: Weighed) -> None:
    table = titled("probability", *found.found)
    rows = {"with everything": {name: one.posterior for name, one in found.standings.items()}}
    rows |= {f"without {found.speaker(origin)}": one for origin, one in found.without.items()}
    rows |= {"with everything, all alike probable before": found.even}
    for label, one in rows.items():
        table.add_row(plain(label), *(plain(f"{one[name]:.1%}") for name in found.found))
    show(table)


def _expected(found: Weighed) -> None:
    table = titled("seen", "days", "counted", *found.found)
    table.title = "What was seen, and what each hypothesis expected of it: the middle, and nine runs in ten"
    for i, one in enumerate(found.rivals.sightings):
        alike = one.first.replace(day=1) == one.last.replace(day=1)
        days = str(one.first) if one.first == one.last else f"{one.first}..{one.last.day:02}" if alike else f"{one.first}..{one.last}"
        count = f"1 {one.unit}" if one.term.seen == 1 else words.number(one.term.seen, one.term.seen, one.term.seen, one.unit)
        what = f"{one.observable}{'' if one.rows else ', other days of the watch'} ({found.speaker(one.origin)})"
        table.add_row(*map(plain, (what, days, f"{one.term.bound} {count}".strip(), *(rival.span(i) for rival in found.found.values()))))
    show(table)


def _before_and_after(found: Weighed) -> None:
    table = titled("question", "before", "after")
    for before, after in found.answers.values():
        table.add_row(plain(before.asked.text), *(plain(said(found.cell(answer, after=answer is after), before.asked.unit)) for answer in (before, after)))
    show(table)
