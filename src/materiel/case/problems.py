"""Pydantic's errors, told in the words of the file: where, what was read, what is allowed, the nearest name."""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from materiel.case.reading import Key, Text
from materiel.errors import Problem, nearest
from materiel.evidence.records import meanings

_WORD, _WORDS = "str", "list[str]"
"""What pydantic adds to the path of an error where either may stand."""

_KINDS = {
    "string_type": "a word",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "dict_type": "a mapping of `name: entry` lines",
    "model_type": "a mapping of `key: value` lines",
    "model_attributes_type": "a mapping of `key: value` lines",
    "list_type": "a list",
}


def translate(error: ValidationError, model: type[BaseModel], text: Text, under: Key = ()) -> list[Problem]:
    """Return one problem per mistake that pydantic found below the path `under` of a text.

    A misspelt key is not told again as a missing one, nor a blank value as one of the wrong kind.
    """
    found = [one for one in _one_branch(error.errors()) if one["type"] in ("missing", "extra_forbidden") or one.get("input") is not None]
    lacking: dict[Key, list[str]] = {}
    for one in found:
        if one["type"] == "missing":
            lacking.setdefault(one["loc"][:-1], []).append(str(one["loc"][-1]))
    slipped = {(*one["loc"][:-1], nearest(str(one["loc"][-1]), lacking.get(one["loc"][:-1], []))) for one in found if one["type"] == "extra_forbidden"}
    return [_problem(one, model, text, under) for one in found if one["type"] != "missing" or one["loc"] not in slipped]


def _one_branch(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """Keep, where a word or a list of words is allowed, only what is said of the one that was written."""
    lists = {one["loc"][:-1] for one in errors if one["loc"][-1:] == (_WORD,) and isinstance(one.get("input"), list)}
    kept: list[ErrorDetails] = []
    for one in errors:
        at = one["loc"]
        if (at[-1:] == (_WORD,) and at[:-1] in lists) or (_WORDS in at and at[: at.index(_WORDS)] not in lists):
            continue
        one["loc"] = tuple(step for step in at if step not in (_WORD, _WORDS))
        kept.append(one)
    return kept


def _problem(error: ErrorDetails, model: type[BaseModel], text: Text, under: Key) -> Problem:
    path = (*under, *error["loc"])
    kind, context = error["type"], error.get("ctx") or {}
    found = _shown(error.get("input"))
    if kind == "extra_forbidden":
        names = _names(model, error["loc"][:-1])
        return Problem(text.place(path, key=True), f"unknown key {path[-1]!r}", ", ".join(names), nearest(str(path[-1]), names))
    if kind == "missing":
        return Problem(text.place(path[:-1], key=True), f"key {str(path[-1])!r} is missing", _meaning(model, error["loc"]))
    if path[-1] == "[key]":  # pydantic's word for a key of a mapping
        names = _choices(context)
        return Problem(text.place(path[:-1], key=True), f"unknown key {path[-2]!r}", ", ".join(names), nearest(str(path[-2]), names))
    place = text.place(path)
    if kind == "literal_error":
        names = _choices(context)
        allowed = f"only {names[0]}" if len(names) == 1 else ", ".join(names)
        near = nearest(str(error.get("input")), names)
        return Problem(place, f"{path[-1]}: {found}", allowed, near if near != str(error.get("input")) else "")
    if "allowed" in context:
        return Problem(place, f"{path[-1]}: {error['msg']}", str(context["allowed"]))
    if kind in _KINDS:
        return Problem(place, f"{path[-1]}: {found}", _KINDS[kind])
    return Problem(place, f"{path[-1]}: {found}", error["msg"].replace("Input should be ", ""))


def _choices(context: dict[str, Any]) -> list[str]:
    return [name.strip("'") for name in str(context.get("expected", "")).replace(" or ", ", ").split(", ")]


def _shown(raw: object) -> str:
    text = repr(raw)
    return text if len(text) <= 60 else text[:57] + "..."


def _model_at(model: Any, path: tuple[int | str, ...]) -> type[BaseModel] | None:
    here = model
    for step in path:
        if isinstance(here, type) and issubclass(here, BaseModel):
            field = here.model_fields.get(str(step)) or next((f for f in here.model_fields.values() if f.alias == step), None)
            here = field.annotation if field else None
        else:
            arguments = [a for a in get_args(here) if a is not type(None)]
            here = arguments[-1] if arguments else None
        while get_origin(here) in (Annotated, UnionType):
            here = next(one for one in get_args(here) if one is not NoneType)
    return here if isinstance(here, type) and issubclass(here, BaseModel) else None


def _names(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    here = _model_at(model, path)
    return sorted(field.alias or name for name, field in here.model_fields.items()) if here else []


def _meaning(model: type[BaseModel], path: tuple[int | str, ...]) -> str:
    here = _model_at(model, path[:-1])
    field = here.model_fields.get(str(path[-1])) if here else None
    said = (field.description or meanings(here).get(str(path[-1]), "")) if here and field else ""
    return said[:1].lower() + said[1:].rstrip(".")
