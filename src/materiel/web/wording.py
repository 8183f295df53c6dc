"""What the pages of the web app say, out of the catalogue: their scripts get the sentences themselves, to fill them in as somebody moves a slider."""

from __future__ import annotations

import json
from collections.abc import Mapping

from materiel.language import Language

SCRIPTED = (
    "about believing", "about copies", "about decisions", "about exports", "about this number", "after", "against the case", "allowed", "as a table",
    "as graded", "as it stands", "as of day", "as the case has it", "before of the case", "beliefs apart", "beliefs apart here", "beliefs ghost", "between",
    "between days", "changed", "close", "close a", "colon", "copied", "copy", "copy command", "copy link", "copy python", "copy the change", "copy yaml", "day",
    "decisions ghost", "did you mean", "differs by", "download csv", "download metadata", "download png", "download svg", "drawn", "export csv", "export page",
    "export xlsx", "families", "family believe", "family do", "field of", "files of a", "files of beliefs", "flow of materiel", "flow without",
    "found problems", "from", "ghost of a", "grade", "hold as a", "how to read", "it was", "item", "judgements changed", "key judgements", "labelled",
    "leave out", "link copied", "link differs", "link names", "link of case", "link of version", "link unreadable", "median", "no answer", "no case in it",
    "no number", "no readings", "not copied", "not followed", "not heard", "observation", "of the case as it stands", "of what is set", "on day", "other odds",
    "other voices", "pause", "play", "preview of draws", "problems found", "question of chart", "ranged", "reading case", "readings alone", "redo",
    "refused busy", "refused digest", "refused gone", "refused mistake", "refused not-found", "refused too-large", "reset", "reset all", "reset of",
    "semicolon", "set instead of", "show it now", "show the case", "side by side", "sliders", "source", "store", "swap", "take along", "take back", "target",
    "target line", "threshold line", "to", "too large", "trusted more or less", "undo", "what is set", "which reading", "whose word counts", "without",
    "working",
)  # fmt: skip
"""What scripts say, by key."""


def data(language: Language) -> str:
    """Return the words of the scripts in a language as JSON that may stand inside an element of HTML."""
    sentences = {key: _spaced(language, language.sentences[key]) for key in SCRIPTED}
    held = {"language": language.name, "one_below": language.one_below, "sentences": sentences}
    return json.dumps(held, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _spaced(language: Language, sentence: str | Mapping[str, str]) -> str | dict[str, str]:
    return language.spaced(sentence) if isinstance(sentence, str) else {form: language.spaced(text) for form, text in sentence.items()}
