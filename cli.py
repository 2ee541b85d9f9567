"""
The command line. In: arguments. Out: an exit code; results on stdout, progress and faults on stderr.

Each command is one file in `commands/`, loaded only when it is called or listed, so that `--help` stays instant.
"""

from __future__ import annotations

import errno
import importlib
import pkgutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import cache

import click

from . import __version__, commands
from .commands._group import NamingGroup
from .commands._process import prepare_process
from .mining.errors import MEMORY_LACKS, IdiolectError
from .mining.wording import printable

INTERNAL_ERROR = 70
INTERRUPTED = 130
REFUSALS = frozenset(
    {
        errno.ENAMETOOLONG, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM,
        errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM, errno.EIO, errno.ESTALE,
    }
)  # fmt: skip
"""What the machine may say no to wherever a file is touched or a process started: no fault of ours."""
LACKS = {
    "can't start new thread": "No more threads can be started. End other programs, or raise the limit: ulimit -u.",
    "failed to map segment": "A library cannot be loaded. Raise the limit of memory (ulimit -v), or install on a disk "
    "that may run programs (not mounted noexec).",
    **MEMORY_LACKS,
}
"""What else it may lack, by what errors without a type of their own say of it."""
SETTINGS = frozenset({"--config", "--disable", "--exclude", "--ignore", "--rule", "--rules", "--select", "--skip"})
"""What linters have options for, and a check settings, so that its judge is a commit's."""
LONGEST_NAME = 300
UNREAD = 128 + 13
"""As a shell tells the end of what a closed pipe killed (SIGPIPE)."""


class LazyCommands(NamingGroup):
    """
    A group whose commands are the modules of `commands/`: module `mine` holds the click command `command`.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of all commands."""
        return list(command_names())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in self.list_commands(ctx):
            return None
        return importlib.import_module(f"{commands.__name__}.{cmd_name}").command


@cache
def command_names() -> tuple[str, ...]:
    """Return the names of all commands, in order; `--help` asks for them once a command."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(commands.__path__) if module.name[0] != "_"))


@click.group(cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="idiolect")
def cli() -> None:
    """Teach a small code model the way one codebase is written, prove it, and hold new code to it."""


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run one command and return its exit code, as listed in `docs/design.md`.
    """
    if argv is None:
        prepare_process()
    try:
        result = cli.main(args=None if argv is None else list(argv), prog_name="idiolect", standalone_mode=False)
        sys.stdout.flush()  # what cannot be written is told here, not by the interpreter as it ends
    except IdiolectError as error:
        return complain(str(error), error.exit_code)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        return complain(describe_misuse(error), error.exit_code)
    except (KeyboardInterrupt, click.Abort) as stop:
        way = (stop.__cause__ or stop).args  # click passes Ctrl-C on as the cause of its own
        return complain(". ".join(("interrupted", *map(str, way))), INTERRUPTED)
    except (BrokenPipeError, SystemExit):
        # the reader of stdout went away, which click tells by leaving: neither passed nor failed. Point it at nothing,
        # so that the interpreter's last flush stays silent
        sys.stdout = None
        return UNREAD
    except OSError as error:
        if error.errno not in REFUSALS:
            return report_internal_error(error)
        where = f": {str(error.filename)[:LONGEST_NAME]!r}"
        if error.filename is None:
            # an output, which has no name here: what is left for it would fail once more
            sys.stdout, where = None, ""
        return complain(f"{error.strerror}{where}.", 2)
    except MemoryError:
        return complain(LACKS["allocate memory"], 2)
    except Exception as error:
        lacks = LACKS.items() if isinstance(error, RuntimeError | ImportError) else ()
        told = next((told for words, told in lacks if words in str(error)), "")
        return complain(told, 2) if told else report_internal_error(error)
    return result if isinstance(result, int) else 0


def describe_misuse(error: click.ClickException) -> str:
    """Return what click found wrong with a command line, and where to read on."""
    context = getattr(error, "ctx", None)
    help_at = f" Read {context.command_path} --help." if context else ""
    said = name_setting(error) or error.format_message()
    end = "" if said.endswith((".", "?", "?)")) else "."
    return said + end + help_at


def name_setting(error: click.ClickException) -> str:
    """Return where to write what was given as an option: a value of the recipe, or what settings say of a check."""
    context = getattr(error, "ctx", None)
    if not isinstance(error, click.NoSuchOption) or context is None:
        return ""
    if error.option_name in SETTINGS and any("--fail-on" in option.opts for option in context.command.params):
        return f"No such option {error.option_name!r}: rules and paths are turned off in idiolect.toml (docs/gate.md)."
    if not any("--set" in option.opts for option in context.command.params):
        return ""
    key = error.option_name.lstrip("-").replace("-", "_")
    with suppress(IdiolectError):  # what trains may not be installed
        from .training.recipe import RANGES

        if key in RANGES:
            return f"No such option {error.option_name!r}, but a value of the recipe: --set {key}=NUMBER."
    return ""


def complain(message: str, exit_code: int) -> int:
    """Print *message*, which may quote what others wrote, as one line on stderr and return *exit_code*."""
    try:
        click.echo(f"idiolect: {printable(' '.join(message.split()))}", err=True)
    except OSError:
        # nobody can be told; the code stays, and what is left for it would fail once more as the interpreter ends
        sys.stderr = None
    return exit_code


def report_internal_error(error: Exception) -> int:
    """Save the traceback, name its place in one line, and return the exit code of an internal error."""
    import tempfile  # these two would be a tenth of what `--help` takes
    import traceback

    try:
        with tempfile.NamedTemporaryFile("w", prefix="idiolect-", suffix=".log", delete=False, encoding="utf-8") as log:
            log.write("".join(traceback.format_exception(error)))
    except OSError as refusal:
        # where this cannot be saved nothing could, so the fault is more likely the machine's than ours
        way_out = "Set TMPDIR to a folder that can be written to"
        return complain(f"No temporary file can be made: {refusal.strerror}. {way_out}. What came of it: {error}", 2)
    said = " ".join([f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ())])
    return complain(f"internal error ({said}). Traceback: {log.name}", INTERNAL_ERROR)
