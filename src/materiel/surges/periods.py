"""Periods as people write them, and rates over them."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

DAYS_OF_A_MONTH = 365.25 / 12
"""What a month is where lengths are compared."""

ALLOWED = "2023-05, 2023-Q2, 2023-H1, 2023, 2023-05-31, or two of them as FIRST/LAST"
"""Every way to write a period."""

_FORMS = {re.compile(r"(\d{4})"): 12, re.compile(r"(\d{4})-H([12])"): 6, re.compile(r"(\d{4})-Q([1-4])"): 3, re.compile(r"(\d{4})-(0[1-9]|1[0-2])"): 1}
"""How a year, a half-year, a quarter and a month are written, with their length in months."""
_PER = {"day": 1.0, "week": 7.0, "month": DAYS_OF_A_MONTH, "quarter": 3 * DAYS_OF_A_MONTH, "half-year": 6 * DAYS_OF_A_MONTH, "year": 12 * DAYS_OF_A_MONTH}
"""Days of what a rate may be said per."""


@dataclass(frozen=True, order=True)
class Period:
    """A stretch of days: from `start` to before `end`; `text` is how it was written."""

    start: datetime.date
    end: datetime.date
    text: str

    @property
    def months(self) -> float:
        """How long it is."""
        return (self.end - self.start).days / DAYS_OF_A_MONTH

    @property
    def middle(self) -> float:
        """Its middle, in months since the first day of the calendar."""
        return (self.start.toordinal() + self.end.toordinal()) / 2 / DAYS_OF_A_MONTH


def read(text: str) -> Period:
    """Return the period that a text names. Raises ValueError when it names none, or one that ends before it starts."""
    first, apart, last = text.strip().replace("..", "/").partition("/")
    start, end = _bounds(first.strip())
    if apart:
        _, end = _bounds(last.strip())
    if end <= start:
        raise ValueError(f"{text.strip()!r} ends before it starts")
    return Period(start, end, text.strip())


def _bounds(text: str) -> tuple[datetime.date, datetime.date]:
    for form, length in _FORMS.items():
        if found := form.fullmatch(text):
            year, part = int(found[1]), int(found[2]) if form.groups > 1 else 1
            return _month(year, (part - 1) * length), _month(year, part * length)
    try:
        day = datetime.date.fromisoformat(text if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else "")
        return day, day + datetime.timedelta(days=1)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is no period") from None


def _month(year: int, months: int) -> datetime.date:
    """Return the first day of the month that is so many months after January of a year."""
    try:
        return datetime.date(year + months // 12, months % 12 + 1, 1)
    except ValueError:
        raise ValueError(f"{year} is no year of the calendar") from None


def per(unit: str) -> float | None:
    """Return over how many days a unit such as `rounds/month` counts, or None where it is an amount of each period."""
    _, apart, last = unit.rpartition("/")
    return _PER.get(last.strip().removesuffix("s")) if apart else None


def rate(quantity: float, unit: str, period: Period) -> float:
    """Return a quantity as a rate a month: amounts are spread over their period."""
    days = per(unit)
    return quantity / period.months if days is None else quantity * DAYS_OF_A_MONTH / days


def quantity(monthly: float, unit: str, period: Period) -> float:
    """Return a rate a month as the quantity of a period: the inverse of `rate`."""
    days = per(unit)
    return monthly * period.months if days is None else monthly * days / DAYS_OF_A_MONTH
