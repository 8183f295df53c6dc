"""Cases of strangers, broken and hostile ones among them: each gets a clear answer, nobody sees another's, nothing is left behind, and the server goes on."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
import tempfile
import threading
import time
import zipfile
from pathlib import Path

import pytest

import materiel.case.loading  # which knows the types of components
from materiel import component
from materiel.errors import RunError
from materiel.web import application, workers
from materiel.web.application import MOST_PROBLEMS, Settings
from materiel.web.guard import Refused
from materiel.web.uploads import Upload
from materiel.web.workers import Limits, Mistake, Workers
from served import StandIn, served

LINE = component.types()["lines"].example
SOUND = Upload({"case.yaml": LINE.encode()}, "case.yaml")
RUN = {"draws": "preview"}


@pytest.fixture(scope="module")
def web():
    with served({"one": StandIn()}, Settings(("localhost", "127.0.0.1"), limits=Limits(processes=2))) as client:
        yield client


@pytest.fixture
def kept():
    made: list[Workers] = []

    def make(clock=time.monotonic, **limits) -> Workers:
        made.append(Workers(Limits(**limits), clock))
        return made[-1]

    yield make
    for one in made:
        one.close()


def bring(web, **files: str):
    return web.post("/api/uploads", json={"files": {f"{name.replace('_', '.')}.yaml": text for name, text in files.items()}})


def told(reply) -> list[dict]:
    """Return the problems that were told, after a look whether they say more than they should."""
    assert reply.status_code == 422, reply.text
    assert tempfile.gettempdir() not in reply.text
    assert str(Path(workers.__file__).parents[2]) not in reply.text
    assert "Traceback" not in reply.text
    return reply.json()["problems"]


def zipped(files: dict[str, str]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in files.items():
            packed.writestr(name, text)
    return made.getvalue()


def test_a_case_that_is_brought_is_a_case_like_others_for_whoever_has_its_link(web):
    reply = web.post("/api/uploads", content=zipped({"mine/case.yaml": LINE, "mine/notes.md": "mine"}), headers={"Content-Type": "application/zip"})
    assert reply.status_code == 201
    case = reply.json()["id"]
    assert len(case) == 22  # 128 bits, six in a letter
    about = web.get(f"/api/cases/{case}?language=fr").json()
    assert (about["id"], about["title"], about["language"]) == (case, "A line whose fuzes are scarce", "fr")
    assert "A line whose fuzes are scarce" in web.get(f"/cases/{case}").text
    done = web.post(f"/api/cases/{case}/run", json=RUN | {"digest": about["digest"]}).json()
    assert done["answers"][0]["id"] == "made"
    assert "<svg" in done["charts"][0]["svg"]
    assert "<" in web.post(f"/api/cases/{case}/why", json={"question": "made"}).json()["html"]
    assert tempfile.gettempdir() not in str(done)


@pytest.mark.parametrize("kind", ["csv", "xlsx", "page"])
def test_what_is_taken_along_of_a_strangers_case_says_nothing_of_the_server(web, kind):
    case = bring(web, case=LINE).json()["id"]
    reply = web.post(f"/api/cases/{case}/export", json={"kind": kind})
    assert reply.status_code == 200
    held = reply.content
    if kind != "page":
        with zipfile.ZipFile(io.BytesIO(held)) as packed:
            held = b"".join(packed.read(name) for name in packed.namelist())
    assert b"A line whose fuzes are scarce" in held
    assert tempfile.gettempdir().encode() not in held
    assert case.encode() not in held


def test_nobody_is_shown_the_case_of_another(web):
    cases = {bring(web, case=LINE).json()["id"] for _ in range(2)}
    assert len(cases) == 2
    listed = web.get("/").text + web.get("/api/cases").text
    assert not any(case in listed for case in cases)
    assert [one["id"] for one in web.get("/api/cases").json()] == ["one"]


def test_a_broken_case_gets_its_problems_at_their_lines(web):
    (problem,) = told(bring(web, case=LINE.replace("unit: round}", "unit: rond}")))
    assert (problem["file"], problem["line"], problem["nearest"]) == ("case.yaml", 5, "round")


def test_a_broken_translation_is_told_as_well(web):
    (problem,) = told(bring(web, case=LINE, fr="titre: x\n"))
    assert (problem["file"], problem["line"], problem["found"]) == ("fr.yaml", 1, "unknown key 'titre'")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"mine/case.yaml": LINE, "mine/../../x.yaml": "x"}, "leads out of the folder"),
        ({"case.yaml": "0" * 4_000_000}, "unpacks to more than 100 times its size"),
        ({"case.yaml": LINE, "inner.zip": "PK"}, "an archive"),
        ({"case.yaml": LINE, "claims.xlsx": "PK"}, "not a workbook"),
    ],
    ids=["path", "bomb", "nested", "workbook"],
)
def test_hostile_zips_are_told_as_problems(web, files, said):
    reply = web.post("/api/uploads", content=zipped(files), headers={"Content-Type": "application/zip"})
    assert any(said in one["found"] for one in told(reply))
    assert web.get("/api/cases").status_code == 200


def test_more_than_may_be_sent_is_not_taken(web):
    assert web.post("/api/uploads", content=b"x" * 5_000_001, headers={"Content-Type": "application/zip"}).status_code == 413


def test_a_request_of_a_stranger_that_is_wrong_gets_a_sentence(web):
    case = bring(web, case=LINE).json()["id"]
    reply = web.post(f"/api/cases/{case}/run", json={"draws": 1_000_000})
    assert reply.status_code == 400
    assert "'preview' or 'full'" in reply.json()["error"]
    assert web.post(f"/api/cases/{case}/run", json=RUN).status_code == 200


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join(f'*{a}' for _ in range(10))}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOMB, "more values than a case can have"),
        ("a: &a [*a]\n", ""),
        ("a: " + "[" * 100_000, "nested too deeply"),
        ("a: " * 3 + "!!python/object/apply:os.system ['true']\n", ""),
        ("title: !!python/name:os.system x\n", "tag"),
        ("".join(f"k{i}: {i}\n" for i in range(10_000)), "unknown key"),
        ("title: \x1b[2J\n", "control character"),
        ("", "empty"),
        ("x\n", "not a mapping"),
        ("{" * 50 + "\n", ""),
        (LINE.replace("questions:", "scales: [../../../../etc/passwd]\nquestions:"), "scale"),
    ],
    ids=["aliases", "alias of itself", "deep", "tag within", "tag", "10,000 lines", "terminal", "empty", "word", "open", "path"],
)  # fmt: skip
def test_hostile_texts_are_told_as_problems(web, text, said):
    problems = told(bring(web, case=text))
    assert any(said in one["found"] for one in problems)
    assert len(problems) <= MOST_PROBLEMS
    assert web.get("/api/cases").status_code == 200


def test_ten_thousand_lines_that_are_sound_are_read(web):
    assert bring(web, case=LINE + "".join(f"# line {i}\n" for i in range(10_000))).status_code == 201


MARK = "<img src=x onerror=alert(1)><script>alert(2)</script>&lt;b&gt;\"'"


def test_markup_in_every_text_stays_text(web):
    quoted = "'" + MARK.replace("'", "''") + "'"
    text = LINE.replace("A line whose fuzes are scarce", quoted).replace("Shells made in the year", quoted).replace("Shells made so far", quoted)
    text = text.replace("for the example", quoted).replace("north:\n", f"north:\n    title: {quoted}\n")
    reply = bring(web, case=text)
    assert reply.status_code == 201, reply.text
    case = reply.json()["id"]
    assert web.get(f"/api/cases/{case}").json()["title"] == MARK
    done = web.post(f"/api/cases/{case}/run", json=RUN).json()
    markup = done["charts"][0]["svg"] + web.post(f"/api/cases/{case}/why", json={"question": "made"}).json()["html"] + web.get(f"/cases/{case}").text
    assert "alert(1)" in markup
    assert "<img" not in markup
    assert "<script>" not in markup
    assert "style=" not in done["charts"][0]["svg"]


def test_a_case_that_takes_too_much_is_ended_and_said_so(kept):
    endless = LINE.replace("end: 2023-12-31", "end: 2900-12-31\nstep: 0.01 day").replace("at: 2023-12-30", "at: 2900-12-30")
    visitors = kept(seconds=10.0, memory=1_000_000_000)
    with pytest.raises(Refused) as refused:
        visitors.add(Upload({"case.yaml": endless.encode()}, "case.yaml")) and visitors.ask(next(iter(visitors._cases)), "run", {"draws": "full"})
    assert refused.value.status == 422
    assert "run it on your own machine" in refused.value.said
    assert visitors.ask(visitors.add(SOUND), "run", RUN)["draws"] == 500


def test_a_process_that_does_not_answer_is_ended(kept):
    visitors = kept(seconds=15.0)
    case = visitors.add(SOUND)
    process = visitors._cases[case].process
    assert process
    os.kill(process._process.pid, signal.SIGSTOP)
    object.__setattr__(visitors.limits, "seconds", 0.3)
    with pytest.raises(Refused) as refused:
        visitors.ask(case, "run", RUN)
    assert "seconds" in refused.value.said
    assert not process.alive()
    object.__setattr__(visitors.limits, "seconds", 15.0)
    assert visitors.ask(case, "run", RUN)["draws"] == 500  # in another process


def test_the_case_that_was_used_least_lately_rests_and_comes_back(kept):
    visitors = kept(processes=2)
    cases = [visitors.add(SOUND) for _ in range(3)]
    assert [visitors._cases[case].process is not None for case in cases] == [False, True, True]
    assert visitors.ask(cases[0], "run", RUN)["draws"] == 500
    assert [visitors._cases[case].process is not None for case in cases] == [True, False, True]


def test_a_case_is_gone_an_hour_after_its_last_use(kept):
    now = 0.0
    visitors = kept(lambda: now)
    used, unused = visitors.add(SOUND), visitors.add(SOUND)
    folder = visitors._cases[unused].folder
    now = 3000.0
    visitors.ask(used, "run", RUN)
    visitors.sweep()
    assert folder.exists()
    now = 3700.0
    visitors.sweep()
    assert not folder.exists()
    with pytest.raises(KeyError):
        visitors.ask(unused, "run", RUN)
    assert visitors.ask(used, "run", RUN)["draws"] == 500


def test_no_more_cases_are_kept_than_there_is_room_for(kept):
    visitors = kept(cases=1)
    case = visitors.add(SOUND)
    with pytest.raises(Refused) as refused:
        visitors.add(SOUND)
    assert (refused.value.status, refused.value.again > 0) == (503, True)
    assert visitors.ask(case, "run", RUN)["draws"] == 500


def test_a_case_with_problems_is_not_kept(kept):
    visitors = kept(cases=1)
    for _ in range(2):
        with pytest.raises(materiel.errors.CaseError):
            visitors.add(Upload({"case.yaml": b"x"}, "case.yaml"))
    assert not list(visitors._folder.iterdir())
    assert visitors.add(SOUND)


def test_nothing_is_left_when_the_server_ends(kept):
    visitors = kept()
    process = visitors._cases[visitors.add(SOUND)].process
    assert process
    assert oct(visitors._folder.stat().st_mode)[-3:] == "700"
    visitors.close()
    assert not process.alive()
    assert not visitors._folder.exists()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="where the system tells what a process knows")
def test_a_process_knows_no_secret_of_the_server_and_has_limits(kept, monkeypatch):
    monkeypatch.setenv("A_TOKEN", "secret-of-the-server")
    visitors = kept()
    process = visitors._cases[visitors.add(SOUND)].process
    assert process
    about = Path(f"/proc/{process._process.pid}")
    assert b"secret-of-the-server" not in (about / "environ").read_bytes()
    limits = {line[:26].strip(): line[26:].split()[0] for line in (about / "limits").read_text().splitlines()}
    assert int(limits["Max address space"]) == visitors.limits.memory
    assert int(limits["Max cpu time"]) <= visitors.limits.processor + 60
    assert int(limits["Max core file size"]) == 0


def test_a_process_that_ends_by_itself_has_a_mistake_of_ours(kept):
    visitors = kept()
    case = visitors.add(SOUND)
    process = visitors._cases[case].process
    assert process
    assert process._process.stdin
    process._process.stdin.write(b"no question\n")
    with pytest.raises(Mistake, match="exit code 1"):
        visitors.ask(case, "run", RUN)
    assert visitors.ask(case, "run", RUN)["draws"] == 500


def test_two_questions_about_a_case_at_once_get_their_own_answers(kept):
    visitors = kept()
    case = visitors.add(SOUND)
    found: dict[str, int] = {}
    asking = [
        threading.Thread(target=lambda draws=draws: found.update({draws: visitors.ask(case, "run", {"draws": draws})["draws"]}))
        for draws in ("preview", "full")
    ]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    assert found == {"preview": 500, "full": 2000}


@pytest.mark.parametrize(
    ("said", "error"),
    [({"error": "no"}, RunError), ({"mistake": "Traceback"}, Mistake), ({"memory": True}, Refused), ({}, Mistake)],
)
def test_what_a_process_tells_becomes_what_it_is(said, error):
    with pytest.raises(error):
        workers._answer(said)


def test_a_text_that_aliases_would_repeat_is_told(web):
    """A few megabytes that stand once and are told a hundred times would be more than a server can hold."""
    long = LINE.replace("A line whose fuzes are scarce", f"&long {'x' * 20_001}").replace("Shells made in the year", "*long")
    (problem,) = told(bring(web, case=long))
    assert (problem["file"], problem["found"], problem["allowed"]) == ("case.yaml", "a text of 20001 letters", "at most 20000")
    assert long.splitlines()[problem["line"] - 1].startswith("title: &long")
    assert bring(web, case=long.replace("x" * 20_001, "x" * 20_000)).status_code == 201


def test_an_answer_that_is_too_long_is_refused(kept, monkeypatch):
    visitors = kept()
    case = visitors.add(SOUND)
    monkeypatch.setattr(workers, "MOST_ANSWER", 5000)
    with pytest.raises(Refused) as refused:
        visitors.ask(case, "run", RUN)
    assert (refused.value.status, refused.value.said) == (422, "the answer has more than 0.005 MB, which is what a visitor's case may say")
    monkeypatch.undo()
    assert visitors.ask(case, "run", RUN)["draws"] == 500


def test_of_what_a_case_says_of_itself_only_little_is_kept(kept):
    visitors = kept()
    assert set(visitors.about(visitors.add(SOUND))) == {"title", "digest"}


def test_a_full_disk_is_told_and_leaves_nothing_behind(kept, monkeypatch):
    visitors = kept(cases=1)

    def full(*_) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(Refused) as refused:
        visitors.add(SOUND)
    monkeypatch.undo()
    assert (refused.value.status, refused.value.again > 0) == (503, True)
    assert not list(visitors._folder.iterdir())
    assert visitors.add(SOUND)


def test_a_case_of_which_nothing_was_asked_makes_room_for_another(kept):
    now = 0.0
    visitors = kept(lambda: now, cases=2)
    asked, unasked = visitors.add(SOUND), visitors.add(SOUND)
    visitors.ask(asked, "run", RUN)
    now = 599.0
    with pytest.raises(Refused):
        visitors.add(SOUND)
    now = 601.0
    new = visitors.add(SOUND)
    assert list(visitors._cases) == [asked, new]
    with pytest.raises(KeyError):
        visitors.ask(unasked, "run", RUN)


def test_no_case_is_kept_for_good(kept):
    now = 0.0
    visitors = kept(lambda: now)
    case = visitors.add(SOUND)
    for hour in range(1, 25):
        now = 1800.0 * hour
        visitors.ask(case, "about", {"language": "en"})
        visitors.sweep()
    now += 1.0
    visitors.sweep()
    with pytest.raises(KeyError):
        visitors.about(case)


def test_a_process_that_answers_is_not_ended_for_another_but_one_that_rests(kept):
    visitors = kept(processes=2)
    busy, idle = visitors.add(SOUND), visitors.add(SOUND)
    with visitors._cases[busy].lock:  # as while it answers
        new = visitors.add(SOUND)
    assert [visitors._cases[case].process is not None for case in (busy, idle, new)] == [True, False, True]


@pytest.mark.parametrize(("cores", "processes", "places"), [(1, 4, 2), (2, 4, 2), (2, 1, 1), (4, 4, 3), (5, 4, 4), (64, 4, 4)])
def test_no_more_strangers_are_served_at_a_time_than_there_are_processes(cores, processes, places):
    """Two at least, if there may be two processes: one case that takes its time stops no other."""
    app = application._App({}, Settings(cores=cores, uploads=False, limits=Limits(processes=processes)))
    assert app.strangers._free == places


@pytest.mark.skipif(sys.platform != "linux", reason="where the system says on which cores a process runs")
def test_a_strangers_case_leaves_a_core_to_the_server_and_goes_last(kept):
    visitors = kept()
    process = visitors._cases[visitors.add(SOUND)].process
    assert process
    ours = os.sched_getaffinity(0)
    theirs = os.sched_getaffinity(process._process.pid)
    assert theirs < ours or len(ours) == len(theirs) == 1
    assert os.getpriority(os.PRIO_PROCESS, process._process.pid) >= min(19, os.getpriority(os.PRIO_PROCESS, 0) + 10)
