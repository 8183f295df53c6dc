"""Runs side by side: what was revised and what arrived are told apart, on a store in which everything can be worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

import materiel
from materiel import editions, reproduction
from materiel.analysis.comparison import Account, Change, Comparison
from materiel.cli import app
from materiel.errors import RunError
from materiel.evidence import grades

NUMBER = "north.stockpiles.shell.initial"
FIRST, REVISED, ARRIVED = "2023-02-01", "2023-04-01", "2023-06-01"
OBSERVED = "series,period,quantity,unit,source,known\nshells,2023-01-01,3,Mround,white,2023-05-02\n"


def claim(source: str, value: str, known: str = "2023-05-01", **more: Any) -> dict[str, Any]:
    return {"source": source, "statement": "says so", "known": known, "published": known, "kind": "reported", "credibility": 3, "value": value} | more


def case(folder: Path, **more: Any) -> str:
    """Return a store: one to two million by a first guess, ten to twenty from March on; a hundred million as of a claim of May that takes half of the weight."""
    claims = {"paper": claim("times", "100 to 200 Mround"), "aside": claim("white", "7 t"), "echo": claim("white", "100 to 200 Mround", origin="paper")}
    initial = {
        "base": "1 to 2 Mround", "because": "a guess", "claims": ["paper", "echo"],
        "revisions": [{"known": "2023-03-01", "base": "10 to 20 Mround", "because": "a better guess"}],
    }  # fmt: skip
    data = {
        "format": 1, "title": "A store", "start": "2023-01-01", "end": "2023-12-31", "as_of": ARRIVED, "items": {"shell": {"unit": "round"}},
        "sources": {
            "times": {"publisher": "The Times", "title": "An article", "published": "2023-01-01", "reliability": "C"},
            "white": {"publisher": "The Ministry", "title": "White paper", "published": "2023-01-01", "reliability": "B"},
            "sat": {"publisher": "Eyes", "title": "Pictures", "published": "2023-01-01", "reliability": "A"},
        },
        "claims": claims, "actors": {"north": {"stockpiles": {"shell": {"item": "shell", "initial": initial}}}},
        "questions": {
            "held": {
                "text": "Rounds held", "value": "north.stockpiles.shell.held", "at": "2023-07-31", "unit": "Mround", "threshold": {"above": "50 Mround"}, "key": True,
            },
            "most": {"text": "Most ever held", "largest": "north.stockpiles.shell.held", "unit": "Mround"},
        },
    }  # fmt: skip
    folder.mkdir(exist_ok=True)
    (folder / "observations.csv").write_text(OBSERVED, encoding="utf-8")
    (folder / "case.yaml").write_text(json.dumps(data | more), encoding="utf-8")
    return str(folder)


def compared(where: str, *days: str, draws: int = 4000, **settings: Any) -> Comparison:
    one = materiel.load(where)
    return editions.compare([one.run(draws=draws, as_of=day, **settings) for day in days], list(days))


def told(change: Change) -> Account:
    (account,) = change.accounts
    return account


def test_three_days_stand_side_by_side(tmp_path):
    found = compared(case(tmp_path), FIRST, REVISED, ARRIVED)
    assert found.labels == [FIRST, REVISED, ARRIVED]
    assert [(row.id, row.text, row.unit, row.key) for row in found.rows] == [
        ("held", "Rounds held", "Mround", True), ("most", "Most ever held", "Mround", False),
    ]  # fmt: skip
    medians = [cell.quantiles[50] for cell in found.rows[0].cells]
    assert medians[:2] == [pytest.approx(2**0.5, rel=0.02), pytest.approx(200**0.5, rel=0.02)]
    assert [cell.probability for cell in found.rows[0].cells] == [0, 0, pytest.approx(0.5, abs=0.03)]
    assert [(change.before, change.after) for change in found.changes] == [(FIRST, REVISED), (REVISED, ARRIVED)]


def test_a_revision_is_told_as_one(tmp_path):
    change, _ = compared(case(tmp_path), FIRST, REVISED, ARRIVED).changes
    assert (change.revised, change.used, change.unused, change.observations) == ([NUMBER], [], [], 0)
    account = told(change)
    assert account.question == "held"
    assert account.before.quantiles[50] == pytest.approx(2**0.5, rel=0.02)
    assert account.revised == account.after
    assert account.after.quantiles[50] == pytest.approx(200**0.5, rel=0.02)
    assert account.arrivals == []


def test_an_arrival_is_told_as_one_with_all_of_its_origin(tmp_path):
    _, change = compared(case(tmp_path), FIRST, REVISED, ARRIVED).changes
    assert (change.revised, change.used, change.unused, change.observations) == ([], ["paper", "echo"], ["aside"], 1)
    account = told(change)
    assert account.revised == account.before, "nothing but the claims made the difference"
    assert account.after.probability == pytest.approx(0.5, abs=0.03)
    (arrival,) = account.arrivals
    assert (arrival.origin, arrival.claims, arrival.numbers) == ("The Times", ["paper", "echo"], [NUMBER])
    assert arrival.without.probability == 0
    assert arrival.without.quantiles[50] == pytest.approx(account.before.quantiles[50], rel=0.03)


def test_a_revision_and_an_arrival_at_once_are_told_apart(tmp_path):
    (change,) = compared(case(tmp_path), FIRST, ARRIVED).changes
    assert (change.revised, change.used) == ([NUMBER], ["paper", "echo"])
    account = told(change)
    assert [cell.quantiles[25] for cell in (account.before, account.revised)] == [pytest.approx(1.23, abs=0.05), pytest.approx(12.3, abs=0.5)]
    assert account.revised.probability == 0
    assert account.after.probability == pytest.approx(0.5, abs=0.03)


def test_runs_that_are_alike_show_no_change(tmp_path):
    (change,) = compared(case(tmp_path), ARRIVED, ARRIVED, draws=400).changes
    assert (change.revised, change.used, change.unused, change.observations) == ([], [], [], 0)
    account = told(change)
    assert account.before == account.revised == account.after
    assert account.arrivals == []


def test_of_several_arrivals_the_one_that_moves_most_comes_first(tmp_path):
    claims = {"little": claim("white", "10 to 20 Mround"), "much": claim("times", "100 to 200 Mround"), "less": claim("sat", "20 to 40 Mround")}
    initial = {"base": "10 to 20 Mround", "because": "a guess", "claims": list(claims)}
    actors = {"north": {"stockpiles": {"shell": {"item": "shell", "initial": initial}}}}
    (change,) = compared(case(tmp_path, claims=claims, actors=actors), REVISED, ARRIVED).changes
    arrivals = told(change).arrivals
    assert change.used == ["little", "much", "less"]
    moved = [abs(one.without.quantiles[50] - told(change).after.quantiles[50]) for one in arrivals]
    assert moved == sorted(moved, reverse=True)
    without = {name: one.without for one in arrivals for name in one.claims}
    assert without["much"].probability == pytest.approx(0, abs=0.01)
    assert without["less"].probability == pytest.approx(1 / 3.2, abs=0.03)


def test_an_arrival_that_the_runs_at_hand_cannot_weigh_is_still_told(tmp_path):
    """Nearly every draw listens to what arrived, so that the later run is repeated without it."""
    claims = {name: claim(name, "100 to 200 Mround", credibility=1, kind="observed") for name in ("times", "white", "sat")}
    initial = {"base": "10 to 20 Mround", "because": "a guess", "claims": list(claims)}
    actors = {"north": {"stockpiles": {"shell": {"item": "shell", "initial": initial}}}}
    where = case(tmp_path, claims=claims, actors=actors)
    (change,) = compared(where, REVISED, ARRIVED, draws=400, rules="trusting").changes
    account = told(change)
    assert account.after.probability > 0.9
    assert account.revised == account.before
    for arrival in account.arrivals:
        again = materiel.load(where).run(draws=400, as_of=ARRIVED, rules="trusting", drop=arrival.claims).questions["held"]
        assert arrival.without.probability == pytest.approx(again.probability, abs=0.05)


def test_questions_can_be_chosen(tmp_path):
    one = materiel.load(case(tmp_path))
    runs = [one.run(draws=200, as_of=day) for day in (REVISED, ARRIVED)]
    (change,) = editions.compare(runs, ["then", "now"], ["most"]).changes
    assert [account.question for account in change.accounts] == ["most"]


@pytest.mark.parametrize(
    "order",
    [
        ["whole", "part"],
        ["part", "whole"],
        ["part", "part", "whole"],
        ["whole", "part", "whole"],
    ],
    ids=" ".join,
)
def test_cases_that_ask_different_things_can_be_compared(tmp_path, order):
    asked = {"most": {"text": "Most ever held", "largest": "north.stockpiles.shell.held", "unit": "Mround", "key": True}}
    cases = {"whole": case(tmp_path / "whole"), "part": case(tmp_path / "part", questions=asked)}
    runs = [materiel.load(cases[name]).run(draws=200, as_of=day) for name, day in zip(order, (FIRST, ARRIVED, ARRIVED), strict=False)]
    cells = {row.id: [cell is not None for cell in row.cells] for row in editions.compare(runs, order).rows}
    assert cells["most"] == [True] * len(order)
    assert cells["held"] == [name == "whole" for name in order]


def invoke(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["compare", *arguments])


def test_the_command_line_prints_both_days_and_what_happened_between_them(tmp_path):
    where = case(tmp_path)
    done = invoke(f"{where}@{FIRST}", f"{where}@{REVISED}", f"{where}@{ARRIVED}", "--draws", "1000")
    assert done.exit_code == 0, done.output
    flat = " ".join(done.stdout.replace("│", " ").split())
    assert "Rounds held" in flat
    assert "Most ever held" not in flat, "only key questions without --all"
    assert f"revised assumptions and decisions: {NUMBER}" in flat
    assert "claims that arrived: paper, echo" in flat
    assert "without The Times (paper, echo; on north.stockpiles.shell.initial)" in flat
    assert "3 claims arrived, 2 of which speak of a number" in flat
    assert "Most ever held" in invoke(f"{where}@{FIRST}", f"{where}@{REVISED}", "--draws", "200", "--all").stdout


def test_the_command_line_gives_plain_data(tmp_path):
    where = case(tmp_path)
    done = invoke(f"{where}@{REVISED}", f"{where}@{ARRIVED}", "--draws", "400", "--json")
    found = json.loads(done.stdout, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert found["changes"][0]["used"] == ["paper", "echo"]
    assert [Path(label).name for label in found["labels"]] == [f"{Path(where).name}@{day}" for day in (REVISED, ARRIVED)]


def test_a_run_without_a_day_is_as_of_the_cases_own(tmp_path):
    where = case(tmp_path)
    done = invoke(where, f"{where}@{ARRIVED}", "--draws", "200", "--json")
    (change,) = json.loads(done.stdout)["changes"]
    assert (change["used"], change["revised"], change["accounts"][0]["before"]) == ([], [], change["accounts"][0]["after"])


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["CASE"], 2, "name two or more"),
        (["CASE@June", "CASE"], 2, "is not a day"),
        (["CASE", "CASE@2023-02-30"], 2, "is not a day"),
        (["CASE", "nowhere@2023-02-01"], 1, "no such case"),
        (["CASE", "CASE", "--rules", "equla"], 1, "did you mean 'equal'"),
        (["CASE", "CASE", "--scenario", "peace"], 1, "unknown scenario 'peace'"),
        (["CASE", "@"], 1, ""),
        (["", ""], 1, ""),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_compared_is_told(tmp_path, arguments, code, message):
    where = case(tmp_path)
    done = invoke(*[word.replace("CASE", where) for word in arguments], "--draws", "50")
    assert done.exit_code == code
    assert message in done.stderr
    assert "Traceback" not in done.output
    assert "internal error" not in done.output


def judged(**more: Any) -> dict[str, Any]:
    """Return publishers, sources and claims of which some are judged anew in April, and one in July."""
    press = {"name": "The Press", "reliability": "C", "revisions": [{"known": "2023-04-15", "reliability": "E", "because": "bought"}]}
    paper = {"title": "A page", "published": "2023-01-01"}
    sources = {
        "times": paper | {"publisher": "press"}, "white": paper | {"publisher": "The Ministry", "reliability": "B"},
        "sat": paper | {"publisher": "Eyes", "reliability": "A", "revisions": [{"known": "2023-04-15", "reliability": "B", "because": "decoys"}]},
    }  # fmt: skip
    claims = {
        "early": claim("times", "100 to 200 Mround", known="2023-01-15", revisions=[{"known": "2023-04-20", "credibility": 5, "because": "refuted"}]),
        "other": claim("white", "10 to 20 Mround", known="2023-01-15", revisions=[{"known": "2023-07-01", "credibility": 1, "because": "borne out"}]),
        "same": claim("sat", "10 to 20 Mround", known="2023-01-15", revisions=[{"known": "2023-04-20", "credibility": 3, "because": "as before"}]),
    }  # fmt: skip
    initial = {"base": "1 to 2 Mround", "because": "a guess", "claims": list(claims)}
    actors = {"north": {"stockpiles": {"shell": {"item": "shell", "initial": initial}}}}
    return {"publishers": {"press": press}, "sources": sources, "claims": claims, "actors": actors, "as_of": "2023-08-01"} | more


def test_what_was_judged_anew_between_two_days_is_told(tmp_path):
    where = case(tmp_path, **judged())
    before, after, late = compared(where, FIRST, REVISED, ARRIVED, "2023-08-01").changes
    assert [change.regraded for change in (before, after, late)] == [[], ["press", "sat", "early"], ["other"]]
    assert (after.used, after.unused, after.revised) == ([], [], []), "no assumption was revised, and no claim arrived"
    assert told(after).arrivals == []
    assert told(after).before.probability == pytest.approx(1 / 4.7, abs=0.03)  # times 1 of 1 + 1 + 1.2 + 1.5
    assert told(after).after.probability == pytest.approx(0.04 / 3.44, abs=0.01)  # 0.04 of 1 + 0.04 + 1.2 + 1.2
    done = invoke(f"{where}@{REVISED}", f"{where}@{ARRIVED}", "--draws", "400")
    assert "judged anew: press, sat, early" in " ".join(done.stdout.replace("│", " ").split())


def saved(where: str, folder: Path, **options: Any) -> str:
    return str(materiel.load(where).run(**options).save(folder))


def test_two_runs_that_were_kept_compare_as_the_days_that_they_were_made_on(tmp_path):
    where = case(tmp_path / "store")
    kept = [saved(where, tmp_path / day, draws=500, seed=3, as_of=day) for day in (REVISED, ARRIVED)]
    named = [f"{where}@{day}" for day in (REVISED, ARRIVED)]
    again, made = (invoke(*runs, "--draws", "500", "--seed", "3", "--json") for runs in (kept, named))
    assert again.exit_code == 0, again.output
    assert json.loads(again.stdout) == json.loads(made.stdout)
    mixed = invoke(kept[0], named[1], "--draws", "500", "--seed", "3", "--json")
    assert json.loads(mixed.stdout) == json.loads(made.stdout)
    assert invoke(*kept, "--draws", "7", "--rules", "equal", "--json").stdout == again.stdout, "a run that was kept has its own options"


def test_runs_of_one_day_are_told_apart_by_their_folders(tmp_path):
    where = case(tmp_path / "store")
    kept = [saved(where, tmp_path / rules, draws=200, rules=rules) for rules in ("plain", "equal")]
    assert json.loads(invoke(*kept, "--json").stdout)["labels"] == ["plain", "equal"]


OPTIONS: list[dict[str, Any]] = [
    {}, {"seed": 7, "as_of": FIRST, "step": 2.0, "engine": "numpy"}, {"scenario": "full"}, {"drop": ["paper"]}, {"drop": ["The Times, of London", "sat"]},
    {"independent": True, "rules": "equal"},
]  # fmt: skip


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: " ".join(options) or "none")
def test_a_run_that_was_kept_is_repeated_to_the_last_bit(tmp_path, options):
    sources = {name: {"publisher": name, "title": "A page", "published": "2023-01-01", "reliability": "B"} for name in ("times", "white", "sat")}
    sources["times"]["publisher"] = "The Times, of London"
    claims = {"paper": claim("times", "100 to 200 Mround"), "echo": claim("white", "100 to 200 Mround", origin="paper"), "seen": claim("sat", "20 Mround")}
    full = {"full": {"text": "A full store", "set": {NUMBER: {"base": "300 to 400 Mround", "because": "for the test"}}}}
    initial = {"base": "1 to 2 Mround", "because": "a guess", "claims": list(claims)}
    actors = {"north": {"stockpiles": {"shell": {"item": "shell", "initial": initial}}}}
    run = materiel.load(case(tmp_path / "store", sources=sources, claims=claims, actors=actors, scenarios=full)).run(draws=300, **options)
    again = reproduction.repeat(run.save(tmp_path / "kept"))
    assert {name: answer.values.tobytes() for name, answer in again.questions.items()} == {
        name: answer.values.tobytes() for name, answer in run.questions.items()
    }
    assert again.case.as_of == run.case.as_of
    assert {key: value for key, value in again.manifest().items() if key != "run"} == {key: value for key, value in run.manifest().items() if key != "run"}


def test_a_run_by_rules_of_a_file_is_repeated_by_that_file(tmp_path):
    mine = tmp_path / "mine.yaml"
    mine.write_text(yaml.safe_dump(grades.rule("equal").model_dump() | {"name": "mine"}), encoding="utf-8")
    run = materiel.load(case(tmp_path / "store")).run(draws=200, rules=str(mine))
    assert reproduction.repeat(run.save(tmp_path / "kept")).questions["held"].probability == run.questions["held"].probability


@pytest.mark.parametrize("file", ["case.yaml", "observations.csv", "claims.yaml"])
def test_a_run_of_a_case_that_has_changed_is_refused_in_one_sentence(tmp_path, file):
    where = case(tmp_path / "store")
    kept = saved(where, tmp_path / "kept", draws=50, as_of=FIRST)
    with (Path(where) / file).open("a", encoding="utf-8") as changed:
        changed.write("\n" if file != "claims.yaml" else "{}\n")
    done = invoke(kept, f"{where}@{ARRIVED}", "--draws", "50")
    assert done.exit_code == 1
    assert done.stderr == f"{kept}: the files of {where} have changed since this run ({file}), so that it cannot be repeated\n"
    assert done.stdout == ""


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"as_of": 3}', "\x00"])
def test_a_folder_that_keeps_no_run_is_told(tmp_path, text):
    where = case(tmp_path / "store")
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "manifest.json").write_text(text, encoding="utf-8")
    done = invoke(str(tmp_path / "kept"), where, "--draws", "50")
    assert (done.exit_code, done.stderr) == (1, f"{tmp_path / 'kept'} keeps no run of this version\n")
    with pytest.raises(RunError, match="keeps no run"):
        reproduction.repeat(tmp_path / "nowhere")


def test_a_run_of_a_case_that_is_gone_is_told(tmp_path):
    where = case(tmp_path / "store")
    kept = saved(where, tmp_path / "kept", draws=50)
    Path(where).rename(tmp_path / "elsewhere")
    done = invoke(kept, str(tmp_path / "elsewhere"), "--draws", "50")
    assert done.exit_code == 1
    assert "no such case" in done.stderr
