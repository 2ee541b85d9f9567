"""
Small houses that tests of mining share. In: nothing. Out: their files, one file as it is mined, what many teach.
"""

from __future__ import annotations

from idiolect.mining.conventions.tally import FileTally, tally_source
from idiolect.mining.definitions import collect_definitions
from idiolect.mining.judge import judge_source
from idiolect.mining.languages import known_languages, language_of
from idiolect.mining.learn import learn_profile
from idiolect.mining.pairs.kind import MinedFile
from idiolect.mining.profile import Profile
from idiolect.mining.skeleton import render_skeleton
from idiolect.mining.source import Source, parse_source

MINED = [f"Q{number:02}" for number in range(9, 19)]
"""The rows whose rules are mined from files of any language."""
HOUSE = {
    "house/client.py": '''
class Client:
    """Talks to the store."""

    def fetch(self, path, *, fresh=False):
        """Load the page at *path*.

        >>> Client().fetch("a")
        'page a'
        """
        if fresh:
            self.forget(path)
        return "page " + path

    def forget(self, path):
        """Drop what is remembered of *path*."""
        self.known = [one for one in self.known if one != path]
''',
    "house/words.py": '''
def shorten(text, limit):
    """Return the first words of *text* that fit into *limit* letters."""
    kept = []
    for word in text.split():
        if len(" ".join(kept + [word])) > limit:
            break
        kept.append(word)
    return " ".join(kept)
''',
    "house/pages.py": '''
from house.client import Client
from . import words


def read_title(path):
    """Return the title of the page at *path*, cut to what a list can show."""
    client = Client()
    page = client.fetch(path, fresh=True)
    title = words.shorten(page, 40)
    return title.strip()
''',
    "house/patient.py": '''
from house.client import Client


class PatientClient(Client):
    """Waits before it asks again."""

    seconds = 3

    def wait(self, times):
        return self.seconds * times
''',
    "README.md": "# House\n\n## Read a page\n\nOne call:\n\n```python\nread_title('a')\nread_title('b')\n```\n",
}
STYLED = '''
def label_{noun}(item, names):
    """Return the label of the {noun}."""
    found = ["{noun}", "x{noun}"]
    if item.is_{noun}(names):
        found.add_{noun}(names[item]["{noun}_long"].cut_{noun}())
        item.close_{noun}(found.size_{noun}("whole"))
    return found + [names.get_{noun}(item, "no {noun}")["short"]]
'''
"""A file that keeps to double quotes; `{noun}` tells files apart."""
NOUNS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath", "inlet", "jetty", "knoll", "larch")
OLD = '''
def total_{noun}(prices, rate):
    """Return the sum of the {noun} *prices* with tax at *rate*."""
    found_{noun} = 0
    for price in prices:
        found_{noun} += price * (1 + rate)
    return round(found_{noun}, 2)
'''
"""A file as it stands before a commit changes it."""


def parse(path: str, text: str) -> Source:
    language = language_of(path, known_languages(), text.encode())
    assert language is not None
    return parse_source(path, text.encode(), language)


def tally(path: str, text: str) -> FileTally:
    return tally_source(parse(path, text))


def mined_file(path, text, house=frozenset()):
    source = parse(path, text)
    definitions = collect_definitions(source)
    return MinedFile(source, definitions, render_skeleton(source, definitions), tally_source(source), house)


def learn(files: dict[str, str]) -> Profile:
    """Return what *files*, by their paths, teach."""
    return learn_profile(tally(path, text) for path, text in files.items())


def found(profile: Profile, path: str, text: str) -> list[tuple[str, int]]:
    """Return (row, line) of what mined rows find."""
    findings = judge_source(parse(path, text), profile).findings
    return [(f.entry.convention, f.line) for f in findings if f.entry.convention in MINED]
