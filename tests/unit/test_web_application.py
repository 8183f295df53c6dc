"""What each address of the app answers, asked over a real connection; cases answer at once, as stand-ins do."""

from __future__ import annotations

import json
import re
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from materiel.web import application
from materiel.web.application import Settings
from materiel.web.guard import HEADERS
from materiel.web.workers import Workers
from served import MARKUP, StandIn, served

LOCAL = ("localhost", "127.0.0.1")


@pytest.fixture(scope="module")
def web():
    with served({"one": StandIn(), "two": StandIn()}, Settings(LOCAL)) as client:
        yield client


def test_cases_are_listed_in_the_language_of_the_reader(web):
    found = web.get("/api/cases", params={"language": "fr"}).json()
    assert [(one["id"], one["summary"]) for one in found] == [("one", "in fr"), ("two", "in fr")]
    assert web.get("/api/cases", headers={"Accept-Language": "de-CH, fr;q=0.9, en;q=0.8"}).json()[0]["summary"] == "in fr"
    assert web.get("/api/cases", headers={"Accept-Language": "x" * 5000}).json()[0]["summary"] == "in en"


def test_a_case_says_what_it_is(web):
    found = web.get("/api/cases/one", params={"language": "fr"}).json()
    assert (found["id"], found["language"], found["digest"]) == ("one", "fr", "d1g")


@pytest.mark.parametrize("path", ["/", "/cases/one"])
def test_pages_carry_no_markup_of_a_case(web, path):
    page = web.get(path)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert MARKUP not in page.text
    assert "&lt;script&gt;" in page.text


def test_pages_have_no_inline_script_or_style(web):
    for path in ("/", "/cases/one", "/cases/none"):
        page = web.get(path).text
        scripts = re.findall(r"<script\b([^>]*)>", page)
        assert all("src=" in one or 'type="application/json"' in one for one in scripts)
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page)


def test_data_is_never_taken_for_a_page(web):
    reply = web.get("/api/cases")
    assert MARKUP in reply.json()[0]["title"]
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("what", ["run", "weigh", "flows"])
def test_what_is_asked_reaches_the_table(web, what):
    asked = {"language": "en", "draws": "preview", "changes": {"a": "20 kt"}}
    assert web.post(f"/api/cases/one/{what}", json=asked).json()["asked"] == asked


def test_what_an_answer_rests_on(web):
    """It is that of the state of the page, not of the case as it stands."""
    asked = {"question": "output", "language": "fr", "seed": 3, "changes": {"a": "20 kt"}}
    assert web.post("/api/cases/one/why", json=asked | {"digest": "d1g"}).json() == {"html": "<p>output</p>", "asked": asked}
    assert web.get("/api/cases/one/why/output").status_code == 404


def test_a_file_is_saved_whatever_it_says_of_itself(web):
    reply = web.post("/api/cases/one/export", json={"type": "text/html"})
    assert (reply.content, reply.headers["content-disposition"]) == (b"a,b\n", 'attachment; filename="a-b-..-x-.csv"')
    assert web.post("/api/cases/one/export", json={"type": "image/svg+xml"}).headers["content-type"] == "application/octet-stream"


def test_files_of_the_app_are_asked_for_anew_and_sent_when_they_changed(web):
    first = web.get("/static/charts.css")
    assert first.headers["content-type"] == "text/css; charset=utf-8"
    assert "median" in first.text
    again = web.get("/static/charts.css", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert web.get("/static/charts.css", headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "../guard.py",
        "..%2fguard.py",
        "%2e%2e/guard.py",
        "..%5cguard.py",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "charts.css/../../guard.py",
        "charts.css%00",
        ".",
        "",
        "../templates/case.html.j2",
    ],
)
def test_no_path_of_a_request_reaches_the_file_system(web, path):
    """Sent as it is written: a client would tidy it up before."""
    host, port = web.base_url.host, web.base_url.port
    with socket.create_connection((host, port), timeout=10) as raw:
        raw.sendall(f"GET /static/{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        reply = b"".join(iter(lambda: raw.recv(65536), b""))
    assert b" 404 " in reply.splitlines()[0]
    assert b"def " not in reply
    assert b"root:" not in reply


@pytest.mark.parametrize("case", ["none", "%2e%2e%2fone", "dprk-2023", "one%00", "<script>"])
def test_a_case_that_is_not_served_is_not_looked_for(web, case):
    assert web.get(f"/api/cases/{case}").status_code == 404
    assert web.get(f"/cases/{case}").status_code == 404
    assert web.post(f"/api/cases/{case}/run", json={}).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("DELETE", "/api/cases", 405), ("GET", "/api/uploads", 405), ("PUT", "/", 405), ("OPTIONS", "/api/cases", 405), ("GET", "/x", 404)],
)
def test_other_requests_get_a_sentence(web, method, path, status):
    reply = web.request(method, path)
    assert (reply.status_code, reply.json().get("key")) == (status, "not-found" if status == 404 else None)
    assert reply.json()["error"]
    assert {name: reply.headers[name] for name in HEADERS} == HEADERS


@pytest.mark.parametrize("sent", [b"", b"[]", b"1", b"{", b"[" * 100_000, b"\xff\xfe", b'"x"'])
def test_a_body_that_is_no_mapping_is_told(web, sent):
    reply = web.post("/api/cases/one/run", content=sent, headers={"Content-Type": "application/json"})
    assert (reply.status_code, reply.json()["error"]) == (400, "the body is not a mapping in JSON")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_form_of_another_site_cannot_ask(web, kind):
    assert web.post("/api/cases/one/run", content=b"{}", headers={"Content-Type": kind}).status_code == 415
    assert web.post("/api/uploads", content=b"{}", headers={"Content-Type": kind}).status_code == 415


def test_a_million_draws_are_refused(web):
    reply = web.post("/api/cases/one/run", json={"draws": 1_000_000})
    assert (reply.status_code, reply.json()["error"]) == (400, "draws: preview or full")


def test_too_much_is_told(web):
    reply = web.post("/api/cases/one/run", json={"changes": "x" * application.MOST_ASKED})
    assert (reply.status_code, reply.json()) == (413, {"error": "more than 0.2 MB", "key": "too-large"})


def test_a_link_of_another_state_of_the_case_is_told(web):
    for what in ("run", "weigh", "why", "flows", "export"):
        asked = {"question": "output"}
        reply = web.post(f"/api/cases/one/{what}", json=asked | {"digest": "other"})
        assert (reply.status_code, reply.json()["key"]) == (409, "digest")
        assert web.post(f"/api/cases/one/{what}", json=asked | {"digest": "d1g"}).status_code == 200


def test_a_mistake_of_ours_is_told_to_the_log_alone(web, caplog):
    reply = web.post("/api/cases/one/run", json={"changes": "break"})
    assert (reply.status_code, reply.json()) == (500, {"error": "a mistake of ours", "key": "mistake"})
    assert "ZeroDivisionError" in caplog.text
    assert web.post("/api/cases/one/run", json={}).status_code == 200


def test_weighing_a_run_that_is_kept_keeps_no_place_from_it():
    """Two at once on two cores, though one full run runs: only what takes long leaves a core to others."""
    slow = StandIn(0.5)
    with served({"one": slow}, Settings(LOCAL, cores=2)) as web, ThreadPoolExecutor(4) as at_once:
        running = [at_once.submit(web.post, "/api/cases/one/run", json={"draws": "full"}) for _ in range(2)]
        threading.Event().wait(0.1)
        assert web.post("/api/cases/one/weigh", json={}).status_code == 200
        assert len(slow.ran) == 0
        assert web.post("/api/cases/one/weigh", json={"odds": {"a": 1}}).status_code == 200  # waits for both
        assert len(slow.ran) >= 1
        assert [one.result().status_code for one in running] == [200, 200]


def test_the_log_of_a_mistake_is_short_and_holds_no_key_of_a_case():
    """A case lives in a folder that is named as its address."""
    key = "aB3-_" + "x" * 17
    trace = f'File "/tmp/materiel-ab_12xyz/{key}/case/case.yaml", line 1\n  {"y" * 30_000}\n'
    said = application._lines(trace)
    assert said.startswith('File "/tmp/a-visitors-case/case/case.yaml", line 1\n')
    assert key not in said
    assert len(said) <= application.MOST_LOGGED + 2
    assert "xxx" not in application._lines(" " * (application.MOST_LOGGED - 30) + f"materiel-ab_12xyz/{key}")
    assert application._lines("a\x1b[2J\nb") == "a\N{REPLACEMENT CHARACTER}[2J\nb"


@pytest.mark.parametrize("path", ["/cases/one/", "/api/cases/", "/api/cases/one/", "/static"])
def test_nobody_is_sent_elsewhere(web, path):
    """A redirection would name the host as it was asked, over a connection that others can read."""
    assert web.get(path).status_code == 404


def test_who_cannot_wait_is_told_when_to_come_again(monkeypatch):
    monkeypatch.setattr(application, "MOST_WAITING", 2)
    with served({"one": StandIn(0.3)}, Settings(LOCAL, cores=1)) as web, ThreadPoolExecutor(8) as at_once:
        replies = list(at_once.map(lambda _: web.post("/api/cases/one/run", json={}), range(8)))
    assert sorted(one.status_code for one in replies) == [200] * 3 + [503] * 5
    assert all(int(one.headers["retry-after"]) > 0 and one.json()["key"] == "busy" for one in replies if one.status_code == 503)


def test_one_case_of_a_visitor_stands_in_the_way_of_no_other(monkeypatch):
    told = []

    def ask(_, case, what, asked):
        told.append(case)
        threading.Event().wait(0.5)
        return {"what": what, "asked": asked}

    monkeypatch.setattr(Workers, "about", lambda _, case: {"title": case, "digest": "d1g"})
    monkeypatch.setattr(Workers, "ask", ask)
    with served({"one": StandIn()}, Settings(LOCAL, cores=1)) as web, ThreadPoolExecutor(8) as at_once:
        slow = [at_once.submit(web.post, "/api/cases/slow/run", json={}) for _ in range(5)]
        threading.Event().wait(0.2)
        assert web.post("/api/cases/other/run", json={}).status_code == 200
        replies = [one.result() for one in slow]
    assert told == ["slow", "other", "slow"]
    assert sorted(one.status_code for one in replies) == [200] * 2 + [503] * 3
    assert {one.json()["key"] for one in replies if one.status_code == 503} == {"busy"}


@pytest.mark.parametrize("gone", ["run", "why"])
def test_whoever_went_away_is_not_worked_for(gone):
    slow = StandIn(0.5)
    with served({"one": slow}, Settings(LOCAL, cores=1)) as web, ThreadPoolExecutor(2) as at_once:
        first = at_once.submit(web.post, "/api/cases/one/run", json={"changes": {"i": "first"}})
        threading.Event().wait(0.1)
        sent = json.dumps({"changes": {"i": "gone"}, "question": "gone"}).encode()
        with socket.create_connection((web.base_url.host, web.base_url.port)) as raw:
            head = f"POST /api/cases/one/{gone} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(sent)}\r\n\r\n"
            raw.sendall(head.encode() + sent)
            threading.Event().wait(0.1)
        assert first.result().status_code == 200
        assert web.post("/api/cases/one/run", json={"changes": {"i": "last"}}).status_code == 200
    assert [one["changes"]["i"] for one in slow.ran] == ["first", "last"]


def test_a_preview_of_everything_waits_with_what_takes_long():
    slow = StandIn(0.5)
    with served({"one": slow}, Settings(LOCAL, cores=2)) as web, ThreadPoolExecutor(3) as at_once:
        sent = []
        for name, asked in (("first", {"every": True}), ("second", {"every": True}), ("dragged", {})):
            sent.append(at_once.submit(web.post, "/api/cases/one/run", json={"draws": "preview", "changes": {"i": name}} | asked))
            threading.Event().wait(0.1)
        assert {one.result().status_code for one in sent} == {200}
    assert [one["changes"]["i"] for one in slow.ran] == ["first", "dragged", "second"]


@pytest.mark.parametrize("prefix", ["", "/below"])
def test_it_works_below_a_path_of_a_proxy(prefix):
    with served({"one": StandIn()}, Settings(LOCAL, root_path="/below")) as web:
        assert 'href="/below/cases/one' in web.get(f"{prefix}/").text
        assert web.get(f"{prefix}/api/cases/one").status_code == 200
        assert web.get(f"{prefix}/static/charts.css").status_code == 200


def test_without_uploads_no_case_is_taken():
    with served({"one": StandIn()}, Settings(LOCAL, uploads=False)) as web:
        assert web.post("/api/uploads", json={"files": {"case.yaml": "title: x"}}).status_code == 403
        assert web.get("/api/cases/none").status_code == 404


def test_no_more_cases_arrive_at_a_time_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr(application, "MOST_ARRIVING", 1)
    with served({"one": StandIn()}, Settings(LOCAL)) as web, socket.create_connection((web.base_url.host, web.base_url.port)) as raw:
        raw.sendall(b"POST /api/uploads HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n")
        _until(lambda: web.post("/api/uploads", json={"files": {"a.txt": ""}}).status_code == 503)
        raw.sendall(b"x" * 9)
        assert b" 422 " in raw.recv(65536).splitlines()[0]
        assert web.post("/api/uploads", json={"files": {"a.txt": ""}}).status_code == 422


def _until(done) -> None:
    for _ in range(100):
        if done():
            return
        threading.Event().wait(0.02)
    pytest.fail("never")
