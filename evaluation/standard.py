"""
What code is held to. In: a `Request` and its change. Out: a profile, settings and a baseline.

Those of a change are its merge base's: no change can weaken its own judge. One that mends what was broken there is
judged without it, or it could never be merged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..mining.artefacts import parse_json
from ..mining.attributes import files_about, read_marks
from ..mining.errors import InputError, SettingsError
from ..mining.learn import settle_profile
from ..mining.owners import may_set_up, owners_at, owners_of
from ..mining.profile import Profile
from ..mining.reading import is_beyond_link
from ..mining.settings import FILES as SETTINGS_FILES
from ..mining.settings import Settings, contents_of, judging_files, read_settings, settings_of, stated_settings
from .baseline import FILE, Baseline, read_baseline
from .diff import Change
from .learning import WorkTree, learn_commit, learn_tree
from .notes import judge_edited, set_up
from .request import Request


@dataclass(frozen=True, slots=True)
class Standard:
    """
    What code is held to.
    """

    profile: Profile
    tree: WorkTree
    """What there is now, by the settings that it is held to."""
    baseline: Baseline

    @property
    def settings(self) -> Settings:
        """The settings that code is held to."""
        return self.tree.settings


def find_standard(request: Request, change: Change | None) -> Standard:
    """Return the profile, the settings and the baseline: of the merge base where there is a change to judge."""
    if change is None:
        settings, baseline = read_settings(request.root), baseline_now(request)
    else:
        settings, baseline = settings_before(request, change), baseline_before(request, change)
    tree = WorkTree(request.root, settings)
    if request.profile is not None:
        profile = settle_profile(read_profile(request.profile), settings)
    elif change is None:
        profile = learn_tree(tree, baseline, request.progress)
    else:
        profile = learn_commit(change.base, settings, baseline, request.progress)
    return Standard(profile, tree, baseline)


def settings_before(request: Request, change: Change) -> Settings:
    """
    Return the settings that *change* starts from; where it mends broken ones, none: else it could never be merged.

    Raises `SettingsError` where it leaves them broken.
    """
    files = dict(change.base.read(judging_files(change.base.blobs)))
    try:
        return settings_of(files)
    except SettingsError:
        stated_settings(files_after(request, change, SETTINGS_FILES))
        return Settings(marks=read_marks(files))


def baseline_now(request: Request) -> Baseline:
    """Return the baseline of the work tree."""
    return load_baseline(request, lambda name: read_whole(request.root / name))


def baseline_before(request: Request, change: Change) -> Baseline:
    """
    Return the baseline that *change* starts from; where it mends a broken one, none, as of settings.

    Raises `InputError` where it leaves it broken, and where one that was named is not there.
    """
    name = request.baseline or FILE
    files = dict(change.base.read([name]))
    try:
        return load_baseline(request, files.get)
    except InputError:
        if name not in files:
            raise
        read_baseline(files_after(request, change, [name]).get(name, b""), name)
        return {}


def read_profile(file: Path) -> Profile:
    """Return the profile in *file*."""
    try:
        return Profile.from_json(parse_json(file.read_text("utf-8")))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError(f"The profile {str(file)!r} cannot be read: {reason}.") from None
    except (ValueError, KeyError, TypeError) as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else error
        raise InputError(f"{str(file)!r} is no profile: {reason}. Mine one, or leave --profile out.") from None


def load_baseline(request: Request, read: Callable[[str], bytes | None]) -> Baseline:
    """Return the baseline that was named, or the one in its usual place; one that was named must be there."""
    data = read(request.baseline or FILE)
    if data is None and request.baseline is not None:
        where = "" if request.base is None and not request.staged else " in the commit that the change starts from"
        raise InputError(f"There is no baseline {request.baseline!r}{where}. Make one: idiolect baseline create.")
    return read_baseline(data, request.baseline or FILE) if data is not None else {}


def edits_of_standard(request: Request, change: Change, standard: Standard) -> list[str]:
    """Return sentences where *change* edits what it is judged by, for whoever wonders why that counts for nothing."""
    baseline = request.baseline or FILE
    names = [*judging_files({*change.base.blobs, *files_about(change.added)}), baseline]
    after = files_after(request, change, names)
    notes = judge_edited(dict(change.base.read(names)), after, standard.settings, baseline)
    if request.profile is not None:
        return notes
    staged = change.staged
    owners = owners_at(request.root) if staged is None else owners_of(staged.read(filter(may_set_up, staged.blobs)))
    return notes + set_up(sorted(owners.keys() - standard.profile.owners.keys()))


def files_after(request: Request, change: Change, names: Sequence[str]) -> dict[str, bytes]:
    """Return the files of *names*, whole, that there are after *change*."""
    if change.staged is not None:
        return dict(change.staged.read(names))
    plain = (name for name in names if not is_beyond_link(request.root, name))
    return contents_of(plain, lambda name: read_whole(request.root / name))


def read_whole(file: Path) -> bytes | None:
    """Return the bytes of a plain file, or None where there is none: a long past makes a large baseline."""
    return file.read_bytes() if file.is_file() and not file.is_symlink() else None
