"""What the scripts of the web app say: every sentence they name is in the catalogue and goes to them, and none that they do not."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from materiel import language
from materiel.web import wording

STATIC = Path(wording.__file__).parent / "static"
SAID = re.compile(r'say\((?:\w+ \? )?"([^"]+)"(?: : "([^"]+)")?')
MADE = re.compile(r"say\(`([\w ]+)\$\{\w+\}`")


def scripts() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(STATIC.glob("*.js")))


def test_scripts_say_what_they_are_given_and_no_more():
    named = {key for found in SAID.findall(scripts()) for key in found if key}
    made = set(MADE.findall(scripts()))
    assert made == {"download ", "copy ", "export ", "family ", "refused "}
    assert named - set(wording.SCRIPTED) == set()
    assert {key for key in wording.SCRIPTED if key not in named and not key.startswith(tuple(made))} == set()


@pytest.mark.parametrize("name", language.names())
def test_words_of_scripts_may_stand_in_a_page(name):
    data = wording.data(language.load(name))
    assert "<" not in data
    held = json.loads(data)
    assert held["language"] == name
    assert held["sentences"].keys() == set(wording.SCRIPTED)


def test_holes_are_filled_with_what_the_scripts_give():
    """The names in braces of each sentence are those that the call beside it gives."""
    calls = re.findall(r'say\("([^"]+)", \{([^{}]*)\}\)', scripts())
    assert len(calls) > 20
    for key, given in calls:
        sentence = language.load().sentences[key]
        forms = [sentence] if isinstance(sentence, str) else sentence.values()
        holes = {hole for form in forms for hole in re.findall(r"\{(\w+)\}", form)}
        names = {part.split(":")[0].strip() for part in re.sub(r"\([^()]*\)", "", re.sub(r"\([^()]*\)", "", given)).split(",")}
        assert holes <= names, key
