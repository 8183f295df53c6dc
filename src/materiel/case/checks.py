"""What a case must not contain although every part of it can be read: one function per rule."""

from __future__ import annotations

from collections.abc import Iterator

from materiel.case.model import Case, Instance, Target
from materiel.case.reading import Key
from materiel.errors import Problem, nearest
from materiel.evidence.ledger import cited
from materiel.evidence.pooling import Prior

ROUNDED = 0.0015
"""How far priors of hypotheses may miss 1: as thirds to three digits do."""


def check_input_cycles(case: Case) -> Iterator[Problem]:
    """Refuse items that are made from themselves, directly or through others."""
    needs: dict[str, set[str]] = {}
    makers: list[tuple[Instance, str, str]] = []
    for one in case.components.values():
        item = one.links.get("item")
        roles = one.type.variables.values()
        if not item or not any(v.role == "source" and not v.of for v in roles):
            continue
        for name in {link for v in roles if v.role == "sink" for link in v.of}:
            made = needs.setdefault(item[0].path, set())
            made.update(own[0].path for target in one.links[name] if (own := case.components[target.path].links.get("item")))
            makers.append((one, item[0].path, name))
    told: set[frozenset[str]] = set()
    for one, made_item, name in makers:
        trail = _trail(needs, made_item, made_item, [made_item])
        if trail and frozenset(trail) not in told:
            told.add(frozenset(trail))
            names = " from ".join(path.split(".")[-1] for path in trail)
            place = case.place((*one.raw, name), key=True)
            yield Problem(place, f"a cycle of inputs: {names}", "items that are not made from themselves")


def _trail(needs: dict[str, set[str]], here: str, goal: str, trail: list[str]) -> list[str]:
    for item in sorted(needs.get(here, set())):
        if item == goal:
            return [*trail, item]
        if item not in trail and (found := _trail(needs, item, goal, [*trail, item])):
            return found
    return []


def check_settings(case: Case) -> Iterator[Problem]:
    """Refuse two directives that set one lever and can be in force together, and acts on what is no lever."""
    setting: dict[tuple[str, str], list[tuple[Instance, str]]] = {}
    for one in case.components.values():
        for name, link in one.type.links.items():
            if not link.moves:
                continue
            for target in one.links[name]:
                place = case.place((*one.raw, name, target.key), key=True)
                problem = _no_lever(case, target)
                if problem:
                    yield Problem(place, *problem)
                elif len(target.numbers) != 1:
                    yield Problem(place, f"{target.key!r}: {len(target.numbers)} acts", "either `multiply` or `set`")
                if "set" in target.numbers:
                    setting.setdefault((target.path, target.variable), []).append((one, target.key))
    for rivals in setting.values():
        for first, (one, _) in enumerate(rivals):
            for other, key in rivals[first + 1 :]:
                if _overlap(one, other):
                    place = case.place((*other.raw, "acts", key), key=True)
                    yield Problem(place, f"{one.path} and {other.path} both set {key!r}", "settings that are never in force together")


def _no_lever(case: Case, target: Target) -> tuple[str, str] | None:
    """Say why an act finds nothing to move, or nothing if it does."""
    owner = case.components[target.path]
    levers = [key for key, p in owner.type.parameters.items() if p.lever]
    if target.variable not in levers:
        return f"{target.key!r} is no lever", f"one of {', '.join(levers) or 'none here'}"
    if owner.numbers[target.variable] is None:
        return f"{target.key!r} is not given, so nothing moves it", f"`{target.variable}` in {owner.path}"
    return None


def _overlap(one: Instance, other: Instance) -> bool:
    def window(directive: Instance) -> tuple[float, float]:
        ends: list[float] = []
        for name, side in (("date", 0), ("until", 1)):
            prior = directive.numbers.get(name)
            if prior is None or not prior.constant or directive.links.get("when"):
                ends.append(float("inf") * (1 if side else -1))
            else:
                ends.append(prior.parts[0].distribution.values[0])
        return ends[0], ends[1]

    (a, b), (c, d) = window(one), window(other)
    return max(a, c) < min(b, d)


def check_bounds(case: Case) -> Iterator[Problem]:
    """Refuse a number whose whole stated range lies above that of what it is part of, such as a war reserve above the stock."""
    for one in case.components.values():
        for part, whole in one.type.not_above:
            low, high = one.numbers.get(part), one.numbers.get(whole)
            if low is not None and high is not None and _least(low) > _most(high):
                what = f"{part} of at least {_least(low):g} above {whole} of at most {_most(high):g}"
                yield Problem(case.place((*one.raw, part)), what, f"{part} within {whole}")


def _least(prior: Prior) -> float:
    return min(part.distribution.values[0] for part in prior.parts)


def _most(prior: Prior) -> float:
    return max(part.distribution.values[-1] for part in prior.parts)


def check_items(case: Case) -> Iterator[Problem]:
    """Refuse deliveries of one item into a store of another, and orders of what the source does not hold."""
    for one in case.components.values():
        item = one.links.get("item")
        for name, link in one.type.links.items():
            if not item or not (link.same_item or (link.sends and link.sends[0][1] == "goods")):
                continue
            for target in one.links.get(name, []):
                other = case.components[target.path].links.get("item")
                if other and other[0].path != item[0].path:
                    what = f"{one.path} handles {item[0].path.split('.')[-1]!r}, {target.path} holds {other[0].path.split('.')[-1]!r}"
                    yield Problem(case.place((*one.raw, name)), what, "one item on both ends")


def check_coefficients(case: Case) -> Iterator[Problem]:
    """Refuse a claim on a resource whose coefficient nobody gave, such as the mass of what a route carries."""
    for one in case.components.values():
        for name, link in one.type.links.items():
            if not link.draws or not one.links.get(name) or not link.coefficient or link.many:
                continue
            owner, wanted = one, link.coefficient
            if link.coefficient not in one.type.parameters:
                prefix, _, wanted = link.coefficient.partition("_")
                owner = case.components[one.links[prefix][0].path]
            if owner.numbers.get(wanted) is None:
                place = case.place((*one.raw, name))
                yield Problem(place, f"{one.path} needs {wanted!r} of {owner.path} to claim {name}", f"`{wanted}` in {owner.path}")


def check_alternatives(case: Case) -> Iterator[Problem]:
    """Refuse what is given twice or not at all, such as an order by quantity and by mass."""
    for one in case.components.values():
        for group, least in [(g, 1) for g in one.type.exactly_one] + [(g, 0) for g in one.type.at_most_one]:
            given = [name for name in group if one.links.get(name) or one.numbers.get(name) is not None]
            if not least <= len(given) <= 1:
                allowed = f"{'exactly' if least else 'at most'} one of {', '.join(group)}"
                found = f"has {' and '.join(given)}" if given else f"has neither {' nor '.join(group)}"
                yield Problem(case.place(one.raw, key=True), f"{one.path} {found}", allowed)


def check_needs(case: Case) -> Iterator[Problem]:
    """Refuse what makes no sense without something else, such as containers without their load."""
    for one in case.components.values():
        for name, needed in one.type.needs:
            if _given(case, one, name) and not any(_given(case, one, other) for other in needed):
                what = f"{one.path} has {name} without {' or '.join(needed)}"
                yield Problem(case.place((*one.raw, name), key=True), what, f"{' or '.join(needed)} as well")


def check_reasons(case: Case) -> Iterator[Problem]:
    """Refuse a reason that cites a claim known only after the day as of which the case was written."""
    for path, at, name in _citations(case):
        if case.whole.claims[name].known > max(case.written, case.as_of):
            what = f"{path}: its reason cites {name!r}, which was known only after {case.written}"
            yield Problem(case.place(at, key=True), what, "reasons that could be given on that day")


def anachronisms(case: Case) -> dict[str, list[str]]:
    """Return the numbers whose reason cites claims that are not known as of the day, with those claims; where there are any, the case was written later."""
    made: dict[str, list[str]] = {}
    for path, _, name in _citations(case):
        if case.whole.claims[name].known > case.as_of and name not in made.get(path, []):
            made.setdefault(path, []).append(name)
    return made


def unheard(case: Case) -> dict[str, list[str]]:
    """Return the numbers whose reason cites claims that were dropped, with those claims: a base may rest on what is no longer heard."""
    made: dict[str, list[str]] = {}
    for path, _, name in _citations(case):
        if name not in case.ledger.claims and case.whole.claims[name].known <= case.as_of and name not in made.get(path, []):
            made.setdefault(path, []).append(name)
    return made


def _citations(case: Case) -> Iterator[tuple[str, Key, str]]:
    """Yield every claim that a reason in force cites, with the number (by stream) or the correlation that it is a reason for, and where that stands."""
    for one in case.components.values():
        for prior in one.priors():
            for name in cited(prior.because, case.whole.claims):
                yield prior.stream, one.raw, name
    for i, (between, because) in enumerate(case.correlated):
        for name in cited(because, case.whole.claims):
            yield f"correlation of {' and '.join(between)}", ("correlations", i), name
    for hypothesis, one in case.hypotheses.items():
        for name in cited(one.because, case.whole.claims):
            yield f"prior of {hypothesis}", ("hypotheses", hypothesis, "because"), name
    for path, at, because in case.analysts_reasons():
        for name in cited(because, case.whole.claims):
            yield path, at, name


def check_correlations(case: Case) -> Iterator[Problem]:
    """Refuse rank correlations of numbers that are not there, or that are drawn under another name."""
    whole = [prior for one in case.components.values() for prior in one.priors()]
    drawn = {prior.stream for one in whole for prior in (one.mix or (one,))}
    elsewhere = {one.path: one.mix[one.index].stream if one.mix else one.stream for one in whole}
    for i, name in ((i, name) for i, (between, _) in enumerate(case.correlated) for name in between):
        if name not in drawn or elsewhere.get(name, name) != name:
            place = case.place(("correlations", i, "between"))
            near = elsewhere.get(name) or nearest(name, sorted(drawn))
            found = f"{name!r} is drawn as {near!r}" if name in elsewhere else f"unknown number {name!r}"
            yield Problem(place, found, "the path of an uncertain number, shared.NAME, or mixes.NAME.PART", "" if name in elsewhere else near)


def numbers(case: Case) -> dict[str, Prior]:
    """Return the numbers of a case by path, and by stream where several share one or where they are weights of a mix."""
    whole = [prior for one in case.components.values() for prior in one.priors()]
    return {part.stream: part for prior in whole for part in (prior.mix or (prior,))} | {prior.path: prior for prior in whole}


def check_abouts(case: Case) -> Iterator[Problem]:
    """Refuse claims that say they are about what the case neither has nor asks."""
    known = numbers(case)
    for claim, one in case.whole.claims.items():
        if one.about and one.about not in case.questions and one.about not in known:
            near = nearest(one.about, sorted({*case.questions, *known}))
            yield Problem(case.place(("claims", claim, "about")), f"about unknown {one.about!r}", "the path of a number, or a question", near)


def check_hypotheses(case: Case) -> Iterator[Problem]:
    """Refuse hypotheses that are no alternatives: one alone, priors that do not add up, one that is certain or impossible before anything is seen."""
    for name, one in case.hypotheses.items():
        at: Key = ("hypotheses", name)
        if name in case.scenarios:
            yield Problem(case.place(at, key=True), f"hypothesis {name!r} has the name of a scenario", "another name")
        if not 0 < one.prior < 1:
            yield Problem(case.place((*at, "prior")), f"prior: {one.prior:g}", "above 0 and below 1, so that evidence can move it")
        for scenario in filter(None, [one.scenarios] if isinstance(one.scenarios, str) else one.scenarios):
            if scenario not in case.scenarios:
                near = nearest(scenario, list(case.scenarios))
                yield Problem(case.place((*at, "with")), f"unknown scenario {scenario!r}", ", ".join(case.scenarios) or "none is declared", near)
    if len(case.hypotheses) == 1:
        yield Problem(case.place(("hypotheses",)), "one hypothesis", "two or more, or none")
    total = sum(one.prior for one in case.hypotheses.values())
    if len(case.hypotheses) > 1 and abs(total - 1) > ROUNDED:
        yield Problem(case.place(("hypotheses",)), f"priors add up to {total:g}", "priors that add up to 1")


def check_scales(case: Case) -> Iterator[Problem]:
    """Refuse a case without a scale: its probabilities would have no words."""
    if not case.whole.scales:
        yield Problem(case.place(("scales",)), "no scale", "one scale or more; the first gives the words of the report")


def _given(case: Case, one: Instance, name: str) -> bool:
    link, _, far = name.partition(".")
    if far:
        return any(case.components[end.path].numbers.get(far) is not None for end in one.links[link])
    return bool(one.links.get(name)) or one.numbers.get(name) is not None


CHECKS = (
    check_input_cycles, check_settings, check_bounds, check_items, check_coefficients, check_alternatives, check_needs, check_reasons, check_correlations,
    check_abouts, check_scales, check_hypotheses,
)  # fmt: skip
