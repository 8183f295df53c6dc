"""`materiel serve` as a program of its own."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

import materiel.case.loading  # noqa: F401  # which knows the types of components
from materiel import component
from materiel.cli import app
from materiel.commands import serve

LINE = component.types()["lines"].example


@pytest.fixture
def case(tmp_path: Path) -> str:
    path = tmp_path / "line.yaml"
    path.write_text(LINE)
    return str(path)


def call(*arguments: str):
    return CliRunner().invoke(app, ["serve", *arguments])


@contextlib.contextmanager
def started(*arguments: str, folder: Path):
    """Start the program, and yield it with its address once it has told it."""
    program = [sys.executable, "-c", "from materiel.cli import app; app()", "serve", "--port", "0", *arguments]
    told = os.environ | {"TMPDIR": str(folder)}
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=told) as process:  # noqa: S603  # this program
        assert process.stdout
        try:
            yield process, process.stdout.readline().split()[0]
        finally:
            process.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="there, a console sends no such signal to one program alone")
@pytest.mark.parametrize("stop", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_it_tells_its_address_serves_and_ends_when_it_is_told_to(case, tmp_path, stop):
    place = tmp_path / "temporary"
    place.mkdir()
    with started(case, "--root-path", "/below", folder=place) as (process, address):
        assert address.startswith("http://127.0.0.1:")
        assert address.endswith("/below/")
        with httpx.Client(base_url=address, trust_env=False, timeout=30) as client:
            assert [one["id"] for one in client.get("api/cases").json()] == ["line"]
            assert client.post("api/uploads", json={"files": {"case.yaml": LINE}}).status_code == 201
            assert list(place.iterdir())
            process.send_signal(getattr(signal, stop))
            assert process.wait(30) == 0
        assert process.stderr
        assert process.stderr.read() == ""
        assert not list(place.iterdir())


@pytest.mark.parametrize(
    ("host", "told"),
    [("127.0.0.1", "http://127.0.0.1:1/x/"), ("::1", "http://[::1]:1/x/"), ("0.0.0.0", "http://127.0.0.1:1/x/"), ("::", "http://[::1]:1/x/"), ("box", "http://box:1/x/")],  # noqa: S104
)  # fmt: skip
def test_the_address_is_one_that_a_browser_here_can_open(host, told):
    assert serve._address(host, 1, "/x") == told


def test_a_port_that_is_taken_is_told(case):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = call(case, "--port", str(taken.getsockname()[1]))
    assert done.exit_code == 2
    assert re.fullmatch(r"port \d+ is taken; choose another with --port, or 0 for a free one\n", done.stderr)


def test_an_address_that_is_not_ours_is_told(case):
    done = call(case, "--host", "192.0.2.1")
    assert done.exit_code == 2
    assert "cannot listen at 192.0.2.1" in done.stderr


def test_without_the_extra_it_says_what_to_install(case, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    done = call(case)
    assert (done.exit_code, done.stderr) == (1, "the web app needs starlette and uvicorn: pip install 'materiel[web]'\n")


def test_a_case_with_problems_is_told_before_anything_is_served(tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text("title: x\n")
    done = call(str(path), "--port", "0")
    assert done.exit_code == 1
    assert "broken.yaml:1:1: key 'end' is missing" in done.stderr


def test_two_cases_of_one_name_are_told(case, tmp_path):
    (tmp_path / "line").mkdir()
    (tmp_path / "line" / "case.yaml").write_text(LINE)
    assert "two cases are called 'line'" in call(case, str(tmp_path / "line"), "--port", "0").stderr


@pytest.mark.parametrize("path", ["below", "/below/", "/a b", "/<x>", '/"', "//x/", "//x", "/?x"])
def test_a_path_of_a_proxy_is_a_path(case, path):
    assert call(case, "--root-path", path).exit_code == 2


def test_nothing_is_left_of_a_start_that_failed(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    call(str(tmp_path / "none"), "--port", "0")
    assert not list(tmp_path.iterdir())
