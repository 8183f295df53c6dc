"""Numbers that a case takes together from documented surges: `ramp: {prior: surges/shell}`.

What is written becomes what it stands for before anything else is read: a reference class for each number, and rank correlations between them. So all that is known of
numbers holds for these as well. Only surges that were over on the day of the case are learned from, unless the case says why not.
"""

from __future__ import annotations

import datetime
from typing import Any, cast

from materiel import component
from materiel.case.reading import Key, Text
from materiel.errors import Problem, nearest
from materiel.evidence.ramps import NUMBERS, PAIRS, PLANTS, Ramp, ramps


def expand(text: Text, as_of: datetime.date | None) -> None:
    """Replace priors that set several numbers by what they stand for; problems gather in `text.problems`. What has no sound shape is left to whoever checks shapes."""
    day = as_of or _day(text.data.get("as_of")) or _day(text.data.get("end"))
    kinds = [kind for kind in component.types().values() if kind.joints]
    for actor, sections in _mapping(text.data.get("actors")).items():
        for kind in kinds:
            for name, entry in _mapping(_mapping(sections).get(kind.section)).items():
                for key, joint in kind.joints.items():
                    at: Key = ("actors", actor, kind.section, name)
                    raw = _mapping(_mapping(entry).get(key))
                    ramp = _chosen(text, raw, day, (*at, key)) if day and isinstance(raw.get("prior"), str) else None
                    if ramp:
                        _write(text, ramp, raw, joint.sets, at, key)


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


def _write(text: Text, ramp: Ramp, raw: dict[str, Any], sets: tuple[str, ...], at: Key, key: str) -> None:
    """Write a reference class for each number that the entry does not give itself, and their correlations."""
    actor, section, name = cast("tuple[str, str, str]", at[1:])
    entry = text.data["actors"][actor][section][name]
    mine = [number for number in sets if number not in entry]
    group = "/".join(filter(None, (ramp.name, ramp.plant, ramp.left and f"without {ramp.left}")))
    spot = text.spot.down((*at, key))[-1]
    classes = dict(_mapping(text.data.get("classes")))
    for number in mine:
        percentiles = {f"p{percent}": value for percent, value in ramp.percentiles[number].items()} | ({"unit": NUMBERS[number]} if NUMBERS[number] else {})
        classes[f"{group}/{number}"] = {"base": percentiles, "because": _because(ramp, str(raw.get("hindsight", "")))}
        text.spot = text.spot.changed(("classes", f"{group}/{number}"), spot)
        text.spot = text.spot.changed((*at, number), spot)
    path = f"{actor}.{section}.{name}"
    pairs = [(one, other) for one, other in PAIRS if one in mine and other in mine]
    correlations = [*_list(text.data.get("correlations")), *({"between": [f"{path}.{one}", f"{path}.{other}"], "rank": ramp.ranks[one, other], "because": "as in documented surges"} for one, other in pairs)]
    written = entry | {number: {"base": {"class": f"{group}/{number}"}} for number in mine}
    actors = text.data["actors"]
    changed = actors | {actor: actors[actor] | {section: actors[actor][section] | {name: written}}}
    text.data = text.data | {"actors": changed, "classes": classes, "correlations": correlations}


def _because(ramp: Ramp, hindsight: str) -> str:
    kind = "" if ramp.plant == "any" else f", for a {ramp.plant} plant"
    left = f", those of {ramp.left} left out" if ramp.left else ""
    return f"every documented surge over by {ramp.known}{left}: {ramp.surges} series{kind} (library of surges)" + (f"; in hindsight: {hindsight}" if hindsight else "")


def _day(raw: object) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(str(raw))
    except ValueError:
        return None


def _mapping(raw: object) -> dict[str, Any]:
    return cast("dict[str, Any]", raw) if isinstance(raw, dict) else {}


def _list(raw: object) -> list[Any]:
    return cast("list[Any]", raw) if isinstance(raw, list) else []
