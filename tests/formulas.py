"""Reads a formula of the docs back and computes it, so that what is written can be held against what runs."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from materiel.equations import overlap

_TOKEN = re.compile(r"\\text\{ ?(?:and|or|if|otherwise) ?\}|\\[,;]|\\Delta t|\\hat\{[A-Za-z]\}|\\[A-Za-z]+|\\\\|[0-9.]+|[A-Za-z]'?|\S")
_SILENT = (r"\left", r"\right", r"\,")
_RELATIONS: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b, ">": lambda a, b: a > b, r"\le": lambda a, b: a <= b, r"\ge": lambda a, b: a >= b,
}  # fmt: skip
_FUNCTIONS = {r"\min": min, r"\max": max}
_CLOSING = ("", ")", "}", ",", "&", r"\\", r"\end")


def compute(text: str, values: dict[str, float], entries: dict[str, int], i: int = 0) -> float:
    """Return what a formula gives: `values` are by symbol as written, `entries` says over how many a list is summed, by its first symbol; `i` is the entry meant."""
    reader = _Reader(text, values, entries, {"i": i})
    value = reader.whole()
    assert reader.at == len(reader.tokens), f"{text}: {reader.tokens[reader.at :]}"
    return value


class _Reader:
    """A recursive descent over the tokens of one formula."""

    def __init__(self, text: str, values: dict[str, float], entries: dict[str, int], places: dict[str, int]) -> None:
        tokens = [word for word in _TOKEN.findall(text) if word not in _SILENT]
        self.tokens = [re.sub(r"^\\text\{ ?(\w+) ?\}$", r"\1", word) for word in tokens]
        self.at, self.values, self.entries, self.places = 0, values, entries, places
        self.summed = ""

    def next(self, *expected: str) -> str:
        word = self.tokens[self.at]
        assert not expected or word in expected, f"{word!r} instead of {expected} in {self.tokens}"
        self.at += 1
        return word

    def at_any(self, *tokens: str) -> bool:
        return (self.tokens[self.at] if self.at < len(self.tokens) else "") in tokens

    def whole(self) -> float:
        value = self.both()
        while self.at_any("or"):
            self.next()
            value = bool(self.both()) or bool(value)
        return value

    def both(self) -> float:
        value = self.relation()
        while self.at_any("and"):
            self.next()
            value = bool(self.relation()) and bool(value)
        return value

    def relation(self) -> float:
        value = self.sum()
        return _RELATIONS[self.next()](value, self.sum()) if self.at_any(*_RELATIONS) else value

    def sum(self) -> float:
        value = -self.product() if self.at_any("-") and self.next() else self.product()
        while self.at_any("+", "-"):
            value = value + self.product() if self.next() == "+" else value - self.product()
        return value

    def product(self) -> float:
        value = self.factor()
        while not self.at_any(*_CLOSING, "+", "-", "/", "and", "or", *_RELATIONS):
            value *= self.factor()
        return value / self.factor() if self.at_any("/") and self.next() else value

    def factor(self) -> float:
        word = self.next()
        if word == "(":
            return self.until(")")
        if word == r"\frac":
            return self.braced() / self.braced()
        if word in _FUNCTIONS:
            return _FUNCTIONS[word](self.arguments())
        if word == r"\sigma":
            return float(overlap(self.values["t"], self.values[r"\Delta t"], *self.arguments()))  # type: ignore[arg-type]
        if word == r"\begin":
            return self.cases()
        if word == r"\sum":
            return self.over_all()
        if re.fullmatch("[0-9.]+", word):
            return float(word) ** (float(self.script()) if self.at_any("^") and self.next() else 1.0)
        if word == "e" and self.at_any("^"):
            self.next()
            return math.exp(self.braced())
        return self.values[self.named(word)]

    def until(self, closing: str) -> float:
        value = self.whole()
        self.next(closing)
        return value

    def braced(self) -> float:
        self.next("{")
        return self.until("}")

    def arguments(self) -> list[float]:
        self.next("(")
        made = [self.whole()]
        while self.next(",", ")") == ",":
            made.append(self.whole())
        return made

    def script(self) -> str:
        """Return what stands in an index, braces taken off."""
        if self.next() != "{":
            return self.tokens[self.at - 1]
        depth, start = 1, self.at
        while depth:
            depth += {"{": 1, "}": -1}.get(self.next(), 0)
        return "".join(self.tokens[start : self.at - 1])

    def named(self, word: str) -> str:
        """Return a symbol as written, with the letters that stand for places replaced by the places."""
        name, summed = word, False
        while self.at_any("^", "_"):
            sign, script = self.next(), self.script()
            if sign == "_":
                parts = [re.sub(r"^([ij])([+-]\d+)?$", lambda found: str(self.places[found[1]] + int(found[2] or 0)), part) for part in script.split(",")]
                script, summed = ",".join(parts), "j" in script.split(",")
            name += f"{sign}{{{script}}}"
        self.summed = name if summed else self.summed
        return name

    def over_all(self) -> float:
        self.next("_")
        assert self.script() == "j"
        start, self.places["j"] = self.at, 1
        total = self.product()
        for place in range(2, self.entries[self.summed] + 1):
            self.at, self.places["j"] = start, place
            total += self.product()
        return total

    def cases(self) -> float:
        assert self.script() == "cases"
        value = self.whole()
        self.next("&")
        self.next("if")
        holds = self.whole()
        self.next(r"\\")
        otherwise = self.whole()
        self.next("&")
        self.next("otherwise")
        self.next(r"\end")
        assert self.script() == "cases"
        return value if holds else otherwise
