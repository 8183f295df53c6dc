"""How what is scarce is shared: the equations of the network itself, read like those of components.

A want names every resource it needs. It is first limited by each as if alone; each resource then grants by class (urgent before the rest, then by
priority), pro rata within a class; the flow is the least of its grants, and what is left stays put. Limiting first matters: granting
each resource independently strands what a want cannot use for lack of another.

No remainder can fall below nought: every grant is cut to what is left, and the last of a class takes what the others leave.
"""

from __future__ import annotations

from collections.abc import Sequence

from materiel.equations import Value, maximum, minimum, total, where


def limited(want: Value, available: Sequence[Value], reserves: Sequence[Value | None], each: Sequence[Value | None]) -> Value:
    """Return the want, cut to what each resource could give if it served nobody else.

    A claim with a reserve leaves that much of the resource untouched; `each` is what one unit of the resource is worth in units of the want (the
    inverse of the claim's coefficient, constant in a run), None for one.
    """
    for amount, reserve, worth in zip(available, reserves, each, strict=True):
        spare = amount if reserve is None else maximum(amount - reserve, 0.0)
        want = minimum(want, spare if worth is None else spare * worth)
    return want


def needed(flow: Value, coefficient: Value | None) -> Value:
    """Return how much of a resource a flow takes."""
    return flow if coefficient is None else flow * coefficient


def granted(available: Value, reserve: Value | None, classes: Sequence[tuple[bool, Sequence[Value]]]) -> list[Value]:
    """Return the grants of one resource to the claims of its classes, in order.

    A class is (whether it must leave the reserve untouched, amounts wanted of the resource). Whoever comes first takes first.
    """
    remainder, grants = available, list[Value]()
    for spares_reserve, amounts in classes:
        head = maximum(remainder - reserve, 0.0) if spares_reserve and reserve is not None else remainder
        if len(amounts) > 1:
            wanted = total(amounts[1:], amounts[0])
            fraction = where(wanted > head, head / wanted, 1.0)
        for i, amount in enumerate(amounts):
            last = i == len(amounts) - 1
            grant = minimum(amount if last else amount * fraction, head)  # pyright: ignore[reportPossiblyUnboundVariable]
            head = head - grant
            remainder = remainder - grant
            grants.append(grant)
    return grants


def flowing(limit: Value, grants: Sequence[Value], each: Sequence[Value | None]) -> Value:
    """Return the flow of an activity: the least of its grants, each turned into units of the activity as in `limited`."""
    for grant, worth in zip(grants, each, strict=True):
        limit = minimum(limit, grant if worth is None else grant * worth)
    return limit


def settled(available: Value, takes: Sequence[Value]) -> tuple[Value, Value]:
    """Return what a resource has left after its claims have taken their amounts one after the other, and what was taken."""
    remainder, taken = available, list[Value]()
    for amount in takes:
        take = minimum(amount, remainder)
        remainder = remainder - take
        taken.append(take)
    return remainder, total(taken[1:], taken[0])


def levered(value: Value, forces: Sequence[Value], factors: Sequence[Value], settings: Sequence[tuple[Value, Value]], at_most: float | None) -> Value:
    """Return a lever as directives have it: settings by (force, value) move it, then factors multiply it, each as far as it is in force.

    A share that factors would lift above `at_most` stops there.
    """
    for force, setting in settings:
        value = value + force * (setting - value)
    for force, factor in zip(forces, factors, strict=True):
        value = value * (1.0 + force * (factor - 1.0))
    return value if at_most is None else minimum(value, at_most)
