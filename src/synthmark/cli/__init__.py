"""The command line: one verb a file, each loaded when it is called."""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import sys
from typing import NoReturn

import click

import synthmark
from synthmark.cli.exits import INTERRUPTED, OUR_BUG, exit_code
from synthmark.errors import SynthmarkError

__all__ = ["main"]

_VERBS = {
    "embed": "Label pictures and sounds: watermark, AIGC label, signed manifest.",
    "verify": "Check files and say what their labels are worth.",
    "inspect": "Show everything that is there, without judgement.",
    "certs": "Certificates for signing.",
    "doctor": "Show versions, settings and places, and check that all works.",
}


class _Verbs(click.Group):
    """A group that imports a verb's module only when that verb is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _VERBS:
            return None
        command = importlib.import_module(f"synthmark.cli.{cmd_name}").command
        assert isinstance(command, click.Command)  # noqa: S101
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_VERBS.items()))


@click.command(
    cls=_Verbs,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=(
        "Exit codes: 0 labelled, 1 not, 2 usage or target, 3 unreadable or unsupported, "
        "4 key or certificate, 5 store, 70 a defect of synthmark, 130 interrupted."
    ),
)
@click.version_option(synthmark.__version__, "-V", "--version", prog_name="synthmark")
def _synthmark() -> None:
    """Label generated media so that people and machines can tell, and verify the labels.

    \b
    Examples:
      synthmark embed picture.png -o labelled.png --model acme-xl/3.1
      synthmark embed speech.wav -o labelled.wav --model acme-voice/2
      synthmark verify labelled.png
      synthmark verify --json *.jpg
    """  # noqa: D301


def main() -> NoReturn:
    """Run the command line and leave with one of the documented exit codes."""
    _quieten_libraries()
    # The interpreter looks for cycles once more as it ends, over all that numba brought: 0.3 s.
    atexit.register(gc.freeze)
    try:
        code = _synthmark.main(standalone_mode=False, prog_name="synthmark")
        sys.stdout.flush()
    except click.exceptions.Exit as error:
        code = error.exit_code
    except click.ClickException as error:
        error.show()
        code = 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("synthmark: interrupted", err=True)
        code = INTERRUPTED
    except SynthmarkError as error:
        click.echo(f"synthmark: {error}", err=True)
        code = exit_code(error)
    except BrokenPipeError:
        # The reader of our output went away; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except Exception as error:
        if os.environ.get("SYNTHMARK_TRACEBACK"):
            raise
        click.echo(
            f"synthmark: a defect of synthmark: {type(error).__name__}: {error} "
            "(SYNTHMARK_TRACEBACK=1 shows where)",
            err=True,
        )
        code = OUR_BUG
    sys.exit(code or 0)


def _quieten_libraries() -> None:
    """Keep standard error for our words: the MP3 decoder writes notes of its own to it.

    It knows the number 2 alone, so our words get another one. Not with SYNTHMARK_TRACEBACK, nor
    where somebody else has taken sys.stderr over.
    """
    try:
        ours = sys.stderr.fileno() == 2 and not os.environ.get("SYNTHMARK_TRACEBACK")
    except (OSError, ValueError, AttributeError):
        return
    if ours:
        sys.stderr.flush()
        sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, encoding=sys.stderr.encoding)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
