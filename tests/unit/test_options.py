from __future__ import annotations

import datetime
import json
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
import yaml

import materiel
from materiel.errors import RunError
from materiel.evidence.grades import rule
from materiel.options import Options, Reading
from materiel.study import Study

DAY = datetime.date(2023, 2, 1)


@pytest.fixture
def study(tmp_path: Path) -> Study:
    initial = {"base": "1 to 2 Mround", "because": "a guess", "claims": ["paper", "word"]}
    said = {"statement": "many", "known": "2023-01-15", "published": "2023-01-15", "kind": "reported", "credibility": 3}
    data = {
        "format": 1, "title": "A store", "start": "2023-01-01", "end": "2023-12-31", "items": {"shell": {"unit": "round"}},
        "sources": {name: {"publisher": name, "title": "A page", "published": "2023-01-01", "reliability": "B"} for name in ("times", "post")},
        "claims": {"paper": said | {"source": "times", "value": "10 Mround"}, "word": said | {"source": "post", "value": "9 Mround", "known": "2023-03-01", "published": "2023-03-01"}},
        "actors": {"north": {"stockpiles": {"shell": {"item": "shell", "initial": initial}}}},
        "scenarios": {"full": {"text": "Full", "set": {"north.stockpiles.shell.initial": {"base": "30 to 40 Mround", "because": "for the test"}}}},
        "questions": {
            "held": {"text": "Held", "value": "north.stockpiles.shell.held", "at": "2023-07-31"}, "most": {"text": "Most", "largest": "north.stockpiles.shell.held"},
        },
    }  # fmt: skip
    (tmp_path / "case.yaml").write_text(json.dumps(data), encoding="utf-8")
    return materiel.load(tmp_path)


def test_the_plain_reading_is_the_same_case_with_all_evidence() -> None:
    assert Reading().plain == Reading()
    assert Reading(DAY, "full", 2.0, "equal", ("times",), independent=True).plain == Reading(DAY, "full", 2.0)


def test_options_do_not_change_under_a_run() -> None:
    with pytest.raises(FrozenInstanceError):
        Options().draws = 3  # type: ignore[misc]
    assert Options() == Options(Reading(), draws=2000, seed=1, engine="native", chunk=1024, only=())


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (Options(draws=0), "draws 0; a whole number of at least 1"),
        (Options(draws=2.5), "draws 2.5; a whole number of at least 1"),  # type: ignore[arg-type]
        (Options(seed=-1), "seed -1; a whole number of at least 0"),
        (Options(chunk=0), "chunk 0; a whole number of at least 1"),
        (Options(Reading(step=0.0)), "step of 0.0 days; from 0.01 to 366 days"),
        (Options(Reading(step=float("nan"))), "step of nan days; from 0.01 to 366 days"),
        (Options(Reading(step="1 day")), "step of 1 day days; from 0.01 to 366 days"),  # type: ignore[arg-type]
        (Options(engine="abacus"), "unknown engine 'abacus'; native, native32, numpy or jax"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_options_that_no_run_can_have_are_refused(study: Study, options: Options, told: str) -> None:
    with pytest.raises(RunError) as error:
        study.again(options)
    assert str(error.value) == told


def test_every_option_reaches_the_run(study: Study) -> None:
    reading = Reading(datetime.date(2023, 4, 1), "full", 2.0, "equal", ("times",), independent=True)
    one = study.run(50, 3, "2023-04-01", "full", 2.0, "numpy", 16, "equal", ["times"], independent=True, only=["held"])
    assert one.options == Options(reading, 50, 3, "numpy", 16, ("held",))
    assert study.again(one.options).identity == one.identity
    assert (str(one.case.as_of), one.case.scenario, one.case.step, one.case.rule.name) == ("2023-04-01", "full", 2.0, "equal")
    assert list(one.case.ledger.claims) == ["word"]
    assert set(one.questions) == {"held"}
    assert study.again(Options(Reading(DAY), 50)).identity != study.again(Options(Reading(DAY), 50, seed=2)).identity


def test_rules_of_a_file_are_part_of_what_a_run_is(study: Study, tmp_path: Path) -> None:
    """Two files of one name and other rules make two runs, so that neither overwrites the other; a file cannot pass for rules that ship."""
    path = tmp_path / "mine.yaml"
    plain = rule().model_dump()
    made = []
    for factor in (2.0, 3.0):
        path.write_text(yaml.safe_dump(plain | {"name": "mine", "credibility": dict.fromkeys(range(1, 7), factor)}), encoding="utf-8")
        made.append(study.run(50, rules=str(path)).identity)
    assert made[0] != made[1]
    path.write_text(yaml.safe_dump(plain), encoding="utf-8")
    with pytest.raises(RunError, match="a name of their own"):
        study.run(50, rules=str(path))
