"""
What a run of `check` did not ask, and why. In: names of files, sources, a profile. Out: a sentence each, for its notes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from ..mining.conventions.convention import conventions_by_id
from ..mining.errors import InputError, SettingsError
from ..mining.judge import Judgement
from ..mining.languages import Language, install_command, language_of
from ..mining.patterns import matcher_of
from ..mining.profile import Profile
from ..mining.reading import is_locked
from ..mining.roles import is_test_path
from ..mining.settings import FILES as SETTINGS_FILES
from ..mining.settings import Settings, settings_of, stated_settings
from ..mining.source import Source
from ..mining.unread import UNREAD
from ..mining.wording import ask_if_meant, counted, worded
from .baseline import read_baseline
from .diff import lies_in
from .findings import Inspected
from .learning import CLAIMS, has_grammar, is_ours, known_suffixes, left_out_by, why_left_alone
from .names.missing import Names
from .syntax import first_error

NOTHING_STAGED = "no line of code is staged, so none was judged: --diff BASE judges what is committed already"
NOTHING_ASKED = (
    "nothing that was named holds code to ask: links, translations, vendored, excluded, ignored and generated files "
    "are left alone"
)
NO_RESOLVER = "whether names exist was not asked: pip install 'idiolect[style]' brings the resolver"
SHOWN = 3
"""Files that a note names."""
MANY_PLACES = 20
"""Of fewer places, as a change may have, none need be covered by rules of the repository's own."""
FEW_FILES = 3
"""A change that departs throughout in fewer files gives nothing up."""


def unasked_names(names: Names) -> list[str]:
    """Return a sentence where nobody could be asked whether *names* exist."""
    return [f"whether names exist was not asked: {names.unasked}"] if names.unasked else []


def unjudged(locked: Sequence[str], submodules: Sequence[str], paths: Sequence[str]) -> list[str]:
    """Return sentences on what of a change under *paths* nobody can judge here: *locked* files, and *submodules*."""
    locked, submodules = ([name for name in names if lies_in(name, paths)] for names in (locked, submodules))
    verb = "was" if len(submodules) == 1 else "were"
    way = "`idiolect check --diff BASE` judges each in its own folder"
    notes = [f"{counted(len(locked), 'file')} may not be read, edited or not: {shown(locked)}"] if locked else []
    moved = f"{counted(len(submodules), 'changed submodule')} {verb} not judged: {shown(submodules)}"
    return notes + ([f"{moved}; {way}"] if submodules else [])


def merging(commits: Sequence[str]) -> list[str]:
    """Return a sentence where a merge under way takes in *commits*."""
    names = shown([commit[:12] for commit in commits])
    return [f"a merge is under way: what {names} holds was not judged, only what differs from it"] if commits else []


def gone(before: Iterable[str], now: Collection[str]) -> list[str]:
    """Return a sentence on the modules that stood *before*, and do not *now*: others may name them."""
    left = sorted(path for path in before if path.endswith(".py") and path not in now and not is_test_path(path))
    stood = "is no longer where it" if len(left) == 1 else "are no longer where they"
    told = f"{counted(len(left), 'module')} {stood} stood: {shown(left)}"
    return [f"{told}; `--mode new` asks whether other files still name what is gone"] if left else []


def left_alone(
    root: Path,
    names: Iterable[str],
    read: Callable[[str], bytes | None],
    settings: Settings,
    asked: Iterable[Source],
    *,
    is_whole: bool,
) -> list[str]:
    """
    Return a sentence on the files among *names* that were not *asked* for what they hold.

    Of a change these are all, for nobody else may look at them; of a whole tree those that do not say what they are.
    """
    known, excluded, endings = {source.path for source in asked}, left_out_by(settings), known_suffixes()
    code = (name for name in names if name.endswith(endings) and is_ours(name, excluded))
    reasons = [(name, why_left_alone(name, read(name))) for name in code if name not in known]
    if is_whole:
        reasons = [(name, why or "unreadable" * is_locked(root, name)) for name, why in reasons if why not in CLAIMS]
    found = [f"{name} ({worded(why)})" for name, why in reasons if why]
    what, were = "file" if is_whole else "changed file", "was" if len(found) == 1 else "were"
    return [f"{counted(len(found), what)} {were} not asked: {shown(found)}"] if found else []


def without_grammar(paths: Iterable[str]) -> list[str]:
    """Return a sentence on the files at *paths* that cannot be asked because their grammar is not installed."""
    missing = lacking(paths)
    if not missing:
        return []
    what = ", ".join(sorted({language.name for language in missing}))
    were, their = ("was", "its") if len(missing) == 1 else ("were", "their")
    about = f"{counted(len(missing), 'file')} {were} not read, for {their} grammar is not installed ({what})"
    return [f"{about}: {install_command(missing)} brings it"]


def lacking(paths: Iterable[str]) -> list[Language]:
    """Return the language of each file at *paths* whose grammar is not installed."""
    languages = (language_of(path) for path in paths)
    return [language for language in languages if language is not None and not has_grammar(language)]


def require_grammar(paths: Sequence[str]) -> None:
    """Raise `InputError` where there is code at *paths* and the grammar of none of it is installed."""
    languages = [language for path in paths if (language := language_of(path)) is not None]
    if languages and not any(map(has_grammar, languages)):
        (told,) = without_grammar(paths)
        raise InputError(f"Nothing here can be judged: {told}.")


def judge_edited(before: Mapping[str, bytes], after: Mapping[str, bytes], judge: Settings, baseline: str) -> list[str]:
    """
    Return a sentence on a change that edits, breaks or mends the settings that judge it, or edits the *baseline*.

    What holds these stood in the files *before*, and stands in those *after* it, by name.
    """
    edited = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    try:
        is_same = settings_of(after) == judge
    except SettingsError as error:
        return [f"the settings of this change are broken, and no check can run once it is merged: {error}"]
    if is_same:
        edited = [name for name in edited if name == baseline]
    if edited and (fault := fault_in(before, baseline)):
        return [f"this change is judged without what it mends, which was broken: {fault}"]
    about = f"{' and '.join(edited)} {'is' if len(edited) == 1 else 'are'} edited here"
    return [f"{about}: this change is judged by what stood there before, the next by what does now"] if edited else []


def set_up(formatters: Sequence[str]) -> list[str]:
    """Return a sentence on a change that sets up *formatters*, which are no judge of it yet."""
    are, they, them = ("is", "it decides", "it") if len(formatters) == 1 else ("are", "they decide", "them")
    told = f"{' and '.join(formatters)} {are} set up here: what {they} is left to {them} from the next change on"
    return [told] if formatters else []


def given_up(files: Iterable[Inspected], tiers: Collection[str]) -> list[str]:
    """
    Return a sentence on each rule of *tiers* that a change of *files* departs from more than half as often as was kept.

    It is meant, then, and the change is the wrong place to say so. What does not exist is no habit, and never meant.
    """
    known = conventions_by_id()
    places: defaultdict[str, list[str]] = defaultdict(list)
    kept: dict[str, int] = {}
    for finding in (alert.finding for file in files for alert in file.alerts if alert.state == "new"):
        if finding.entry.tier in tiers and not known[finding.entry.convention].is_fact:
            places[finding.entry.id].append(finding.path)
            kept[finding.entry.id] = finding.entry.conforming
    return [
        f"{rule}: this change does otherwise in {len(found):,} places where {kept[rule]:,} kept it. A habit is given "
        f'up by a change of its own before: [conventions."{rule}"], ignore = true and a reason, in idiolect.toml'
        for rule, found in sorted(places.items())
        if len(found) >= MANY_PLACES and len(set(found)) >= FEW_FILES and len(found) > kept[rule] / 2
    ]


def fault_in(files: Mapping[str, bytes], baseline: str) -> str:
    """Return what is wrong with the settings in *files*, or with the *baseline*, or nothing."""
    try:
        stated_settings(files)
        read_baseline(files.get(baseline, b""), baseline)
    except (InputError, SettingsError) as error:
        return str(error)
    return ""


def unheard(names: Sequence[str], settings: Settings) -> list[str]:
    """Return sentences on settings that nobody reads: files of them among *names*, in folders, and what runs code."""
    excluded = left_out_by(settings)
    alone, _ = SETTINGS_FILES
    deeper = [name for name in names if name.endswith(f"/{alone}") and is_ours(name, excluded)]
    notes = [f"settings are read at the top of the repository alone, not in {shown(deeper)}"] if deeper else []
    ways = {"language": "; give the file that holds it as --language FILE"}
    return notes + [
        f"the setting `{key}` would run code, so it is not read here{ways.get(key, '')}" for key in settings.ignored
    ]


def idle_patterns(names: Sequence[str], settings: Settings) -> list[str]:
    """Return sentences on the patterns of `exclude`, and of rules, that match none of *names*, all that there are."""
    said = {"exclude": settings.exclude} | {
        f"conventions.{rule}.ignore": override.ignored_in for rule, override in settings.conventions.items()
    }
    notes: list[str] = []
    for setting, patterns in said.items():
        # one that takes others back is idle where it matches nothing itself
        matchers = {pattern: matcher_of([pattern.removeprefix("!")]) for pattern in patterns}
        idle = [pattern for pattern, matches in matchers.items() if not any(map(matches, names))]
        verb = "leaves" if len(idle) == 1 else "leave"
        notes += [f"{counted(len(idle), 'pattern')} of `{setting}` {verb} nothing out: {shown(idle)}"] if idle else []
    return notes


def idle_settings(profile: Profile, settings: Settings) -> list[str]:
    """Return sentences on the rules that *settings* want held, or give a tier, and that *profile* has none of."""
    rules = {name for entry in profile.entries if entry.tier for name in (entry.id, entry.convention)}
    known = conventions_by_id()
    idle = {
        rule: override
        for rule, override in settings.conventions.items()
        if rule not in rules and not override.ignore and not known[rule.partition("[")[0]].is_fact
    }
    held = [rule for rule, override in idle.items() if override.is_enforced]
    many = [rule for rule in held if rule in known and known[rule].is_mined]
    few = [rule for rule in held if rule not in many]
    loose = [rule for rule, override in idle.items() if override.tier and not override.is_enforced]
    need = "nothing to hold code to yet, whatever is set: no place answers, or no answer has more places than others"
    each = "no firm habit; to hold code to one that is not, name it with its key, as findings do: RULE[key]"
    firm = "no firm habit, so the tier that the settings name changes nothing; `enforce` holds code to one all the same"
    return [f"{shown(rules)}: {why}" for rules, why in ((few, need), (many, each), (loose, firm)) if rules]


def idle_exceptions(profile: Profile) -> list[str]:
    """Return a sentence on each rule that settings leave out, and that nothing here would be held to."""
    known = {entry.id for entry in profile.entries}
    about = "the settings ignore it, and nothing here answers it"
    return [f"{rule}: {about}{ask_if_meant(rule, known)}" for rule in profile.unanswered]


def other_rules(profile: Profile) -> list[str]:
    """Return a sentence on the rules that a named profile was learned by and that are not, or asked otherwise, here."""
    versions = {name: convention.version for name, convention in conventions_by_id().items()}
    asked = sorted({entry.convention for entry in profile.entries})
    others = [name for name in asked if versions.get(name, 0) != profile.versions.get(name)]
    verb = "is" if len(others) == 1 else "are"
    about = f"{counted(len(others), 'rule')} of the profile {verb} asked otherwise by this version, or not installed"
    return [f"{about}: {shown(others)}. Mine the profile again"] if others else []


def without_rules(profile: Profile) -> list[str]:
    """Return a sentence where the code that a profile was learned from has no rule: nothing found is no praise."""
    return [] if any(entry.tier for entry in profile.entries) else ["no habit of this code is firm enough to be a rule"]


def of_other_code(judged: Sequence[Judgement]) -> list[str]:
    """Return a sentence where a named profile covers none of many places, as that of another repository may."""
    places = sum(each.opportunities for each in judged)
    if places < MANY_PLACES or any(each.governed for each in judged):
        return []
    return [f"no rule of the profile covers any of {places:,} places: it may be of another repository"]


def unread(names: Sequence[str], settings: Settings) -> list[str]:
    """Return a sentence on the code among *names* that no grammar reads: nothing is learned or asked of it."""
    excluded, known = left_out_by(settings), known_suffixes()
    found = [name for name in names if name.endswith(tuple(UNREAD)) and not name.endswith(known)]
    code = [name for name in found if is_ours(name, excluded)]
    endings = sorted({PurePosixPath(name).suffix for name in code})
    what = "a language that is" if len(endings) == 1 else "languages that are"
    return [f"{counted(len(code), 'file')} of {what} not read ({', '.join(endings)})"] if code else []


def unparsed(sources: Sequence[Source]) -> list[str]:
    """Return a sentence on the files that do not parse whole."""
    broken = [f"{source.path}:{line}" for source in sources if (line := first_error(source))]
    verbs = ("does", "was") if len(broken) == 1 else ("do", "were")
    about = f"{counted(len(broken), 'file')} {verbs[0]} not parse in places, and {verbs[1]} not asked there"
    return [f"{about}: {shown(broken)}"] if broken else []


def shown(names: Sequence[str]) -> str:
    """Return the first of *names*, and whether there are more."""
    return ", ".join(names[:SHOWN]) + (", …" if names[SHOWN:] else "")
