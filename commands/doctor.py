"""
`idiolect doctor`: what works on this machine. In: options. Out: sandbox tier, accelerator, grammars and compilers.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..mining.errors import MachineError, MissingExtraError
from ..mining.unread import shipped_for
from ..mining.wording import all_of, any_of, counted, worded
from ._options import PATH, json_option, language_option
from ._progress import show_briefly

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..mining.languages import Language
    from ..mining.survey import Survey
    from ..mining.workers import Progress


@click.command("doctor")
@click.argument("repository", metavar="[REPO]", required=False, type=PATH)
@language_option
@click.option("--require", "tier", type=click.IntRange(0, 3), help="Exit 2 unless the sandbox reaches this tier.")
@json_option
def command(repository: Path | None, tier: int | None, as_json: bool) -> None:
    """
    Probe the sandbox, and list what this machine has.

    The probes are real attempts; listed are accelerator, grammars and compilers. With --language,
    say also how well that language reads REPO.
    """
    from ..evaluation.sandbox.doctor import diagnose
    from ..mining.languages import builtin_languages, known_languages

    own = [language for language in known_languages() if language.sha256]
    if repository is not None and not own:
        raise click.UsageError("REPO is read where --language FILE names a language; all else is of this machine.")
    with show_briefly() as report:
        languages = describe_languages(own, repository, report)
    cage = diagnose()
    probes = [{"name": probe.name, "contained": probe.contained} for probe in cage.probes]
    sandbox = {"tier": cage.tier, "backend": cage.backend, "probes": probes, "seconds": round(cage.seconds, 3)}
    body: dict[str, Any] = {
        "schema": "idiolect.doctor/1",
        "sandbox": {**sandbox, "reason": cage.reason},
        "accelerator": name_accelerator(),
        "grammars": {language.name: is_installed(language) for language in builtin_languages()},
        "compilers": {name: shutil.which(name) is not None for name in ("cc", "gcc", "clang")},
        **({"languages": languages} if languages else {}),
    }
    click.echo(json.dumps(body) if as_json else render(body))
    if tier is not None and cage.tier < tier:
        raise MachineError(
            f"The sandbox reaches tier {cage.tier}, and {tier} is required ({cage.reason}). "
            "Allow unprivileged user namespaces, or run where they are allowed."
        )


def is_installed(language: Language) -> bool:
    """Claim that the grammar of *language*, a package or a plug-in's library, is there."""
    name = language.origin.removeprefix("pip:")
    return importlib.util.find_spec(name) is not None if name != language.origin else Path(name).exists()


def describe_languages(languages: list[Language], repository: Path | None, report: Progress) -> list[dict[str, Any]]:
    """Return what is known of the user's own *languages*, how they read *repository*, and what their checkers say."""
    from ..evaluation.language_check import find_program, try_checker
    from ..mining.survey import survey_repository

    surveys = survey_repository(repository, languages) if repository is not None and languages else {}
    return [
        {
            **language.as_json(),
            "in_place_of": shipped_for(language),
            "abi": language.grammar.abi_version,
            "node_kinds": language.grammar.node_kind_count,
            "check_found": not isinstance(find_program(language), str) if language.check else None,
            **({"survey": surveys[language.name].as_json(language)} if language.name in surveys else {}),
            **({"checker": try_checker(surveys[language.name].samples, report)} if is_tried(language, surveys) else {}),
        }
        for language in languages
    ]


def is_tried(language: Language, surveys: Mapping[str, Survey]) -> bool:
    """Claim that *language* has a checker, and files that show what it accepts."""
    return bool(language.check) and language.name in surveys and bool(surveys[language.name].samples)


def name_accelerator() -> str | None:
    """Return the accelerator's name, or None where torch is not installed."""
    try:
        from ..training.machine import choose_device
    except MissingExtraError:
        return None
    return str(choose_device())


def render(body: dict[str, Any]) -> str:
    """Return the findings as lines for a person."""
    from ..mining.languages import builtin_languages, install_command

    sandbox = body["sandbox"]
    missing = [language for language in builtin_languages() if not body["grammars"][language.name]]
    names = ", ".join(language.name for language in missing)
    held = sum(probe["contained"] for probe in sandbox["probes"])
    lines = [
        f"sandbox      tier {sandbox['tier']} ({sandbox['backend']}), {held}/{len(sandbox['probes'])} probes contained "
        f"in {sandbox['seconds']} s",
        *([f"             {sandbox['reason']}"] if sandbox["reason"] else []),
        f"accelerator  {body['accelerator'] or 'unknown: torch is not installed'}",
        f"grammars     {', '.join(name for name, found in body['grammars'].items() if found)}",
        *([f"             not installed: {names}; {install_command(missing)}"] if missing else []),
        f"compilers    {', '.join(name for name, found in body['compilers'].items() if found) or 'none'}",
    ]
    for language in body.get("languages", ()):
        lines += ["", *render_language(language)]
    return "\n".join(lines)


def render_language(language: dict[str, Any]) -> list[str]:
    """Return what is known of one of the user's own languages, as lines."""
    lines = [f"language {language['name']}: grammar version {language['abi']}, {language['node_kinds']} node kinds"]
    if language["in_place_of"]:
        lines.append(f"  it reads {any_of(language['extensions'])} in place of {all_of(language['in_place_of'])}")
    if language["check_found"] is False:
        lines.append(f"  its checker {language['check'][0]!r} was not found: compilability will not be checked")
    elif "checker" in language:
        lines.append(render_checker(language["checker"]))
    survey = language.get("survey")
    if survey is None:
        return lines
    lines.append(
        f"  {counted(survey['files'], 'file')}, {survey['files_with_errors']} with errors, "
        f"{survey['error_share']:.2%} of the bytes inside of errors"
    )
    if survey["first_error"]:
        lines.append(f"  the first error: {survey['first_error']}")
    units = ", ".join(f"{count} {kind}" for kind, count in survey["units"].items()) or "none"
    lines.append(f"  units: {units}; {survey['documented_units']} documented, {survey['implement_units']} to ask for")
    if survey["unmatched_captures"]:
        names = ", ".join(f"@{name}" for name in survey["unmatched_captures"])
        lines.append(f"  the query's captures that matched nothing: {names}")
    if survey["skipped"]:
        reasons = (f"{count} {worded(reason)}" for reason, count in survey["skipped"].items())
        lines.append(f"  skipped: {', '.join(reasons)}")
    return lines


def render_checker(tried: dict[str, Any]) -> str:
    """Return what a language's checker says of the house's own files, as a line."""
    if tried["reason"]:
        return f"  its checker cannot be tried here: {worded(tried['reason'])}"
    said = f"  its checker accepts {tried['accepted']} of {counted(tried['asked'], 'file')}"
    return f"{said}; the first complaint: {tried['first_complaint']}" if tried["first_complaint"] else said
