"""What is printed of what moves an answer, and of what observations would be worth."""

from __future__ import annotations

from collections.abc import Sequence

from materiel.analysis.observing import Gain
from materiel.analysis.tornado import Bar, End, Index, Tornado, answered
from materiel.printing.output import plain, show, titled
from materiel.printing.phrases import counted, few
from materiel.watching import Driven

BESIDE = 5
"""Drivers over all hypotheses that are shown beside which of them is true."""


def driven(found: Driven) -> None:
    """Print what moves an answer, and which observation would shrink its doubt most."""
    about = found.tornado
    show(plain(f"{about.id}: {about.sentence}"))
    if about.bars:
        _bars(about, about.bars)
    else:
        show(plain(f"no single thing stands out of the noise of {counted(about.draws, 'draw')}"))
    show(plain(f"Of what else is uncertain, {about.others} move it less, or not visibly."))
    if found.mixture is not None:
        _over_all(found.mixture)
    show(plain(watched(found)))
    if found.worth:
        titles = ["observation", "doubt shrinks by", "if seen exactly"]
        titles += ["doubt about the threshold" if about.probability is not None else "", "worth to the decision" if found.bar is not None else ""]
        table = titled(*filter(None, titles), f"{about.shown} of the answer if the report is low, if it is high")
        table.show_lines = True
        for one in found.worth:
            name = one.text + (f" ({counted(one.known, 'observation')} of it known)" if one.known else "")
            table.add_row(*map(plain, (name, *_gains(about, found, one.reported, one.exact), _ends(about, one.ends))))
        show(table)


def _over_all(mixture: Tornado) -> None:
    """Print the answer over all hypotheses; and which of them is true beside what else moves it most, where that stands out."""
    bars = [one for i, one in enumerate(mixture.bars) if i < BESIDE or one.kind == "hypothesis"]
    matters = any(one.kind == "hypothesis" for one in bars)
    told = "" if matters else " Which of them is true does not stand out of the noise."
    show(plain(f"Over all hypotheses by their prior odds, from {counted(mixture.draws, 'draw')}: {mixture.sentence}{told}"))
    if matters:
        _bars(mixture, bars)


def _bars(about: Tornado, bars: Sequence[Bar]) -> None:
    shown = f"{about.shown} of the answer at its lowest, at its highest tenth, or in each of its kinds"
    table = titled("driver", shown, "share of variance", "of distribution")
    table.show_lines = True
    for one in bars:
        moving = f" (correlated with {few(one.correlated, 3)})" if one.correlated else ""
        table.add_row(*map(plain, (one.name + moving, _ends(about, one.ends), _index(one.variance), _index(one.distribution))))
    show(table)


def watched(found: Driven) -> str:
    """Return what counts as an observation worth having."""
    said = f"Observations until {found.until}, reported with credibility {found.credibility} (nine in ten within a factor of {found.factor:g})"
    return said + (f"; a decision that is taken above {100 * found.bar:g} %." if found.bar is not None else ".")


def _gains(about: Tornado, found: Driven, reported: Gain, exact: Gain) -> list[str]:
    told = [_index(reported.answer), _index(exact.answer)]
    told += [_index(reported.threshold)] if about.probability is not None else []
    return told + ([_index(reported.decision)] if found.bar is not None else [])


def _index(one: Index | None) -> str:
    return "" if one is None else f"{max(100 * one.share, 0):.0f} % ± {max(100 * one.error, 0.5):.0f}"


def _ends(about: Tornado, ends: Sequence[End]) -> str:
    return "; ".join(f"{end.known}: {answered(about, end)}" for end in ends)
