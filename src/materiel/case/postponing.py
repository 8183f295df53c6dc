"""A contingency that begins on another day than its questions say: all that is asked of it moves along."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping

from materiel.case.schema import Question

_BRANCH = re.compile(r"\s*(\S+) on (\d{4}-\d{2}-\d{2})\s*$")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}$")
_INSTEAD = " (begins on {} instead)"
_MOVED = re.compile(r" \(begins on (\d{4}-\d{2}-\d{2}) instead\)$")


def begins(asked: Mapping[str, Question], contingency: str) -> datetime.date | None:
    """Return the first day on which questions let a contingency begin, by its name; None where none asks of it."""
    return min((day for one in asked.values() if (day := _day(one, contingency))), default=None)


def postponed(asked: Mapping[str, Question], contingency: str, to: datetime.date) -> dict[str, Question]:
    """Return questions with those of a contingency moved so that it begins, where they let it begin first, on the day `to`. Raises OverflowError beyond the calendar."""
    first = begins(asked, contingency)
    if first is None or first == to:
        return dict(asked)
    return {name: _moved(one, contingency, day, to - first) if (day := _day(one, contingency)) else one for name, one in asked.items()}


def window(asked: Mapping[str, Question], contingency: str, start: datetime.date, end: datetime.date) -> tuple[datetime.date, datetime.date]:
    """Return the first and last day on which a contingency that questions ask of may begin, so that all days that they name lie between `start` and `end`."""
    first = begins(asked, contingency)
    assert first is not None
    one_day = datetime.timedelta(days=1)
    earliest, latest = [start], list[datetime.date]()
    for one in asked.values():
        day = _day(one, contingency)
        if day is None:
            continue
        named = [when for when in (day, one.at, one.start) if when is not None]
        earliest.append(start + (first - min(named)))
        latest.append(min(end - one_day + (first - max(named)), end + (first - one.end) if one.end else end))
    return max(earliest), min(latest)


def _day(one: Question, contingency: str) -> datetime.date | None:
    """Return the day on which a question lets a contingency begin, or None."""
    found = _BRANCH.match(one.branch)
    try:
        return datetime.date.fromisoformat(found[2]) if found and found[1] == contingency else None
    except ValueError:  # told when questions are prepared
        return None


def moved_to(text: str) -> datetime.date | None:
    """Return the day on which what a text speaks of begins instead of when it says; None for the text of a question that was not moved."""
    found = _MOVED.search(text)
    return datetime.date.fromisoformat(found[1]) if found else None


def _moved(one: Question, contingency: str, day: datetime.date, by: datetime.timedelta) -> Question:
    """Return a question with its days moved; its words may name the old ones, and so they say that it is another."""
    moved = day + by
    days = {key: when + by for key in ("at", "start", "end") if (when := getattr(one, key)) is not None}
    threshold = {side: _later(raw, by) for side, raw in one.threshold.items()} if one.threshold else None
    said = {
        key: f"{_MOVED.sub('', text)}{_INSTEAD.format(moved)}" for key in ("text", "judgement", "fan") if (text := getattr(one, key)) and isinstance(text, str)
    }
    return one.model_copy(update={**days, **said, "branch": f"{contingency} on {moved}", "threshold": threshold})


def _later(raw: object, by: datetime.timedelta) -> object:
    """Return a bound moved if it is a day."""
    try:
        return (datetime.date.fromisoformat(raw) + by).isoformat() if isinstance(raw, str) and _DAY.match(raw) else raw
    except ValueError:
        return raw
