"""Numbers that a case takes together from documented surges: `ramp: {prior: surges/shell}`.

What is written becomes what it stands for before anything else is read: a reference class for each number, and rank correlations between them. So all that is known of
numbers holds for these as well. Only surges that were over on the day of the case are learned from, unless the case says why not.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection
from typing import Any, cast

from materiel import component
from materiel.case.reading import Key, Text
from materiel.errors import Problem, nearest
from materiel.evidence.ramps import NUMBERS, PAIRS, PLANTS, Ramp, ramps


def expand(text: Text, as_of: datetime.date | None) -> None:
    """Replace priors that set several numbers by what they stand for; problems gather in `text.problems`. What has no sound shape is left to whoever checks shapes."""
    day = as_of or _day(text.data.get("as_of")) or _day(text.data.get("end"))
    kinds = [kind for kind in component.types().values() if kind.joints]
    own = frozenset(_mapping(text.data.get("classes")))
    for actor, sections in _mapping(text.data.get("actors")).items():
        for kind in kinds:
            for name, entry in _mapping(_mapping(sections).get(kind.section)).items():
                for key, joint in kind.joints.items():
                    at: Key = ("actors", actor, kind.section, name)
                    if key not in _mapping(entry):
                        continue
                    raw = _mapping(entry[key])
                    ramp = _chosen(text, raw, day, (*at, key)) if day and isinstance(raw.get("prior"), str) else None
                    mine = [number for number in joint.sets if number not in entry]
                    if ramp and _sound(text):
                        _write(text, ramp, mine, (*at, key), str(raw.get("hindsight", "")), own)
                    else:  # told by now, or when shapes are checked; that its numbers are missing is not told beside it
                        _put(text, at, dict.fromkeys(mine, "as in the ramp"))


def cleared(data: dict[str, Any], at: Key, settings: Collection[str]) -> dict[str, Any]:
    """Return data in which a scenario is about to set what stands at a path: if that is a ramp, without the numbers that it stands for, but for those that the scenario sets.

    In an entry what is given beside a ramp stands; a scenario that sets one means its numbers.
    """
    kind = component.types().get(str(at[-3])) if len(at) == 5 else None
    if kind is None or at[-1] not in kind.joints:
        return data
    path, entry = ".".join(map(str, at[1:-1])), _mapping(data["actors"][at[1]][at[2]][at[3]])
    gone = {number for number in kind.joints[str(at[-1])].sets if f"{path}.{number}" not in settings}
    return _changed(data, at[:-1], {key: value for key, value in entry.items() if key not in gone})


def _sound(text: Text) -> bool:
    """Say whether there is room for what a ramp stands for: what has no sound shape stays as it was written, and is told of."""
    return isinstance(text.data.get("classes", {}), dict) and isinstance(text.data.get("correlations", []), list)


def _chosen(text: Text, raw: dict[str, Any], day: datetime.date, at: Key) -> Ramp | None:
    """Return the ramp that is meant: of the sets of surges that were over by the day, and without what is to be left out, the largest. None after noting a problem."""

    def refuse(key: str, found: str, allowed: str, near: str = "") -> None:
        text.problems.append(Problem(text.place((*at, key)), found, allowed, near))

    prior, plant, without = (str(raw.get(key, default)) for key, default in (("prior", ""), ("plant", "any"), ("without", "")))
    names = sorted({one.name for one in ramps()})
    if prior not in names:
        refuse("prior", f"unknown prior {prior!r}", ", ".join(names), nearest(prior, names))
        return None
    lefts = sorted({one.left for one in ramps()} - {""})
    if without and without not in lefts:
        refuse("without", f"no set of surges is without {without!r}", ", ".join(lefts), nearest(without, lefts))
        return None
    meant = [one for one in ramps() if one.name == prior and one.plant == plant and (not without or one.left == without)]
    over = [one for one in meant if one.known <= day or str(raw.get("hindsight", "")).strip()]
    if not over and plant in PLANTS:
        first = min(one.known for one in meant)
        refuse("prior", f"{prior}: no such surges were over on {day}", f"a day of the case from {first} on, or `hindsight`, in a few words")
    return max(over, key=lambda one: one.surges) if over else None


def _write(text: Text, ramp: Ramp, mine: list[str], at: Key, hindsight: str, own: Collection[str]) -> None:
    """Write the reference classes of a ramp, give them to some numbers of the entry in which it stands at `at`, and correlate these; `own` are the names of the case's classes."""
    group = "/".join(filter(None, (ramp.name, ramp.plant, ramp.left and f"without {ramp.left}")))
    spot = text.spot.down(at)[-1]
    classes = dict(_mapping(text.data.get("classes")))
    for number in NUMBERS:
        if f"{group}/{number}" in own:
            text.problems.append(
                Problem(text.place(("classes", f"{group}/{number}")), f"class {group}/{number} of the case", "another name: that of a documented ramp is taken")
            )
        percentiles: dict[str, Any] = {f"p{percent}": value for percent, value in ramp.percentiles[number].items()}
        unit = {"unit": NUMBERS[number]} if NUMBERS[number] else {}
        classes[f"{group}/{number}"] = {"base": percentiles | unit, "because": _because(ramp, hindsight)}
        text.spot = text.spot.changed(("classes", f"{group}/{number}"), spot)
    path = ".".join(map(str, at[1:-1]))
    pairs = [(one, other) for one, other in PAIRS if one in mine and other in mine]
    together = [{"between": [f"{path}.{one}", f"{path}.{other}"], "rank": ramp.ranks[one, other], "because": "as in documented surges"} for one, other in pairs]
    text.data = text.data | {"classes": classes, "correlations": [*_list(text.data.get("correlations")), *together]}
    for number in mine:
        text.spot = text.spot.changed((*at[:-1], number), spot)
    _put(text, at[:-1], {number: {"base": {"class": f"{group}/{number}"}} for number in mine})


def _put(text: Text, at: Key, numbers: dict[str, Any]) -> None:
    """Put numbers into the entry at a path; what is beside the path is shared with the data as they were."""
    here = text.data
    for step in at:
        here = here[step]
    text.data = _changed(text.data, at, here | numbers)


def _changed(data: dict[Any, Any], at: Key, entry: dict[str, Any]) -> dict[Any, Any]:
    """Return data in which another entry stands at a path; what is beside the path is shared."""
    return data | {at[0]: _changed(data[at[0]], at[1:], entry)} if at else entry


def _because(ramp: Ramp, hindsight: str) -> str:
    kind = "" if ramp.plant == "any" else f", for a {ramp.plant} plant"
    left = f", those of {ramp.left} left out" if ramp.left else ""
    return f"every documented surge over by {ramp.known}{left}: {ramp.surges} series{kind} (library of surges)" + (
        f"; in hindsight: {hindsight}" if hindsight else ""
    )


def _day(raw: object) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(str(raw))
    except ValueError:
        return None


def _mapping(raw: object) -> dict[str, Any]:
    return cast("dict[str, Any]", raw) if isinstance(raw, dict) else {}


def _list(raw: object) -> list[Any]:
    return cast("list[Any]", raw) if isinstance(raw, list) else []
