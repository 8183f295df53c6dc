from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

import peers
from materiel import load
from materiel.cli import app
from materiel.engine.draws import Sampler
from materiel.engine.symbols import Symbol
from materiel.errors import RunError
from materiel.export import measures, xmile
from materiel.export.flat import Formulas, Names, leaves
from materiel.export.flows import flows
from materiel.export.model import Model, model, numbers
from runs import examples, read

LINE = examples()["lines"]
CONTINGENCY = examples()["contingencies"]
WORDS = {"IF", "THEN", "ELSE", "AND", "OR", "MIN", "MAX", "EXP", "TIME"}


@pytest.fixture(scope="module")
def line() -> Model:
    return model(read(LINE), 0)


@pytest.fixture(scope="module")
def britain() -> Model:
    return model(load("britain-1915").case(), 0)


@pytest.fixture
def case(tmp_path: Path) -> str:
    path = tmp_path / "line.yaml"
    path.write_text(LINE, encoding="utf-8")
    return str(path)


def call(*arguments: str):
    return CliRunner().invoke(app, list(arguments))


def elements(text: str) -> dict[str, ET.Element]:
    root = ET.fromstring(text.encode())  # noqa: S314 (we have just written it)
    return {one.attrib["name"]: one for tag in ("aux", "stock", "flow") for one in root.iter(peers.TAG + tag)}


def said(element: ET.Element, tag: str) -> str:
    return element.findtext(peers.TAG + tag) or ""


# ------------------------------------------------------------------ the flat model


@pytest.mark.parametrize("section", sorted(examples()))
def test_every_variable_comes_after_what_it_reads(section):
    flat = model(read(examples()[section])).flat
    known: set[int] = set()
    for one in flat.variables.values():
        if one.start is not None:
            assert set(leaves(one.start)) <= known
        else:
            assert set(leaves(one.formula)) <= known
        known.add(one.number)
    assert all(set(leaves(level.formula)) <= known for level in flat.of("level"))


@pytest.mark.parametrize("section", sorted(examples()))
def test_names_are_plain_and_differ(section):
    flat = model(read(examples()[section])).flat
    names = [one.name for one in (*flat.variables.values(), *flows(flat))]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[a-z][a-z0-9_]*", name) for name in names)
    assert not any(re.fullmatch("v[0-9]+", name) for name in names)


@pytest.mark.parametrize("section", sorted(examples()))
def test_everything_that_a_case_knows_by_a_path_is_there(section):
    made = model(read(examples()[section]))
    for path, slots in made.program.variables.items():
        for slot in slots:
            one = made.flat.variables[made.flat.numbers[slot]]
            assert one.path == path or one.path.startswith(f"{path}.") or one.path == made.program.labels[slot]


def test_entries_are_called_as_cases_write_them(line):
    paths = {one.path for one in line.flat.of("level")}
    assert {"north.lines.shell.work.1", "north.lines.shell.work.3", "north.lines.shell.consumed.fuze"} <= paths


def test_minima_and_maxima_are_recognised_however_they_are_written():
    made = Formulas()
    a, b = made.variable(1), made.variable(2)
    less, more = made.make("lt", (a, b)), made.make("gt", (a, b))
    found = [made.make("where", args) for args in ((less, a, b), (less, b, a), (more, a, b), (more, b, a), (less, a, a))]
    assert [one.op for one in found] == ["min", "max", "max", "min", "variable"]
    assert made.make("where", (less, a, made.literal(0.0))).op == "where"


def test_equal_formulas_are_one_object():
    made = Formulas()
    assert made.make("add", (made.variable(1), made.literal(2.0))) is made.make("add", (made.variable(1), made.literal(2.0)))


def test_names_are_numbered_where_they_clash():
    names = Names(set())
    assert [names.new(label) for label in ("a.b-1", "a-b.1", "A b 1", "7 days", "?")] == ["a_b_1", "a_b_1_2", "a_b_1_3", "n_7_days", "n_"]


@pytest.mark.parametrize(
    ("unit", "plain"),
    [("(round)/((round))", "1"), ("1/((t)/(gun))", "gun/tonne"), ("(aircraft) day", "aircraft*day"), ("date", "day"), ("(kround/month)/((round))", "kround/month/round"), ("kg^2", "kilogram^2")],
)  # fmt: skip
def test_units_are_written_in_their_shortest_form(unit, plain):
    assert measures.plain(unit) == plain


# ------------------------------------------------------------------ stocks and flows


def test_what_moves_a_level_is_a_flow_term_by_term(line):
    ends = {(flow.leaves, flow.enters): flow for flow in flows(line.flat)}
    number = {one.path: one.number for one in line.flat.variables.values()}
    first, second = number["north.lines.shell.work.1"], number["north.lines.shell.work.2"]
    assert ends[first, second].name == "north_lines_shell_work_1_to_2"
    assert ends[None, first].name == "north_lines_shell_starts_per_day"
    assert ends[None, first].unit == "round/day"
    assert ends[None, number["north.lines.shell.started"]].name == "north_lines_shell_started_in"


def test_a_flow_ends_in_two_levels_at_most_and_every_moved_level_has_one():
    for section in examples():
        flat = model(read(examples()[section])).flat
        made = flows(flat)
        moved = {end for flow in made for end in (flow.leaves, flow.enters)}
        for level in flat.of("level"):
            still = level.formula.op == "variable" and int(level.formula.number) == level.number
            assert (level.number in moved) != still, level.path


def test_issues_of_a_store_are_told_by_claimant(britain):
    held = next(one.number for one in britain.flat.of("level") if one.path == "britain.stockpiles.shell-light.held")
    found = {flow.name for flow in flows(britain.flat) if flow.leaves == held}
    claimants = {f"britain_stockpiles_shell_light_stock_taken_by_britain_contracts_{name}_light_ships_per_day" for name in ("issue", "save", "elsewhere")}
    assert found == claimants | {"britain_stockpiles_shell_light_lost_per_day"}


# ------------------------------------------------------------------ text


def test_brackets_keep_the_order_of_computing(line):
    made = Formulas()
    a, b, c = (made.variable(one.number) for one in line.flat.of("parameter")[:3])
    names = {int(leaf.number): name for leaf, name in zip((a, b, c), "abc", strict=True)}

    def text(op: str, *args: Symbol) -> str:
        return xmile.equation(made.make(op, args), names)

    add, mul = made.make("add", (b, c)), made.make("mul", (b, c))
    assert text("add", a, add) == "a + (b + c)"
    assert text("add", add, a) == "b + c + a"
    assert text("sub", a, made.make("sub", (b, c))) == "a - (b - c)"
    assert text("mul", a, add) == "a * (b + c)"
    assert text("div", a, mul) == "a / (b * c)"
    assert text("div", mul, a) == "b * c / a"
    assert text("sub", a, made.make("neg", (add,))) == "a - (-(b + c))"
    assert text("neg", a) == "-(a)"
    assert text("add", a, made.literal(-0.1)) == "a + (-0.1)"
    assert text("min", add, made.literal(1e-05)) == "MIN(b + c, 1e-05)"
    both = made.make("and", (made.make("lt", (a, b)), made.make("ge", (b, add))))
    assert (
        text("where", both, made.make("where", (made.make("gt", (a, c)), a, made.literal(0.0))), c)
        == "IF (a < b) AND (b >= (b + c)) THEN (IF a > c THEN a ELSE 0.0) ELSE c"
    )


@pytest.mark.parametrize("section", sorted(examples()))
def test_only_words_that_all_tools_take_alike_are_used(section):
    text = xmile.text(model(read(examples()[section])))
    found = elements(text)
    used = {word for one in found.values() for word in re.findall(r"[A-Za-z_][A-Za-z0-9_]*", re.sub(r"\d[\d.]*e[+-]?\d+", "", said(one, "eqn")))}
    assert used - WORDS <= found.keys()
    assert "non_negative" not in text
    assert all(said(one, "units") and said(one, "doc") for one in found.values())


def test_numbers_lose_no_digit(line):
    found = elements(xmile.text(line))
    for one in line.flat.of("parameter"):
        assert float(said(found[one.name], "eqn").strip("()")) == one.value


def test_the_method_and_the_length_of_a_period_are_stated():
    text = xmile.text(model(read(LINE, 7.0)))
    specs = next(ET.fromstring(text.encode()).iter(f"{peers.TAG}sim_specs"))  # noqa: S314
    assert specs.attrib == {"method": "euler", "time_units": "day"}
    assert (said(specs, "dt"), said(specs, "stop")) == ("7.0", "364.0")
    assert said(elements(text)["period"], "eqn") == "7.0"


def test_the_header_says_what_it_is(line):
    header = next(ET.fromstring(xmile.text(line).encode()).iter(f"{peers.TAG}header"))  # noqa: S314
    caption = said(header, "caption")
    assert said(header, "name") == line.case.title
    for part in ("draw 0 of seed 1", str(line.case.as_of), line.case.digest, "rules of evidence plain"):
        assert part in caption


def test_notes_say_what_a_number_rests_on(britain):
    of_draw = elements(xmile.text(britain))["britain_lines_bodies_light_capacity"]
    of_all = elements(xmile.text(replace(britain, draw=None)))["britain_lines_bodies_light_capacity"]
    for note in (said(of_draw, "doc"), said(of_all, "doc")):
        assert note.startswith("britain.lines.bodies-light.capacity: output of one shift fully used")
        assert "Base 8 to 60 kbody/month: " in note
    assert "This draw listens to " in said(of_draw, "doc")
    assert re.search(r"Median of a pool: \d+ % the base; \d+ % origin [a-z-]+, claim [a-z0-9-]+ \(", said(of_all, "doc"))


# ------------------------------------------------------------------ which numbers


@pytest.mark.parametrize("draw", [0, 3, 11])
def test_a_draw_has_the_numbers_of_a_run_bit_for_bit(britain, draw):
    priors = [prior for _, prior in britain.program.priors]
    assert (numbers(priors, draw, 5) == Sampler(priors).draw(5, 0, 12)[:, draw]).all()


def test_medians_are_those_of_the_priors_and_shares_of_a_mix_add_up(britain):
    priors = [prior for _, prior in britain.program.priors]
    found = dict(zip((prior.path for prior in priors), numbers(priors, None, 1), strict=True))
    plain = next(prior for prior in priors if len(prior.parts) > 1)
    assert found[plain.path] == float(plain.percentiles([50])[0])
    shares = {prior.path: found[prior.path] for prior in priors if prior.mix and "light" in prior.path}
    assert shares
    assert sum(shares.values()) == pytest.approx(1.0)


def test_a_draw_ends_where_its_run_ends(tmp_path):
    """What a question answers in a draw of a run is what its gauge reads at the end of that draw's export."""
    path = tmp_path / "line.yaml"
    path.write_text(LINE, encoding="utf-8")
    (answer,) = load(path).run(draws=6, seed=4).questions.values()
    made = load(path).model(5, 4)
    series, _ = peers.in_simlin(xmile.text(made), tmp_path)
    assert series[f"gauges_{answer.asked.id}_kept"][-1] == pytest.approx(answer.values[5], rel=1e-12)


def test_a_question_chooses_its_branch(tmp_path):
    path = tmp_path / "war.yaml"
    path.write_text(CONTINGENCY, encoding="utf-8")
    study = load(path)
    peace, war = study.model(0), study.model(0, question="left")
    begins = [next(one for one in made.flat.of("parameter") if one.path == "contingencies.war.begins") for made in (peace, war)]
    assert [one.value for one in begins] == [1e6, 9.0]
    assert (list(peace.asked), list(war.asked)) == ([], ["left"])
    assert "contingencies.war beginning on 2023-01-10" in xmile.text(war)
    assert "Set by the branch. The day is 2023-01-10." in said(elements(xmile.text(war))["contingencies_war_begins"], "doc")


def test_a_question_of_a_scenario_is_exported_in_it():
    made = load("britain-1915").model(0, question="slow-fuzes-1916")
    assert (made.case.scenario, list(made.asked)) == ("slow-fuzes", ["slow-fuzes-1916"])


def test_a_question_that_is_not_asked_or_is_a_ratio_is_told():
    with pytest.raises(RunError, match="unknown question 'slow-fuse-1916'; did you mean 'slow-fuzes-1916'"):
        load("britain-1915").model(question="slow-fuse-1916")
    with pytest.raises(RunError, match="question 'growth' is a ratio; name one of filled-1916-h2 and filled-1915-h1"):
        load("britain-1915").model(question="growth")


# ------------------------------------------------------------------ the command


def test_export_writes_a_file_and_replaces_its_own(case, tmp_path):
    path = tmp_path / "made" / "line.xmile"
    for draw in ("median", "0"):
        done = call("export", case, "--xmile", str(path), "--draw", draw)
        assert (done.exit_code, done.stdout) == (0, f"{path}\n")
    assert "draw 0 of seed 1" in path.read_text(encoding="utf-8")
    assert path.read_text(encoding="utf-8") == call("export", case, "--xmile", "-", "--draw", "0").stdout


def test_export_leaves_other_files_alone(case, tmp_path):
    path = tmp_path / "thesis.xmile"
    path.write_text("<xmile><header><product>another tool</product></header></xmile>", encoding="utf-8")
    done = call("export", case, "--xmile", str(path))
    assert (done.exit_code, done.stdout) == (1, "")
    assert "is no export of materiel and is left as it is" in done.stderr
    assert "another tool" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("draw", ["-1", "1.5", "mean", "", "²"])
def test_a_draw_that_is_none_is_wrong_usage(case, draw):
    done = call("export", case, "--xmile", "-", "--draw", draw)
    assert done.exit_code == 2
    assert "Traceback" not in done.output


def test_export_in_a_folder_that_cannot_be_is_told(case, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = call("export", case, "--xmile", str(tmp_path / "file" / "line.xmile"))
    assert done.exit_code == 1
    assert "cannot be written" in done.stderr


def test_export_reads_the_case_as_a_run_does(case):
    text = call("export", case, "--xmile", "-", "--step", "7", "--seed", "9", "--draw", "2", "--rules", "strict").stdout
    assert said(elements(text)["period"], "eqn") == "7.0"
    assert "draw 2 of seed 9; rules of evidence strict" in text


def test_help_explains_and_exits_with_nought():
    done = call("export", "--help")
    assert done.exit_code == 0
    assert "--xmile" in done.stdout
