"""Rules as files: what may stand in them, and what is told of what may not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from materiel.errors import RunError
from materiel.evidence.grades import Rule, rule, rules


def written(folder: Path, **changed: Any) -> str:
    """Return the path of a file of rules that are the plain ones but for some entries."""
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(rule().model_dump() | {"name": "mine"} | changed), encoding="utf-8")
    return str(path)


def but(section: str, key: str | int, value: object) -> dict[str, Any]:
    return {section: getattr(rule(), section) | {key: value}}


@pytest.mark.parametrize("name", rules())
def test_rules_that_ship_have_a_name_and_every_grade(name: str) -> None:
    found = rule(name)
    assert found.name == name
    assert "".join(found.reliability) == "ABCDEF"
    assert list(found.credibility) == list(found.spread) == [1, 2, 3, 4, 5, 6]


def test_rules_of_a_file_are_read_as_those_that_ship(tmp_path: Path) -> None:
    assert rule(written(tmp_path)) == Rule.model_validate(rule().model_dump() | {"name": "mine"})


@pytest.mark.parametrize(
    ("section", "key", "value"), [("reliability", "E", 0.0), ("credibility", 6, 0), ("reliability", "A", 1e6), ("spread", 1, 1.001), ("spread", 6, 1000)]
)
def test_a_factor_may_be_nought_and_a_spread_nearly_one(tmp_path: Path, section: str, key: str | int, value: float) -> None:
    assert getattr(rule(written(tmp_path, **but(section, key, value))), section)[key] == value


@pytest.mark.parametrize(
    ("section", "key", "value", "told"),
    [
        ("reliability", "A", -0.1, "reliability.A: input should be greater than or equal to 0"),
        ("credibility", 6, -1, "credibility.6: input should be greater than or equal to 0"),
        ("credibility", 1, float("inf"), "credibility.1: input should be a finite number"),
        ("reliability", "F", float("nan"), "reliability.F: input should be"),
        ("spread", 1, 1.0, "spread.1: input should be greater than 1"),
        ("spread", 2, 0.5, "spread.2: input should be greater than 1"),
        ("spread", 3, float("inf"), "spread.3: input should be"),
        ("spread", 4, 1001, "spread.4: input should be less than or equal to 1000"),
        ("spread", 5, "wide", "spread.5: input should be a valid number"),
        ("reliability", "G", 1.0, "reliability.G.[key]: input should be 'A', 'B', 'C', 'D', 'E' or 'F'"),
    ],
)
def test_what_no_rule_can_be_is_told_in_one_line(tmp_path: Path, section: str, key: str | int, value: object, told: str) -> None:
    with pytest.raises(RunError) as error:
        rule(written(tmp_path, **but(section, key, value)))
    found = str(error.value)
    assert found.startswith(f"{tmp_path / 'mine.yaml'} holds no rules: {told}")
    assert "\n" not in found
    assert "pydantic" not in found


def test_every_mistake_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"holds no rules: reliability\.A: .*; spread\.1: .*; loudness: extra inputs are not permitted$"):
        rule(written(tmp_path, **but("reliability", "A", -1), **but("spread", 1, 1), loudness=11))


@pytest.mark.parametrize(("text", "told"), [("", "file: input should be"), ("name: mine", "title: field required; reasoning: field required"), ("{", "not YAML"), ("\x00", "not YAML")])  # fmt: skip
def test_a_file_without_rules_says_what_it_lacks(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RunError) as error:
        rule(str(path))
    assert str(error.value).startswith(f"{path} holds no rules: {told}")
