"""
`idiolect doctor`: what works on this machine. In: options. Out: sandbox tier, accelerator, grammars and compilers.
"""

from __future__ import annotations

import json
import shutil
from typing import Any

import click


@click.command("doctor")
@click.option("--require", "tier", type=click.IntRange(0, 3), help="Exit 2 unless the sandbox reaches this tier.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(tier: int | None, as_json: bool) -> None:
    """Probe the sandbox for real, and list accelerator, grammars and compilers."""
    from ..evaluation.sandbox.doctor import diagnose
    from ..mining.errors import MachineError
    from ..mining.languages import builtin_languages

    cage = diagnose()
    probes = [{"name": probe.name, "contained": probe.contained} for probe in cage.probes]
    sandbox = {"tier": cage.tier, "backend": cage.backend, "probes": probes, "seconds": round(cage.seconds, 3)}
    body: dict[str, Any] = {
        "schema": "idiolect.doctor/1",
        "sandbox": {**sandbox, "reason": cage.reason},
        "accelerator": name_accelerator(),
        "grammars": [language.name for language in builtin_languages()],
        "compilers": {name: shutil.which(name) is not None for name in ("cc", "gcc", "clang")},
    }
    click.echo(json.dumps(body) if as_json else render(body))
    if tier is not None and cage.tier < tier:
        raise MachineError(
            f"The sandbox reaches tier {cage.tier}, and {tier} is required ({cage.reason}). "
            "Allow unprivileged user namespaces, or run where they are allowed."
        )


def name_accelerator() -> str | None:
    """Return the accelerator's name, or None where torch is not installed."""
    try:
        from ..training.models import choose_device
    except ImportError:
        return None
    return str(choose_device())


def render(body: dict[str, Any]) -> str:
    """Return the findings as lines for a person."""
    sandbox = body["sandbox"]
    held = sum(probe["contained"] for probe in sandbox["probes"])
    lines = [
        f"sandbox      tier {sandbox['tier']} ({sandbox['backend']}), {held}/{len(sandbox['probes'])} probes contained "
        f"in {sandbox['seconds']} s",
        *([f"             {sandbox['reason']}"] if sandbox["reason"] else []),
        f"accelerator  {body['accelerator'] or 'unknown: torch is not installed'}",
        f"grammars     {', '.join(body['grammars'])}",
        f"compilers    {', '.join(name for name, found in body['compilers'].items() if found) or 'none'}",
    ]
    return "\n".join(lines)
