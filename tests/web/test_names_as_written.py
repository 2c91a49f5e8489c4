"""A name from another script does not turn the words around it: each stands in <bdi>, or in an element with a direction."""

import re
from pathlib import Path

import pytest

from careweb import paths, rendering

NAME = re.compile(
    r"\b(?:name|helper_name|asker_name|group_name|owner|helper|by|name_in|line_name|zone_name_\w+|phone|contact|helper_contact)\b(?!=)(?![\"'])"
    r"|\bspeech\(|\blanguages\|listed"
)
# What is no name: of fields, of the language of the pages (its button has a direction), of an option, of a picture.
NONE = {"parts/fields.html", "parts/icons.html", "parts/own.html", "layout.html", "demo/messages.html"}
NOT_PEOPLES = re.compile(r"\bname == |\|word\(|interface\.name\b|values|show|errors|contact_kind|may_|^\s*notes\(")
SENTENCE = re.compile(r"\{% trans .*?\{% endtrans %\}")
SHOWN = re.compile(r"\{\{(.+?)\}\}")
PUT_IN = re.compile(r"\{% trans ([^%]+?) %\}")
ISOLATES = re.compile(r"^(?:own|tongue|name)\(|\|word\(|\|number$|\|moment|\|day|^ngettext\(")


def shown(text: str) -> list[tuple[int, str]]:
    """What a template prints that may be a name, and where; not what sentences take in, nor what macros are given."""
    text = SENTENCE.sub(lambda found: " " * len(found[0]), text)
    return [
        (found.start(), found[1].strip())
        for found in SHOWN.finditer(text)
        if NAME.search(found[1]) and not NOT_PEOPLES.search(found[1])
    ]


def is_isolated(text: str, at: int) -> bool:
    before = text[:at]
    if before.rfind("<bdi>") > before.rfind("</bdi>"):
        return True
    tag = re.search(r"<(\w+)([^<>]*)>[^<>]*$", before)  # the element it stands in
    return bool(tag and "dir=" in tag[2])


def is_no_text(text: str, at: int) -> bool:
    """In an attribute or the title, which hold no elements."""
    before = text[:at]
    title = before.rfind("{% block title %}") > before.rfind("{% endblock %}")
    return title or before.rfind("<") > before.rfind(">") or "{% macro" in before.rsplit("\n", 1)[-1]


TEMPLATES = sorted(str(file.relative_to(paths.TEMPLATES)) for file in paths.TEMPLATES.rglob("*.html"))


@pytest.mark.parametrize("name", [name for name in TEMPLATES if name not in NONE])
def test_every_name_stands_in_an_element_that_keeps_its_direction(name: str) -> None:
    text = Path(paths.TEMPLATES / name).read_text()
    loose = [what for at, what in shown(text) if not is_isolated(text, at) and not is_no_text(text, at)]
    assert loose == []


@pytest.mark.parametrize("name", [name for name in TEMPLATES if name not in NONE])
def test_every_name_in_a_sentence_does_too(name: str) -> None:
    text = Path(paths.TEMPLATES / name).read_text()
    loose = []
    for found in PUT_IN.finditer(text):
        for value in re.split(r", (?=\w+=)", found[1]):
            _, _, what = value.partition("=")
            if NAME.search(what) and not ISOLATES.search(what) and not is_no_text(text, found.start()):
                loose.append(what)
    assert loose == []


@pytest.mark.parametrize("name", ["دۆلما", "Dolma"])
@pytest.mark.parametrize("tag", ["en", "ar"])
def test_a_name_that_runs_the_other_way_stays_where_it_is(name: str, tag: str) -> None:
    page = rendering._environment(html=True).from_string(
        '{% from "parts/own.html" import own %}{% trans name=own(name) %}Hello, {{ name }}{% endtrans %}'
    )
    assert f"<bdi>{name}</bdi>" in page.render(interface=rendering.interfaces()[tag], name=name)
