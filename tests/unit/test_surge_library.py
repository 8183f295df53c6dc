"""The library of surges: every figure has its source, every series its tags, and what is left out its reason."""

from __future__ import annotations

import csv
from collections import Counter
from itertools import pairwise

import pytest

from materiel.surges import library, summary
from materiel.surges.periods import per, read
from materiel.surges.reading import read_series

ROWS = library.rows("output")
SOURCES = {row["source"]: row for row in library.rows("sources")}


def test_every_figure_has_a_source_that_is_there_and_a_standing():
    assert {row["source"] for row in ROWS} <= SOURCES.keys()
    assert {row["standing"] for row in ROWS} == {"verified", "seen"}
    for row in SOURCES.values():
        assert all(row[column] for column in ("source", "title", "address", "licence")), row
        assert row["reliability"] in tuple("ABCDEF")


def test_every_promise_has_a_source_and_none_is_announced_after_it_is_due():
    for row in library.rows("promises"):
        assert {row["source"], row["outcome"] or row["source"], row["level_source"] or row["source"]} <= SOURCES.keys()
        assert bool(row["level"]) == bool(row["level_source"]), row
        if row["level"] and row["reached"]:
            assert row["known"] >= read(row["period"]).end.isoformat(), row  # nobody knew it before
        assert row["announced"] <= read(row["period"]).end.isoformat()
        assert row["standing"] in ("verified", "seen")
        assert not row["reached"] or row["outcome"], row


def test_every_source_is_cited():
    promises = library.rows("promises")
    cited = {row["source"] for row in ROWS} | {row[name] for row in promises for name in ("source", "outcome", "level_source")}
    assert SOURCES.keys() - cited == set()


def test_series_and_figures_name_each_other():
    names = [row["series"] for row in library.rows("series")]
    assert Counter(names).most_common(1)[0][1] == 1
    assert {row["series"] for row in ROWS} == set(names)
    assert {row["series"] for row in library.rows("promises")} - {""} <= set(names)


@pytest.mark.parametrize("surge", library.everything(), ids=lambda one: one.series.name)
def test_tags_are_of_their_kinds_and_periods_do_not_overlap(surge):
    assert surge.item in {"shell", "gun", "small arms", "cartridge", "aircraft", "engine", "machine gun", "powder", "ship"}
    assert surge.stages in {"one", "many"}
    assert surge.plant in {"new", "converted", "existing", "mixed"}
    assert surge.ended is None or surge.begun < surge.ended
    assert all(one.period.end <= other.period.start for one, other in pairwise(surge.series.points))
    assert all(one.quantity >= 0 for one in surge.series.points)
    assert len(surge.series.points) >= 4 or surge.dropped


def test_what_is_left_out_says_why():
    reasons = {one.series.name: one.dropped for one in library.everything() if one.dropped}
    assert reasons["uk-1914-filled-shell-total"] == "total beside its parts"
    assert reasons["us-1917-cartridges-cumulative"].startswith("cumulative")
    assert reasons["fr-1914-shell-75mm-fired"] == "consumption"
    assert reasons["fr-1914-shell-155mm"] == "fewer than four points"
    assert not set(reasons) & {one.series.name for one in library.surges()}


def test_parts_add_up_to_the_totals_that_are_left_out():
    by = {one.series.name: one.series for one in library.everything()}
    for stem, parts in (("uk-1914-filled-shell", 4), ("uk-1914-new-guns", 4)):
        pieces = [series for name, series in by.items() if name.startswith(stem) and not name.endswith("total")]
        assert len(pieces) == parts
        sums = [sum(column) for column in zip(*([one.quantity for one in series.points] for series in pieces), strict=True)]
        assert sums == pytest.approx([one.quantity for one in by[f"{stem}-total"].points], abs=0.11)
    kinds = ("heavy-bombers", "medium-bombers", "light-bombers", "fighters", "reconnaissance", "naval", "trainers")
    columns = zip(*([one.quantity for one in by[f"uk-1939-aircraft-{kind}"].points] for kind in kinds), strict=True)
    assert [sum(column) for column in columns] == [one.quantity for one in by["uk-1939-aircraft-monthly"].points]


def test_differences_of_the_cumulative_series_are_its_flow():
    by = {one.series.name: one.series for one in library.everything()}
    total = by["us-1917-cartridges-cumulative"].points
    assert [one.quantity for one in by["us-1917-cartridges"].points] == [b.quantity - a.quantity for a, b in pairwise(total)]


def test_months_of_a_year_add_up_to_the_quarters():
    by = {one.series.name: one.series for one in library.everything()}
    months = [one.quantity for one in by["uk-1939-aircraft-monthly"].points][:12]
    quarters = [one.quantity for one in by["uk-1939-aircraft-quarterly"].points if one.period.text.startswith("1940")]
    assert [sum(months[i : i + 3]) for i in (0, 3, 6, 9)] == quarters


def test_the_table_of_figures_is_itself_a_file_that_backtest_reads(tmp_path):
    path = tmp_path / "kept.csv"
    kept = {one.series.name for one in library.surges()}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(ROWS[0]))
        writer.writeheader()
        writer.writerows(row for row in ROWS if row["series"] in kept)
    found = {one.name: one for one in read_series(path, "kept.csv")}
    for surge in library.surges():
        assert found[surge.series.name].points == surge.series.points
        assert per(surge.series.unit) == per(found[surge.series.name].unit)


def test_a_baseline_is_named_for_every_horizon_and_is_the_best_that_is_there():
    table = [(int(row["horizon"]), row["baseline"], float(row["crps"])) for row in library.rows("baselines")]
    names = {name for _, name, _ in table}
    assert {"last value", "damped trend", "ETS"} <= names
    for there in (names, {"last value", "drift"}):
        found = summary.rivals(there)
        assert set(found) == {1, 2, 3, 4, 5, 6}
        assert all(crps >= next(best for h, name, best in table if (h, name) == (periods, found[periods])) for periods, name, crps in table if name in there)
