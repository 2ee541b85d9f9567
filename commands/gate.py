"""
`idiolect gate`: a stored evaluation in, yes or no out.
"""

from __future__ import annotations

import json
from pathlib import Path

import click

from ._options import PATH, json_option


@click.command("gate")
@click.argument("evaluation", type=PATH)
@click.option("--against", type=PATH, help="The evaluation of the adapter in use.")
@click.option("--policy", "policy_file", type=PATH, help="A TOML file with other margins.")
@json_option
def command(evaluation: Path, against: Path | None, policy_file: Path | None, as_json: bool) -> None:
    """
    Say from stored evidence whether an adapter may ship.

    EVALUATION is a folder that `idiolect evaluate` wrote. Exits 0 for WORTH_IT, 1 for a no,
    3 when the evidence is inconclusive, 4 when it is invalid.
    """
    from ..evaluation.gate import judge_gate
    from ..evaluation.policy import read_policy

    result = judge_gate(evaluation, against=against, policy=read_policy(policy_file) if policy_file else None)
    for warning in result.warnings:
        click.echo(f"idiolect: {warning}", err=True)
    if as_json:
        body = {"verdict": result.word, "reasons": list(result.lines), "warnings": list(result.warnings)}
        click.echo(json.dumps(body))
    else:
        click.echo("\n".join((*result.lines, result.word)))
    raise click.exceptions.Exit(result.exit_code)
