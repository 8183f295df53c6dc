"""As of a day, nothing that was known later is there: a case with something later planted in every place gives the same as the case without, letter by letter.

What has no day cannot be hidden, and is not planted here: the structure of a case (a further component or entry), its words and questions, correlations, what an
origin repeats, reasons of numbers that are not revised (which may cite nothing later than the day as of which the case was written), the words of a claim itself.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from typer.testing import CliRunner

from materiel import editions, study
from materiel.case.files import shelf
from materiel.case.loading import load
from materiel.cli import app
from materiel.engine.draws import sample
from materiel.options import Options, Reading
from materiel.report.html import render
from strategies import between, constant, day

Data = dict[str, Any]
Files = dict[str, Any]

NOW, LATER, WRITTEN, END = 30, 40, 50, 90
"""Days: as of which is asked, on which everything planted is known, as of which the case was written, and the last."""
DRAWS, SEED = 300, 1


def claim(of: str, value: str | float | None = None, known: int = 5, **more: Any) -> Data:
    made = {"source": of, "statement": "So much", "known": day(known), "published": day(known), "kind": "reported", "credibility": 3}
    return made | ({} if value is None else {"value": value}) | more


def later(of: str, value: str | float | None = None, **more: Any) -> Data:
    return claim(of, value, LATER, **({"credibility": 1, "statement": "Known later"} | more))


def said(low: float, high: float, unit: str, *claims: str) -> Data:
    return between(low, high, unit) | {"claims": list(claims)}


def plain() -> Files:
    """Return the files of a case in which claims stand wherever they can, all of them known by the day."""
    numbers: Data = {
        "shared": {"stock": said(2.0, 50.0, "Mround", "count", "echo", "rounds", "passed-on", "passed-on-too")}, "classes": {"paces": said(1.0, 5.0, "kround/day", "pace")},
        "mixes": {"order": {"light": said(2.0, 8.0, "", "light"), "heavy": between(0.5, 20.0)}},
        "conversions": {"standard": {"shell": said(0.5, 0.9, "", "worth")}},
    }  # fmt: skip
    north: Data = {
        "stockpiles": {"shell": {"item": "shell", "initial": {"shared": "stock"}, "unserviceable": said(0.1, 0.4, "", "bad")}},
        "supplies": {"fuze": {"item": "fuze", "rate": between(5.0, 9.0, "kfuze/day"), "first_day": {"base": f"{day(1)} to {day(9)}", "because": "so", "claims": ["opens"]}}},
        "lines": {"shell": {
            "item": "shell", "capacity": between(2.0, 9.0, "kround/day"), "lead_time": between(2.0, 9.0, "day"), "inputs": {"fuze": said(1.0, 1.5, "fuze/round", "need")},
        }},
        "demands": {"use": {
            "item": "shell", "source": "north.stockpiles.shell", "rate": {"base": {"class": "paces"}, "claims": ["pace-of-use"]}, "contingency": "war",
            "war_rate": between(9.0, 90.0, "kround/day"), "calendar": [{"first_day": day(20), "until": day(60), "rate": said(1.0, 9.0, "kround/day", "exercise")}],
        }},
        "contracts": {name: {
            "item": "shell", "to": "south.shell", "source": "north.stockpiles.shell", "tonnage": between(9.0, 20.0, "kt"), "first_day": constant(day(10)),
            "duration": constant(60.0, "day"), "share": {"mix": "order", "part": name},
        } for name in ("light", "heavy")},
        "directives": {"surge": {
            "date": {"constant": "never", "because": "nobody speaks of it"}, "acts": {"lines.shell.target": {"multiply": said(1.2, 3.0, "", "boost")}},
        }},
    }  # fmt: skip
    case = {
        "format": 1, "title": "A store with claims", "start": day(0), "end": day(END), "as_of": day(WRITTEN), "step": "6 day", "scales": ["icd-203", "presse-fr"],
        "items": {"shell": {"unit": "round", "mass": said(40.0, 70.0, "kg/round", "mass")}, "fuze": {"unit": "fuze"}}, "contingencies": {"war": {}},
        "actors": {"north": north, "south": {"stockpiles": {"shell": {"item": "shell", "initial": constant(0.0, "round")}}}},
        "scenarios": {"wet": {"text": "A wet year", "set": {"north.demands.use.war_rate": said(20.0, 90.0, "kround/day", "rain")}}},
    }  # fmt: skip
    held = {"value": "north.stockpiles.shell.held", "at": day(80)}
    questions = {
        "left": {"text": "Rounds left", "judgement": "more than nine million are left", **held, "threshold": {"above": "9 Mround"}, "key": True, "fan": True, "observed": "counts"},
        "war": {"text": "Rounds left in a war", "if": f"war on {day(45)}", **held}, "wet": {"text": "Rounds left in a wet war", "with": "wet", "if": f"war on {day(45)}", **held},
        "sent": {"text": "Standard rounds sent", "total": ["north.contracts.light.ships", "north.contracts.heavy.ships"], "conversion": "standard", "unit": "kround"},
        "made": {"text": "Rounds made", "total": "north.lines.shell.made", "end": day(85)},
    }  # fmt: skip
    claims = {
        "count": claim("pictures", "8 Mround", kind="observed", note="the better of two", about="shared.stock"), "echo": claim("times", "8 Mround", 6, origin="count"),
        "tons": claim("times", "500 kt", origin="agency", hedge="likely"), "mass": claim("manual", "50 kg/round"), "good": claim("post", "0.9"),
        "rounds": claim("post", None, 7, kind="converted", formula="tons / mass", terms={"tons": "tons", "mass": "mass"}, agrees=["count"]),
        "pace": claim("post", "2 kround/day"), "pace-of-use": claim("times", "3 kround/day", contradicts=["pace"], doubt="pace says otherwise"),
        "light": claim("times", 4), "worth": claim("manual", "0.7"), "bad": claim("post", "0.2"), "opens": claim("times", day(5)), "need": claim("manual", "1.1 fuze/round"),
        "exercise": claim("post", "4 kround/day"), "boost": claim("times", 2), "rain": claim("times", "40 kround/day"), "unused": claim("post", about="left", contradicts=["rounds"]),
        "bare": claim("times", "9 Mround", about="left"), "passed-on": claim("globe", "9 Mround"), "passed-on-too": claim("post", "9 Mround"),
    }  # fmt: skip
    paper = {"title": "A paper", "published": day(-9)}
    sources = {
        "pictures": paper | {"publisher": "Eyes", "reliability": "B"}, "times": paper | {"publisher": "press"}, "post": paper | {"publisher": "press", "reliability": "C"},
        "globe": paper | {"publisher": "press"}, "abacus": paper | {"publisher": "Army", "reliability": "B", "published": day(12)}, "manual": paper | {"publisher": "Army", "reliability": "A", "note": "a good one"},
    }  # fmt: skip
    return {
        "case.yaml": case | numbers, "questions.yaml": questions, "claims.yaml": claims, "sources.yaml": sources,
        "publishers.yaml": {"press": {"name": "The press", "reliability": "C"}}, "origins.yaml": {"mnd": {"title": "Ministry"}, "agency": {"title": "Agency", "repeats": "mnd"}},
        "observations.csv": [["series", "period", "quantity", "unit", "source", "known", "credibility", "note"], ["counts", day(10), "8", "Mround", "pictures", day(12), "2", ""], ["counts", day(11), "8", "Mround", "abacus", day(13), "2", ""]],
    }  # fmt: skip


# ---------------------------------------------------------------------------- what is planted, place by place

Plant = Callable[[Files], None]
PLANTS: dict[str, Plant] = {}


def plant(function: Plant) -> Plant:
    PLANTS[function.__name__] = function
    return function


def at(files: Files, path: str) -> Any:
    """Return the number of case.yaml at a path."""
    here = files["case.yaml"]
    for step in path.split("/"):
        here = here[int(step)] if isinstance(here, list) else here[step]
    return here


def first(files: Files, name: str, one: Data, file: str = "claims.yaml") -> None:
    """Add a claim before all others, where its place would count most."""
    files[file] = {name: one} | files[file]


def planted_in(path: str, value: str | float, **more: Any) -> Plant:
    """Return what plants a claim into the list of a number."""

    def put(files: Files) -> None:
        first(files, f"late-{path.replace('/', '-')}", later("globe", value, **more))
        at(files, path)["claims"].insert(0, f"late-{path.replace('/', '-')}")

    return put


def revised_at(path: str, **number: Any) -> Plant:
    """Return what plants a revision of a number."""

    def put(files: Files) -> None:
        at(files, path)["revisions"] = [{"known": day(LATER), "because": "it turned out otherwise", **number}]

    return put


PLACES: dict[str, tuple[str | float, str]] = {
    "shared/stock": ("30 Mround", "5 to 90 Mround"), "classes/paces": ("9 kround/day", "2 to 20 kround/day"), "mixes/order/light": (40, "20 to 80"),
    "conversions/standard/shell": ("0.1", "0.05 to 0.2"), "items/shell/mass": ("90 kg/round", "80 to 100 kg/round"),
    "actors/north/stockpiles/shell/unserviceable": ("0.8", "0.7 to 0.9"), "actors/north/supplies/fuze/first_day": (day(70), f"{day(60)} to {day(80)}"),
    "actors/north/lines/shell/inputs/fuze": ("9 fuze/round", "5 to 9 fuze/round"), "actors/north/demands/use/rate": ("30 kround/day", "20 to 40 kround/day"),
    "actors/north/demands/use/calendar/0/rate": ("90 kround/day", "50 to 90 kround/day"),
    "actors/north/directives/surge/acts/lines.shell.target/multiply": ("9", "5 to 9"), "scenarios/wet/set/north.demands.use.war_rate": ("300 kround/day", "200 to 400 kround/day"),
}  # fmt: skip
"""Every kind of place that a number may stand in, with a claim and a base for it."""
for _path, (_claimed, _base) in PLACES.items():
    PLANTS[f"claim in {_path}"] = planted_in(_path, _claimed)
    PLANTS[f"base of {_path}"] = revised_at(_path, base=_base)
PLANTS["constant of a contract"] = revised_at("actors/north/contracts/light/duration", constant="10 day")


@plant
def a_decision(files: Files) -> None:
    at(files, "actors/north/directives/surge/date")["revisions"] = [{"known": day(LATER), "constant": day(LATER), "because": "it was announced"}]


@plant
def a_conversion_of_an_early_and_a_late_term(files: Files) -> None:
    first(files, "late-mass", later("manual", "10 kg/round"))
    first(files, "late-rounds", later("post", kind="converted", formula="tons / mass", terms={"tons": "tons", "mass": "late-mass"}))
    at(files, "shared/stock")["claims"].insert(0, "late-rounds")


@plant
def a_repetition_of_another_value_by_label(files: Files) -> None:
    first(files, "late-tons", later("pictures", "40 Mround", origin="mnd"))
    at(files, "shared/stock")["claims"].insert(0, "late-tons")


@plant
def a_claim_that_an_early_one_is_found_to_repeat(files: Files) -> None:
    first(files, "late-memo", later("pictures", "9 Mround"))
    for name in ("passed-on", "passed-on-too"):
        files["claims.yaml"][name]["origin"] = "late-memo"


@plant
def words_that_cite_it(files: Files) -> None:
    first(files, "late-word", later("globe", "1 Mround", contradicts=["count"], agrees=["echo"]))
    claims = files["claims.yaml"]
    claims["count"]["contradicts"] = ["late-word"]
    claims["count"]["doubt"] = "it was a decoy"
    claims["echo"]["agrees"] = ["late-word"]
    claims["echo"]["note"] = "as late-word shows"
    claims["tons"]["doubt"] = "(late-word)"
    files["sources.yaml"]["post"]["note"] = "found out by late-word."


@plant
def a_claim_in_the_dock(files: Files) -> None:
    first(files, "late-witness", later("pictures", "3 Mround", contradicts=["bare", "unused", "count"], about="left"))


@plant
def sources_that_came_out_later_or_were_secret(files: Files) -> None:
    paper = {"publisher": "Archive", "title": "A secret paper", "reliability": "A"}
    files["sources.yaml"] = {"late-paper": paper | {"published": day(LATER)}, "secret-paper": paper | {"published": day(-5)}} | files["sources.yaml"]
    first(files, "late-paper-says", later("late-paper", "2 Mround"))
    first(files, "secret-paper-says", later("secret-paper", "2 Mround"))


@plant
def sources_and_claims_in_other_files(files: Files) -> None:
    files["sources.late.bib"] = f"@techreport{{late-bib, title = {{Late}}, institution = {{Archive}}, reliability = {{A}}, date = {{{day(LATER)}}}}}\n"
    files["sources.later.json"] = [
        {"id": "late-json", "type": "report", "title": "Later", "publisher": "Archive", "issued": {"raw": day(LATER)}, "custom": {"reliability": "B"}}
    ]
    header = ["id", "source", "statement", "known", "published", "kind", "credibility", "value"]
    files["claims.late.csv"] = [header, ["late-csv", "late-bib", "So much", day(LATER), day(LATER), "reported", "1", "30 Mround"]]
    files["claims.later.xlsx"] = [header, ["late-xlsx", "late-json", "So much", day(LATER), day(LATER), "observed", 1, "35 Mround"]]
    files["publishers.late.yaml"] = {"archive": {"name": "Archive", "reliability": "A"}}
    at(files, "shared/stock")["claims"] += ["late-csv", "late-xlsx"]


@plant
def an_origin(files: Files) -> None:
    files["origins.yaml"] = {"late-origin": {"title": "A defector", "repeats": "mnd"}} | files["origins.yaml"]
    first(files, "late-defector", later("globe", "44 Mround", origin="late-origin"))
    at(files, "shared/stock")["claims"].insert(0, "late-defector")


@plant
def a_judgement_of_a_publisher(files: Files) -> None:
    files["publishers.yaml"]["press"]["revisions"] = [{"known": day(LATER), "reliability": "E", "because": "bought"}]


@plant
def a_judgement_of_a_source(files: Files) -> None:
    files["sources.yaml"]["post"]["revisions"] = [{"known": day(LATER), "reliability": "A", "because": "borne out"}]


@plant
def a_judgement_of_a_claim(files: Files) -> None:
    files["claims.yaml"]["count"]["revisions"] = [{"known": day(LATER), "credibility": 5, "because": "a decoy"}]


@plant
def a_judgement_of_a_term(files: Files) -> None:
    files["claims.yaml"]["mass"]["revisions"] = [{"known": day(LATER), "credibility": 6, "because": "another shell"}]


@plant
def claims_of_a_source_that_counted_before(files: Files) -> None:
    """A source stays for what it was seen to count by the day, although all its claims were known only later; and for nothing else."""
    first(files, "late-abacus", later("abacus", "7 Mround"))
    files["sources.yaml"]["late-abacus"] = files["sources.yaml"]["abacus"] | {"title": "A later one"}
    first(files, "late-abacus-too", later("late-abacus", "7 Mround"))


@plant
def observations(files: Files) -> None:
    files["observations.csv"].insert(1, ["counts", day(20), "90", "Mround", "pictures", day(LATER), "1", "seen later"])
    files["observations.late.csv"] = [files["observations.csv"][0], ["counts", day(22), "80", "Mround", "pictures", day(LATER), "1", "seen later"]]


# ---------------------------------------------------------------------------- what a case says


def write(folder: Path, files: Files) -> Path:
    folder.mkdir(parents=True)
    for name, content in files.items():
        if name.endswith(".xlsx"):
            book = Workbook()
            for row in content:
                book.worksheets[0].append(row)
            book.save(folder / name)
        elif name.endswith(".csv"):
            (folder / name).write_text("\n".join(",".join(row) for row in content), encoding="utf-8")
        else:
            (folder / name).write_text(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return folder


def listed(folder: Path, form: str, n: int) -> str:
    found = CliRunner().invoke(app, ["sources", str(folder), "--form", form, "--as-of", day(n)])
    assert found.exit_code == 0, found.output
    return found.output


def told(folder: Path, n: int) -> dict[str, str]:
    """Return everything that a case says as of a day, by where it says it; the run and the digest of the files are left out."""
    one, reading = study.load(folder), Reading(as_of=datetime.date.fromisoformat(day(n)))

    def run(**other: Any) -> study.Run:
        return one.again(Options(dataclasses.replace(reading, **other), DRAWS, SEED, "numpy"))

    done = run()
    others = {"wet": run(scenario="wet", rules="measurement-error"), "independent": run(independent=True), "dropped": run(drop=("times",))}
    made = {f"why {name}": text(done.why(name)) for name in done.questions}
    made |= {f"answers, {name}": text(other.json() | {"seconds": {}}) for name, other in {"plain": done, **others}.items()}
    return made | {
        "report": render(done).replace(done.identity, "RUN").replace(done.case.digest, "DIGEST").replace(done.case.digest[:16], "DIGEST"),
        "bibtex": listed(folder, "bibtex", n), "csl-json": listed(folder, "csl-json", n),
        "values": text({name: answer.values.tobytes().hex() for name, answer in done.questions.items()}),
        "fans": text({name: curve.quantiles.tobytes().hex() for name, curve in done.curves.items()}),
        "examined": text([dataclasses.asdict(found) for found in one.examine(EARLY, DRAWS, SEED, reading)]),
        "compared": text(editions.compare([run(as_of=done.case.start), done], ["before", "now"])),
    }  # fmt: skip


def known(folder: Path, n: int) -> dict[str, str]:
    """Return what all that is made of, as of a day: the draws of every number, the ledger, the observations."""
    case = load(folder, as_of=datetime.date.fromisoformat(day(n)))
    wet = load(folder, as_of=datetime.date.fromisoformat(day(n)), scenario="wet")
    priors = [prior for one in (*case.components.values(), *wet.components.values()) for prior in one.priors()]
    priors += [prior for weights in case.conversions.values() for prior in weights.values()]
    return {
        "draws": text([(prior.path, prior.said, prior.because, sample(prior, SEED, 0, DRAWS).tobytes().hex()) for prior in priors]),
        "judged": text({name: (case.ledger.voice(name), str(case.ledger.grade(name)), one.model_dump()) for name, one in case.ledger.claims.items()}),
        "sources": text({name: one.model_dump() for name, one in case.ledger.sources.items()}),
        "seen": text([dataclasses.asdict(one) | {"places": {}} for one in case.observations]),  # hidden rows above one move its line, and nothing else
    }  # fmt: skip


def text(data: Any) -> str:
    return json.dumps(dataclasses.asdict(data) if dataclasses.is_dataclass(data) else data, default=str, ensure_ascii=False, indent=1)  # type: ignore[arg-type]


EARLY = list(plain()["claims.yaml"])


def planted(*names: str) -> Files:
    files = plain()
    for name in names:
        PLANTS[name](files)
    return files


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("as-of")
    return write(folder / "planted" / "store", planted(*PLANTS)), write(folder / "bare" / "store", plain())


def test_what_was_known_later_is_nowhere(both: tuple[Path, Path]) -> None:
    with_it, without_it = (told(folder, LATER - 1) for folder in both)
    assert with_it.keys() == without_it.keys()
    for where, said_there in with_it.items():
        assert said_there == without_it[where], where
        assert not re.search(r"\blate-", said_there), where


@pytest.mark.parametrize("n", [-1, 5, NOW, LATER - 1])
def test_nor_is_it_in_what_answers_are_made_of(both: tuple[Path, Path], n: int) -> None:
    assert known(both[0], n) == known(both[1], n)


def test_on_the_day_it_is_there(both: tuple[Path, Path]) -> None:
    one, other = (known(folder, LATER) for folder in both)
    assert not [where for where, said_there in one.items() if said_there == other[where]]
    html = render(study.load(both[0]).run(DRAWS, SEED, as_of=day(LATER), engine="numpy"))
    shown = [name for name in planted(*PLANTS)["claims.yaml"] if f'id="claim-{name}"' not in html]
    assert not shown


@pytest.mark.parametrize("name", PLANTS)
def test_each_of_them_would_show(name: str, both: tuple[Path, Path], tmp_path: Path) -> None:
    """On the day on which it is known, everything planted changes something, so that its absence before means something."""
    found, bare = known(write(tmp_path / "store", planted(name)), LATER), known(both[1], LATER)
    moved = {where for where in found if found[where] != bare[where]}
    assert moved
    if name.startswith(("claim in", "base of", "a_judgement", "a_decision", "constant")) or "repeat" in name:
        assert "draws" in moved


def test_what_came_of_the_forecasts_of_a_shipped_case_is_nowhere_before(tmp_path: Path) -> None:
    """Without its later claims, and with every later count seven times as high, the case says the same as of its own day; later it does not."""
    bare = shutil.copytree(shelf() / "dprk-2023", tmp_path / "dprk-2023")
    (bare / "claims.later.yaml").unlink()
    with (bare / "observations.csv").open(encoding="utf-8", newline="") as file:
        names, *rows = csv.reader(file)
    known_on, counts = names.index("known"), [names.index(name) for name in ("quantity", "lower", "upper")]
    for row in rows:
        if row[known_on] > "2023-08-15":
            for count in counts:
                row[count] = row[count] and str(7 * int(row[count]))
    with (bare / "observations.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([names, *rows])

    def shown(folder: Path, as_of: str) -> list[str]:
        one, reading = study.load(folder), Reading(as_of=datetime.date.fromisoformat(as_of))
        case = load(folder, as_of=reading.as_of)
        heard = one.examine(("c11", "c15", "c25"), 50, SEED, reading)
        seen = [dataclasses.asdict(row) | {"places": {}} for row in case.observations]
        return [
            text(one.again(Options(reading, 50, SEED)).json() | {"seconds": {}, "run": "", "case": ""}),
            text([dataclasses.asdict(found) for found in heard]),
            text(seen),
        ]

    assert shown(bare, "2023-08-15") == shown(shelf() / "dprk-2023", "2023-08-15")
    _, *without = shown(bare, "2024-06-14")
    _, *whole = shown(shelf() / "dprk-2023", "2024-06-14")
    assert all(one != other for one, other in zip(without, whole, strict=True))
