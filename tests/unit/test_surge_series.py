"""Periods, rates, and files of output: what is read, and what is refused, in which words."""

from __future__ import annotations

import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from materiel.errors import CaseError
from materiel.surges import periods
from materiel.surges.reading import flags, read_series

MONTH = 365.25 / 12


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2023", "2023-01-01", "2024-01-01"), ("2023-H1", "2023-01-01", "2023-07-01"), ("2023-H2", "2023-07-01", "2024-01-01"), ("2023-Q4", "2023-10-01", "2024-01-01"),
        ("2023-12", "2023-12-01", "2024-01-01"), ("2023-05-31", "2023-05-31", "2023-06-01"), ("1914-08/1915-06", "1914-08-01", "1915-07-01"),
        ("1914-08..1915-06", "1914-08-01", "1915-07-01"), ("2023-05-01/2023-05-14", "2023-05-01", "2023-05-15"), ("2023-Q1/2023-Q2", "2023-01-01", "2023-07-01"),
    ],
)  # fmt: skip
def test_periods_are_read_as_people_write_them(text, start, end):
    found = periods.read(text)
    assert (found.start.isoformat(), found.end.isoformat(), found.text) == (start, end, text)


@pytest.mark.parametrize("text", ["2023-13", "2023-Q5", "2023-H3", "May 2023", "", "2023-02-30", "23-05", "9999-12", "2023/", "2023-05/x"])
def test_what_is_no_period_is_refused(text):
    with pytest.raises(ValueError, match="is no"):
        periods.read(text)


def test_a_period_that_ends_before_it_starts_is_refused():
    with pytest.raises(ValueError, match="'2023-05/2023-04' ends before it starts"):
        periods.read("2023-05/2023-04")


def test_amounts_are_spread_over_their_periods_and_rates_are_not():
    year = periods.read("2023")
    assert periods.rate(365, "rounds", year) == pytest.approx(MONTH)
    assert periods.rate(365, "rounds/year", year) == pytest.approx(365 / 12)
    assert periods.rate(2, "rounds/day", year) == pytest.approx(2 * MONTH)
    assert periods.rate(7, "rounds/week", year) == pytest.approx(MONTH)
    assert periods.rate(9, "trains/months", year) == pytest.approx(9)
    assert periods.per("rounds") is None
    assert periods.per("tonnes/plant") is None


@given(
    st.floats(0, 1e9),
    st.sampled_from(["guns", "guns/day", "guns/half-year", "thousand rounds/quarter"]),
    st.sampled_from(["2023", "2023-02", "1914-08/1915-06"]),
)
def test_a_rate_and_its_quantity_are_inverse(quantity, unit, text):
    period = periods.read(text)
    assert periods.quantity(periods.rate(quantity, unit, period), unit, period) == pytest.approx(quantity)


def told(tmp_path, rows, targets=None):
    """All problems of a file, each as line:column: found; allowed."""
    path, promises = tmp_path / "output.csv", tmp_path / "targets.csv"
    path.write_text(rows, encoding="utf-8")
    if targets is not None:
        promises.write_text(targets, encoding="utf-8")
    with pytest.raises(CaseError) as caught:
        read_series(path, "output.csv", promises if targets is not None else None)
    return [str(one).replace(str(tmp_path) + "/", "") for one in caught.value.problems]


GOOD = "period,quantity,unit\n2023-01,5,guns\n2023-02,6,guns\n2023-03,0,guns\n2023-05,8,guns\n"


def test_a_series_is_ordered_and_keeps_its_gaps(tmp_path):
    path = tmp_path / "guns.csv"
    path.write_text("period,quantity,unit,lower,upper\n2023-05,8,guns,,9\n2023-01,5,guns,4,\n2023-03,0,guns,,\n2023-02,6,guns,,\n", encoding="utf-8")
    (series,) = read_series(path, "guns.csv")
    assert (series.name, series.unit, [one.quantity for one in series.points]) == ("guns", "guns", [5, 6, 0, 8])
    assert (series.points[0].lower, series.points[3].upper) == (4, 9)
    past = series.past(4)
    assert past.times == pytest.approx([-4, -3, -2, 0], abs=0.1)


def test_all_that_is_wrong_is_told_at_once(tmp_path):
    rows = (
        "series,period,quantity,unit,lower\n"
        "a,2023-01,-5,guns,\n"
        'a,2023-02,"1,5",guns,\n'
        "a,2023-03,,guns,\n"
        "a,2023-13,4,guns,\n"
        "a,2023-04,7,thousand guns,\n"
        "a,2023-04,8,guns,9\n"
        "a,2023-Q2,8,guns,\n"
        "a,2023-08,8,guns,\n"
        "b,2023-01,4,rounds,\n"
    )
    assert told(tmp_path, rows) == [
        "output.csv:2:3: quantity -5 is negative; output of nought or more",
        "output.csv:3:3: '1,5' is not a number; a plain number, such as 1200 or 1.5",
        "output.csv:4:3: quantity is blank; a number; leave out the row of a period about which nothing is known",
        "output.csv:5:2: '2023-13' is no period; 2023-05, 2023-Q2, 2023-H1, 2023, 2023-05-31, or two of them as FIRST/LAST",
        "output.csv:6:4: unit 'thousand guns' in a series in 'guns'; one unit in a series; 'guns' stands in line 2",
        "output.csv:7:2: period '2023-04' stands twice in 'a'; one '2023-04'; the first is in line 6",
        "output.csv:7:5: 9 is above the quantity 8; at most the quantity",
        "output.csv:8:2: period '2023-Q2' overlaps '2023-04'; periods apart; '2023-04' is in line 7",
        "output.csv:10:2: series 'b' has 1 point; at least 4: three to forecast from, one to hold the forecast against",
    ]


def test_a_series_that_says_it_is_cumulative_is_refused(tmp_path):
    rows = GOOD.replace("guns", "guns (cumulative)")
    assert told(tmp_path, rows) == [
        "output.csv:2:3: unit 'guns (cumulative)' says 'cumulative': that each row counts everything so far; what was made in each period: the differences"
    ]
    rows = "series,period,quantity,unit\n" + "".join(f"Guns to date,2023-{i:02},{i},guns\n" for i in range(1, 6))
    assert told(tmp_path, rows) == [
        "output.csv:2:1: series 'Guns to date' says 'to date': that each row counts everything so far; what was made in each period: the differences"
    ]


def test_the_name_of_a_file_is_no_word_of_its_rows(tmp_path):
    path = tmp_path / "not-cumulative.csv"
    path.write_text(GOOD, encoding="utf-8")
    (series,) = read_series(path, "not-cumulative.csv")
    assert flags(series) == [
        "not-cumulative.csv:2:1: the name not-cumulative says 'cumulative': if it counts everything so far, give what was made in each period instead"
    ]


def test_a_unit_that_changes_is_told_once_with_its_first_line(tmp_path):
    rows = "period,quantity,unit\n" + "".join(f"2023-{i:02},{i},{'guns' if i < 4 else 'thousand guns'}\n" for i in range(1, 10))
    assert told(tmp_path, rows) == ["output.csv:5:3: unit 'thousand guns' in a series in 'guns', in 6 rows; one unit in a series; 'guns' stands in line 2"]


def test_a_series_that_never_falls_is_flagged_and_read(tmp_path):
    path = tmp_path / "shells.csv"
    path.write_text("period,quantity,unit\n" + "".join(f"2023-{i:02},{i * 100},rounds\n" for i in range(1, 10)), encoding="utf-8")
    (series,) = read_series(path, "shells.csv")
    assert flags(series) == [
        "shells.csv:2:1: shells never falls in 9 points, 2023-01 to 2023-09: if it counts everything so far, give what was made in each period instead"
    ]
    path.write_text(GOOD, encoding="utf-8")
    assert flags(read_series(path, "shells.csv")[0]) == []


def test_a_steady_series_is_not_flagged(tmp_path):
    path = tmp_path / "steady.csv"
    path.write_text("period,quantity,unit\n" + "".join(f"2023-{i:02},7,rounds\n" for i in range(1, 10)), encoding="utf-8")
    assert flags(read_series(path, "steady.csv")[0]) == []


def test_a_file_without_rows_is_refused(tmp_path):
    assert told(tmp_path, "\n") == ["output.csv:1:1: the file is empty; a row of column names"]
    assert told(tmp_path, "period,quantity,unit\n") == ["output.csv:2:1: no row below the names of the columns; a row for each period"]


def test_a_workbook_is_read_as_the_same_series(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (("period", "quantity", "unit"), ("2023-01", 5, "guns"), ("2023-02", 6.5, "guns"), ("2023-03", 0, "guns"), (2024, 80, "guns")):
        book.active.append(row)
    book.save(tmp_path / "guns.xlsx")
    (series,) = read_series(tmp_path / "guns.xlsx", "guns.xlsx")
    assert [(one.period.text, one.quantity) for one in series.points] == [("2023-01", 5), ("2023-02", 6.5), ("2023-03", 0), ("2024", 80)]


def test_missing_and_misspelt_columns_are_told(tmp_path):
    assert told(tmp_path, "period,quantty,unit\n2023-01,1,guns\n") == [
        "output.csv:1:2: unknown column 'quantty'; period, quantity, unit, series, lower, upper, source, standing, note; did you mean 'quantity'?"
    ]


def test_targets_are_read_and_what_is_wrong_with_them_is_told(tmp_path):
    path, promises = tmp_path / "guns.csv", tmp_path / "targets.csv"
    path.write_text(GOOD, encoding="utf-8")
    promises.write_text("announced,period,target\n2023-02-15,2023,120\n", encoding="utf-8")
    (series,) = read_series(path, "guns.csv", promises)
    (target,) = series.targets
    assert (target.announced, target.monthly) == (datetime.date(2023, 2, 15), pytest.approx(120 / 365 * MONTH))
    assert told(tmp_path, GOOD, "announced,period,target,series,unit\nMarch,2023,5,output,guns\n2023-03-01,2023,-5,output,guns\n2023-03-01,2023,5,outputs,guns\n2023-03-01,2023,5,output,tanks\n") == [
        "targets.csv:2:1: 'March' is not a day; a day as YYYY-MM-DD",
        "targets.csv:3:3: target -5 is negative; output of nought or more",
        "targets.csv:4:4: no series 'outputs'; output; did you mean 'output'?",
        "targets.csv:5:5: a target in 'tanks' for a series in 'guns'; guns",
    ]  # fmt: skip


def test_a_promise_is_known_only_once_it_was_made(tmp_path):
    path, promises = tmp_path / "guns.csv", tmp_path / "targets.csv"
    path.write_text(GOOD, encoding="utf-8")
    promises.write_text("announced,period,target\n2023-02-28,2023,120\n2023-03-31,2023,240\n", encoding="utf-8")
    (series,) = read_series(path, "guns.csv", promises)
    assert [len(series.past(count).targets) for count in (1, 2, 3, 4)] == [0, 1, 2, 2]


def test_the_scale_of_scores_is_undone_and_knows_nought():
    from materiel.surges.series import Past

    past = Past(np.array([0.0, 2.0, 4.0]), np.array([0.0, 1.0, 2.0]))
    assert past.level == 2
    assert past.logs == pytest.approx(np.log([1, 2, 3]))
    assert past.unscaled(past.logs) == pytest.approx(past.rates)
