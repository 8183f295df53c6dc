"""The ledger of a case: made from what its files say, checked, its problems placed where they were written."""

from __future__ import annotations

import datetime
import math
import re
from typing import Any

from materiel import units
from materiel.case.reading import Row, Text
from materiel.errors import CaseError, Problem, nearest
from materiel.evidence import checks, correlation, vocabulary
from materiel.evidence.checks import Finding
from materiel.evidence.correlation import Pair
from materiel.evidence.correlation import Row as Mixture
from materiel.evidence.ledger import Ledger
from materiel.evidence.records import Claim, Observation
from materiel.quantities import NUMBER, QuantityError, read

SECTIONS = ("publishers", "sources", "origins", "claims", "scales")
"""Sections of a case that its ledger is made from."""
DAYS = re.compile(r"\d{4}-\d{2}-\d{2}( to \d{4}-\d{2}-\d{2})?")


def whole(text: Text, model: Any) -> Ledger:
    """Return the whole ledger of a case, nothing hidden; its problems gather in `text.problems`."""
    ledger = Ledger.of(model.publishers, model.sources, model.origins, model.claims, _scales(text, model.scales))
    today = datetime.datetime.now(tz=datetime.UTC).date() + datetime.timedelta(days=1)  # somewhere it is tomorrow already
    found = [*checks.problems(ledger, today), *checks.circles(ledger)]
    told = len(text.problems)
    for name, claim in ledger.claims.items():
        _check_value(text, name, claim)
    text.problems += [_problem(text, one) for one in found]
    if len(text.problems) == told:  # conversions are worked out on sound claims only
        text.problems += [_problem(text, one) for one in checks.conversions(ledger)]
    return ledger


def remarks(text: Text, ledger: Ledger) -> tuple[Problem, ...]:
    """Return what is allowed in a sound ledger and yet odd."""
    return tuple(sorted(_problem(text, one) for one in checks.remarks(ledger)))


def mixing(text: Text, model: Any) -> dict[str, Mixture]:
    """Return how the scores of correlated numbers are mixed, by stream; problems gather in `text.problems`."""
    pairs: list[Pair] = []
    for i, one in enumerate(model.correlations):
        place = text.place(("correlations", i, "between"))
        if len(one.between) != 2:
            text.problems.append(Problem(place, f"{len(one.between)} numbers", "two: a rank correlation is stated pair by pair"))
            continue
        pairs.append(Pair(one.between[0], one.between[1], one.rank, place))
    try:
        return correlation.rows(pairs)
    except CaseError as error:
        text.problems += error.problems
        return {}


def observations(text: Text, rows: list[Row], ledger: Ledger) -> list[Observation]:
    """Return the observations of a case; problems gather in `text.problems`."""
    made: list[Observation] = []
    for row in rows:
        try:
            one = _observation(row)
        except QuantityError as error:
            text.problems.append(Problem(row.place(error.key), f"{error.key}: {error.found}", error.allowed, error.nearest))
            continue
        made.append(one)
        if one.source not in ledger.sources:
            near = nearest(one.source, list(ledger.sources))
            text.problems.append(Problem(row.place("source"), f"unknown source {one.source!r}", "an id of sources", near))
        if one.origin and one.origin not in {*ledger.origins, *ledger.claims}:
            near = nearest(one.origin, [*ledger.origins, *ledger.claims])
            text.problems.append(Problem(row.place("origin"), f"unknown origin {one.origin!r}", "an id of origins or of claims", near))
    return made


def _scales(text: Text, chosen: list[str]) -> tuple[vocabulary.Scale, ...]:
    """Return the scales that a case reads; of one language there can be one, lest a word has two meanings."""
    made: list[vocabulary.Scale] = []
    for i, name in enumerate(chosen):
        place = text.place(("scales", i))
        try:
            scale = vocabulary.load(name)
        except vocabulary.UnknownScaleError as error:
            text.problems.append(Problem(place, error.found, error.allowed, error.nearest))
            continue
        rival = next((one for one in made if one.language == scale.language), None)
        if rival:
            text.problems.append(Problem(place, f"scales {rival.name!r} and {name!r} are both of language {scale.language!r}", "one scale a language"))
            continue
        made.append(scale)
    if made and not made[0].partition:
        text.problems.append(Problem(text.place(("scales", 0)), f"scale {made[0].name!r} has no word for every probability", "a scale for the report first"))
    return tuple(made)


def _check_value(text: Text, name: str, claim: Claim) -> None:
    """Refuse a value or level that no number could use; whether it suits the numbers that name it is seen there."""
    for key, said in (("value", claim.value), ("level", claim.level)):
        if said is None or DAYS.fullmatch(str(said)):
            continue
        try:
            units.base(read(said)[1])
        except (QuantityError, units.UnitError) as error:
            found, allowed = (error.found, error.allowed) if isinstance(error, QuantityError) else (str(error), "a known unit")
            at = error.at if isinstance(error, QuantityError) else ()
            text.problems.append(Problem(text.place(("claims", name, key, *at)), f"{key}: {found}", allowed, error.nearest))


def _problem(text: Text, one: Finding) -> Problem:
    return Problem(text.place(one.at, key=one.key), one.found, one.allowed, one.nearest)


def _observation(row: Row) -> Observation:
    cells = row.cells

    def number(column: str) -> float | None:
        raw = cells.get(column, "").strip()
        if not raw:
            return None
        if not re.fullmatch(NUMBER, raw) or not math.isfinite(float(raw)):
            raise QuantityError(f"{raw!r} is not a number", "a plain number; the unit stands in `unit`", column)
        return float(raw)

    def day(column: str, raw: str) -> datetime.date:
        try:
            return datetime.date.fromisoformat(raw.strip() if DAYS.fullmatch(raw.strip()) else "")
        except ValueError:
            raise QuantityError(f"{raw!r} is not a day", "a day as YYYY-MM-DD", column) from None

    quantity, lower, upper = number("quantity"), number("lower"), number("upper")
    if quantity is None:
        raise QuantityError("blank", "a number", "quantity")
    if lower is not None and lower > quantity:
        raise QuantityError(f"{lower:g} is above the quantity {quantity:g}", "at most the quantity", "lower")
    if upper is not None and upper < quantity:
        raise QuantityError(f"{upper:g} is below the quantity {quantity:g}", "at least the quantity", "upper")
    try:
        units.base(cells["unit"])
    except units.UnitError as error:
        raise QuantityError(str(error), "a known unit", "unit", error.nearest) from None
    credibility = cells.get("credibility", "").strip() or "6"
    if credibility not in list("123456"):
        raise QuantityError(repr(credibility), "a whole number from 1 to 6", "credibility")
    first, _, last = cells["period"].partition("..")
    start, end = day("period", first), day("period", last or first)
    if end < start:
        raise QuantityError(f"{cells['period']!r} ends before it starts", "START..END", "period")
    known = day("known", cells["known"])
    if known < end:
        raise QuantityError(f"{known} is before the last day of the period", f"{end} or later", "known")
    return Observation(
        series=cells["series"], start=start, end=end, quantity=quantity, lower=lower, upper=upper, unit=cells["unit"], source=cells["source"],
        credibility=int(credibility), known=known,
        published=day("published", cells["published"]) if cells.get("published") else known, note=cells.get("note", ""), origin=cells.get("origin", "").strip(),
        places={column: row.place(column) for column in cells},
    )  # fmt: skip
