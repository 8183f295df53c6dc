"""Numbers as a case writes them, turned into priors: read, converted, bounded, pooled with the claims known by the day."""

from __future__ import annotations

import contextlib
import datetime
import re
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from typing import Any, cast

from materiel import units
from materiel.case.reading import Key, Text
from materiel.component import Parameter
from materiel.equations import NEVER
from materiel.errors import Problem, nearest
from materiel.evidence import conversions
from materiel.evidence.correlation import Row
from materiel.evidence.grades import Rule
from materiel.evidence.ledger import Ledger, cited
from materiel.evidence.pooling import Part, Pool, Prior, Statement
from materiel.quantities import Distribution, QuantityError, constant, read

COMMON = ("classes", "mixes", "correlations")
"""Sections of a case that numbers of several components rest on, beside `shared`."""
_KEYS = ("base", "because", "claims", "constant", "mix", "part", "revisions", "shared")
_KEYS_OF_A_REVISION = ("base", "because", "constant", "known", "mix", "part", "shared")
_SORTS = {"base", "constant", "mix", "shared"}
_ALLOWED = "{base: RANGE, because: REASON, claims: [...]} or {constant: VALUE, because: REASON}"
_DAY = r"\d{4}-\d{2}-\d{2}"


class _RevisionError(QuantityError):
    """A revision that cannot be one; it stands in the list of revisions of its number."""

    def __init__(self, found: str, allowed: str, position: int, key: str = "") -> None:
        super().__init__(found, allowed)
        self.at = ("revisions", position, key) if key else ("revisions", position)


class _ToldError(Exception):
    """A number cannot be made, and the reason has been noted already."""


@dataclass
class Numbers:
    """Reads the numbers of one case; problems gather in `text.problems`, undeclared numbers of a draft in `undeclared`.

    Claims are those of `ledger`; ids are sought in the `whole` one. `mixing` says how the scores of correlated streams are mixed, `open` holds the entries of `shared`
    and `classes` that are being read, lest one refers to itself.
    """

    text: Text
    data: dict[str, Any]
    ledger: Ledger
    whole: Ledger
    rule: Rule
    start: datetime.date
    as_of: datetime.date
    draft: bool
    undeclared: list[str]
    mixing: dict[str, Row] = field(default_factory=dict[str, "Row"])
    open: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    def prior(self, raw: object, parameter: Parameter, unit: str, path: str, at: Key) -> Prior | None:
        """Return the prior of a parameter written as `raw` at `at`, or None after noting a problem.

        A parameter that is left out has its default, or None if it is optional.
        """
        if raw is None:
            if parameter.default is None:
                return None
            return Prior(path, path, unit, "default", parameter.because, (Part(1.0, constant(parameter.default)),))
        try:
            made = self._prior(raw, parameter, unit, path, at)
            return replace(made, mixing=self.mixing[made.stream]) if made.stream in self.mixing else made
        except QuantityError as error:
            place = self.text.place((*at, *error.at))
            self.text.problems.append(Problem(place, f"{_called(at)}: {error.found}", error.allowed, error.nearest))
        except _ToldError:
            pass
        return None

    def _prior(self, raw: object, parameter: Parameter, unit: str, path: str, at: Key) -> Prior:
        given = cast("dict[str, Any]", raw) if isinstance(raw, dict) else {}
        if "revisions" in given:
            return self._revised(given, parameter, unit, path, at)
        if not isinstance(raw, dict) or {"dist", "unit"} & given.keys():
            return self._bare(cast("object", raw), parameter, unit, path)
        if given and all(re.match(r"p\d", key) for key in given):
            return self._bare(given, parameter, unit, path)
        self._known_keys(given, at)
        if len(_SORTS & given.keys()) != 1:
            found = " and ".join(key for key in given if key in _SORTS) or "neither a base nor a constant"
            if not _SORTS & given.keys() and "claims" in given and not _in_revision(at):
                raise QuantityError("claims without a base", "`base`, which is all that is left when claims are hidden", "claims")
            raise QuantityError(found, f"exactly one of {', '.join(sorted(_SORTS))}")
        if "claims" in given and "base" not in given and "revisions" not in at:
            raise QuantityError(f"claims beside {next(key for key in given if key in _SORTS)!r}", "claims beside a base, which they take weight from", "claims")
        if "shared" in given:
            return replace(self._named("shared", given["shared"], parameter, unit, ("shared",)), path=path)
        if "mix" in given:
            return self._mixed(given, path)
        if "constant" in given:
            self._reason(given, at)
            value = self._inside("constant", given["constant"], parameter, unit)
            if not value.constant:
                raise QuantityError(f"constant {given['constant']!r} is a range", "one value; a range is a base", "constant")
            return Prior(path, path, unit, "constant", str(given.get("because", "")), (Part(1.0, value),), said=_said(given["constant"]))
        return self._pooled(given, parameter, unit, path, at)

    def _revised(self, given: dict[str, Any], parameter: Parameter, unit: str, path: str, at: Key) -> Prior:
        """Return the prior as last revised by the day: a revision replaces base and reason, claims have days of their own. Every one of them is read."""
        stated = {key: value for key, value in given.items() if key != "revisions" and (key != "claims" or not (_SORTS - {"base"}) & given.keys())}
        claims = {"claims": given["claims"]} if "claims" in given else {}
        found = self._prior(stated, parameter, unit, path, at)
        if not isinstance(given["revisions"], list) or not given["revisions"]:
            raise QuantityError(f"revisions: {given['revisions']!r}", "a list of {known: DAY, base: ..., because: ...}", "revisions")
        last = datetime.date.min
        for i, revision in enumerate(cast("list[Any]", given["revisions"])):
            here: Key = (*at, "revisions", i)
            known = self._known(revision, last, i)
            changed = cast("dict[str, Any]", {key: value for key, value in revision.items() if key != "known"})
            made = self.prior(changed | claims, parameter, unit, path, here)
            self._timely(str(changed.get("because", "")), known, here)
            last, found = known, made if made is not None and known <= self.as_of else found
        return found

    def _known(self, revision: object, last: datetime.date, i: int) -> datetime.date:
        """Return the day of a revision, which must have come, and after that of the one before."""
        given = cast("dict[str, Any]", revision) if isinstance(revision, dict) else {}
        for key in ("claims", "revisions"):
            if key in given:
                raise _RevisionError(f"revision {i + 1} has {key} of its own", f"`{key}` of the number itself", i, key)
        text = str(given.get("known", ""))
        try:
            known = datetime.date.fromisoformat(text if re.fullmatch(_DAY, text) else "")
        except ValueError:
            raise _RevisionError(f"revision {i + 1} has no day", "`known: YYYY-MM-DD`", i) from None
        if known <= last:
            raise _RevisionError(f"revision {i + 1} of {known} is not later than the one before", f"a day after {last}", i, "known")
        if known > datetime.datetime.now(tz=datetime.UTC).date() + datetime.timedelta(days=1):
            raise _RevisionError(f"revision {i + 1} of {known} lies in the future", "a day that has come", i, "known")
        return known

    def _timely(self, because: str, known: datetime.date, at: Key) -> None:
        """Note a reason that cites a claim known only after the day from which it holds."""
        for name in cited(because, self.whole.claims):
            if self.whole.claims[name].known > known:
                what = f"{_called(at)}: its reason cites {name!r}, which was known only on {self.whole.claims[name].known}"
                self.text.problems.append(Problem(self.text.place((*at, "because")), what, f"claims known by {known}"))

    def _bare(self, raw: object, parameter: Parameter, unit: str, path: str) -> Prior:
        value = self.value(raw, parameter, unit)
        if parameter.defines and value.constant:
            return Prior(path, path, unit, "definition", "by definition", (Part(1.0, value),))
        if not self.draft:
            raise QuantityError(f"{raw!r} has neither a base nor a reason", _ALLOWED)
        self.undeclared.append(path)
        return Prior(path, path, unit, "undeclared", "", (Part(1.0, value),), said=_said(raw))

    def _pooled(self, given: dict[str, Any], parameter: Parameter, unit: str, path: str, at: Key) -> Prior:
        because, base = str(given.get("because", "")), given["base"]
        if isinstance(base, dict) and "class" in base:
            named = cast("dict[str, Any]", base)["class"]
            reference = self._named("classes", named, parameter, unit, ("base", "class"))
            because = because or f"reference class {named}: {reference.because}"
            inner = reference.pool or reference.parts[0].distribution
        else:
            self._reason(given, at)
            inner = self._inside("base", cast("object", base), parameter, unit)
        pool = Pool(inner, self._statements(given.get("claims", []), parameter, unit, at), self.rule, share=parameter.share, date=parameter.date)
        return Prior(path, path, unit, "base", because, pool.parts(), said=_said(cast("object", base)), pool=pool)

    def _reason(self, given: dict[str, Any], at: Key) -> None:
        slipped = any(nearest(key, ["because"]) for key in given if key not in _KEYS)  # told already, as an unknown key
        if not str(given.get("because", "")).strip() and not slipped:
            place = self.text.place(at, key=True)
            self.text.problems.append(Problem(place, f"{_called(at)}: no reason is given", "`because`, in a few words"))

    def _statements(self, ids: object, parameter: Parameter, unit: str, at: Key) -> tuple[Statement, ...]:
        """Return what the claims of a number say of it, those that are hidden or dropped left out; problems are noted where each is named."""
        if not isinstance(ids, list):
            raise QuantityError(f"claims: {ids!r}", "a list of claim ids", "claims")
        at = at[: at.index("revisions")] if "revisions" in at else at
        made: list[Statement] = []
        for i, name in enumerate(map(str, cast("list[Any]", ids))):
            place = self.text.place((*at, "claims", i))
            try:
                self._nameable(name, cast("list[Any]", ids)[:i])
                if name in self.ledger.claims:
                    made.append(self.ledger.statement(name, self._claimed(name, parameter, unit)))
            except QuantityError as error:
                self.text.problems.append(Problem(place, error.found, error.allowed, error.nearest))
        return tuple(made)

    def _nameable(self, name: str, before: list[Any]) -> None:
        claim = self.whole.claims.get(name)
        if claim is None:
            raise QuantityError(f"unknown claim {name!r}", "an id of claims", near=nearest(name, list(self.whole.claims)))
        if claim.value is None and not claim.formula:
            raise QuantityError(f"claim {name!r} has no value", "a claim with a value")
        if name in before:
            raise QuantityError(f"claim {name!r} stands twice", "every claim once")

    def _claimed(self, name: str, parameter: Parameter, unit: str) -> Distribution:
        """Return what a claim says in the unit of a number. Of promised shares there is no record, and by that of output, which grows without end, they would pass 1."""
        if parameter.share and self.ledger.claims[name].promised:
            found = f"claim {name!r}: an announced target of a share"
            raise QuantityError(found, "`kind: reported`, with a range of your own: what comes of promises is known of output, not of shares")
        try:
            if parameter.date:
                return self._date(self.ledger.claims[name].value)
            said, written = conversions.value(self.ledger, self.rule, name, share=parameter.share)
            return self._fitted(said, written, self.ledger.claims[name].value or self.ledger.claims[name].formula, parameter, unit)
        except QuantityError as error:
            raise QuantityError(f"claim {name!r}: {error.found}", error.allowed, near=error.nearest) from None

    def _named(self, section: str, name: object, parameter: Parameter, unit: str, at: Key) -> Prior:
        """Return the prior of an entry of `shared` or `classes`; its problems are placed there, an unknown name at `at` below the number."""
        entries = cast("dict[str, Any]", self.data.get(section, {}))
        if not isinstance(name, str) or name not in entries:
            allowed = ", ".join(entries) or "none is declared"
            error = QuantityError(f"unknown entry of {section}: {name!r}", allowed, near=nearest(str(name), list(entries)))
            error.at = at
            raise error
        with self._opened(section, name):
            made = self.prior(entries[name], parameter, unit, f"{section}.{name}", (section, name))
        if made is None:
            raise _ToldError
        return made

    @contextlib.contextmanager
    def _opened(self, section: str, name: str) -> Generator[None]:
        if (section, name) in self.open:
            raise QuantityError(f"{name!r} of {section} rests on itself", "numbers that do not go round in circles")
        self.open.add((section, name))
        try:
            yield
        finally:
            self.open.discard((section, name))

    def _mixed(self, given: dict[str, Any], path: str) -> Prior:
        mixes = cast("dict[str, Any]", self.data.get("mixes", {}))
        name, part = str(given["mix"]), str(given.get("part", ""))
        if name not in mixes:
            raise QuantityError(f"unknown mix {name!r}", ", ".join(mixes), "mix", nearest(name, list(mixes)))
        weights = cast("dict[str, Any]", mixes[name])
        if part not in weights:
            raise QuantityError(f"mix {name!r} has no part {part!r}", ", ".join(weights), "part", nearest(part, list(weights)))
        weight = Parameter("1", "", "weight", more_than=0.0)
        with self._opened("mixes", name):
            priors = [self.prior(raw, weight, "1", f"mixes.{name}.{key}", ("mixes", name, key)) for key, raw in weights.items()]
        whole = tuple(prior for prior in priors if prior is not None)
        if len(whole) < len(priors):
            raise _ToldError
        index = list(weights).index(part)
        return Prior(path, path, "1", "mix", f"share of {part} in the mix {name}", whole[index].parts, whole, index)

    def _known_keys(self, given: dict[str, Any], at: Key) -> None:
        """Note keys that no number has; without anything else to read, they are the whole problem."""
        keys = _KEYS_OF_A_REVISION if _in_revision(at) else _KEYS
        unknown = {key: nearest(key, keys) for key in given if key not in _KEYS}
        for key, near in unknown.items():
            self.text.problems.append(Problem(self.text.place((*at, key), key=True), f"unknown key {key!r}", ", ".join(keys), near))
        if unknown and not {*_SORTS, "claims"} & given.keys():
            raise _ToldError

    def _inside(self, key: str, raw: object, parameter: Parameter, unit: str) -> Distribution:
        """Return the value written under `key` of a number; its problems are placed there."""
        try:
            return self.value(raw, parameter, unit)
        except QuantityError as error:
            error.at = (key, *error.at)
            raise

    def value(self, raw: object, parameter: Parameter, unit: str) -> Distribution:
        """Return a plain quantity or day in the canonical unit. Raises QuantityError; a wrong unit or bound names its place."""
        if parameter.date:
            return self._date(raw)
        distribution, written = read(raw, share=parameter.share)
        return self._fitted(distribution, written, raw, parameter, unit)

    def _fitted(self, distribution: Distribution, written: str, raw: object, parameter: Parameter, unit: str) -> Distribution:
        if not written and parameter.defines and _counted(unit):
            written = unit
        if not written and not _is_pure(unit):
            raise QuantityError(f"{raw!r} has no unit", f"a unit that measures {units.plain(unit)}")
        try:
            distribution = distribution.scaled(units.factor(written, unit))
        except units.UnitError as error:
            key = "unit" if isinstance(raw, dict) else ""
            raise QuantityError(f"{error}", f"a unit that measures {units.plain(unit)}", key, error.nearest) from None
        if not distribution.sound:
            raise QuantityError(f"{raw!r} is too large, too small or too wide", f"numbers that stay finite in {units.plain(unit)}")
        self._bounds(distribution, parameter, raw)
        return distribution

    def _bounds(self, distribution: Distribution, parameter: Parameter, raw: object) -> None:
        low, high = distribution.bounds()
        lowest, highest = parameter.at_least, parameter.at_most
        if parameter.more_than is not None and (low < parameter.more_than or (distribution.constant and low == parameter.more_than)):
            found, above = f"{raw!r} can be {parameter.more_than:g} or less", f"above {parameter.more_than:g} throughout"
            raise QuantityError(found, f"{above}, such as a range from a positive number")
        if lowest is not None and low < lowest:
            raise QuantityError(f"{raw!r} can fall below {lowest:g}", f"at least {lowest:g} throughout, such as a range from a positive number")
        if highest is not None and high > highest:
            raise QuantityError(f"{raw!r} can exceed {highest:g}", f"at most {highest:g} throughout")

    def _date(self, raw: object) -> Distribution:
        text = str(raw)
        found = re.fullmatch(rf"({_DAY})(?:\s+to\s+({_DAY}))?", text)
        if isinstance(raw, dict) and raw:
            days = {key: self._day(str(value), key) for key, value in cast("dict[str, Any]", raw).items()}
            try:
                return _linear(days)
            except QuantityError as error:
                if error.key in days:  # days are told as days, not as numbers
                    error.found = f"{error.key}: {raw[error.key]} is not later than what stands below it"
                raise
        if text == "never":
            return constant(NEVER)
        if not found:
            raise QuantityError(f"{raw!r} is not a day", "YYYY-MM-DD, or `YYYY-MM-DD to YYYY-MM-DD` as a 90 % interval")
        first = self._day(found[1])
        if not found[2]:
            return constant(first)
        last = self._day(found[2])
        if not first < last:
            raise QuantityError(f"{text!r} does not rise", "the earlier day first")
        return _linear({"p5": first, "p95": last})

    def _day(self, text: str, key: str = "") -> float:
        try:
            return float((datetime.date.fromisoformat(text) - self.start).days)
        except ValueError:
            raise QuantityError(f"{text!r} is not a day", "a day of the calendar as YYYY-MM-DD", key) from None


def _in_revision(at: Key) -> bool:
    return at[-2:-1] == ("revisions",)


def _called(at: Key) -> str:
    """Return the name of what stands at a path: its key, or that of its number and its position among the revisions."""
    return f"{at[-3]}: revision {at[-1] + 1}" if isinstance(at[-1], int) else at[-1]


def _linear(points: dict[str, float]) -> Distribution:
    shift = 1.0 - min(points.values())
    made = read({key: value + shift for key, value in points.items()})[0]
    return Distribution("linear", made.probabilities, tuple(value - shift for value in made.values))


def _said(raw: object) -> str:
    """Return a number as the case wrote it, in one line."""
    if not isinstance(raw, dict):
        return str(raw)
    given = cast("dict[str, Any]", raw)
    parts = [f"{value}" if key == "dist" else f"{key} {value}" for key, value in given.items() if key != "unit"]
    return ", ".join(parts) + (f" {given['unit']}" if "unit" in given else "")


def _is_pure(unit: str) -> bool:
    try:
        return units.factor("", unit) > 0
    except units.UnitError:
        return False


def _counted(unit: str) -> bool:
    """Say whether a unit holds nothing but counts, so that a bare number can only mean one thing."""
    return set(re.findall(r"[A-Za-z_]+", unit)) <= set(units.COUNTS)
