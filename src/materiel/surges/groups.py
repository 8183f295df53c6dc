"""What is left out together: all of a country at war, or all of a war. Those of one ministry rise, fall and are reported together."""

from __future__ import annotations

from collections.abc import Callable


class OfAWar:
    """A surge or a promise, of a country in a war."""

    country: str
    war: str

    @property
    def group(self) -> str:
        """Its country and war, together one fold."""
        return f"{self.country} {self.war}"


Fold = Callable[[OfAWar], str]
"""What is left out with something."""


def country_and_war(one: OfAWar) -> str:
    """Leave out all of a country in a war: the headline."""
    return one.group


def whole_war(one: OfAWar) -> str:
    """Leave out all of a war: the stress."""
    return one.war
