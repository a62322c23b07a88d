"""The root command, its lazy table, and the one guard that turns what happens into an exit code.

0 yes or done · 1 the answer is no · 2 usage · 3 could not answer · 130 interrupted.
"""

import importlib
import os
import shlex
import sqlite3
import sys
import traceback
import warnings

import click

from provenance import __version__
from provenance_cli._output import print_error

YES, NO, USAGE, UNANSWERED, INTERRUPTED = 0, 1, 2, 3, 130

# Name, module and what it does: `--help` needs no more than this, so that nothing is imported for it.
_COMMANDS = {
    "demo": ("demo", "See the whole job done, in front of you."),
    "init": ("init", "Create a studio in a folder."),
    "consent": ("consent", "Record, show and withdraw consents."),
    "erase": ("erase", "Destroy a person's data, and prove it."),
    "stamp": ("stamp", "Stamp pictures with Content Credentials."),
    "watch": ("watch", "Stamp what arrives in a folder, such as an editor's exports."),
    "derive": ("derive", "Make smaller copies of stamped pictures, and stamp them."),
    "restamp": ("restamp", "Stamp again what only got other captions."),
    "disclose": ("disclose", "Show one picture's consent to somebody."),
    "verify": ("verify", "Check pictures: intact, from whom, with consent?"),
    "find": ("find", "Find the stamps of pictures that lost their credentials."),
    "kiosk": ("kiosk", "Let people decide and sign on a screen, at the shoot."),
    "serve": ("serve", "Show a page that checks pictures, receipts and the ledger."),
    "policy": ("policy", "Show what `verify --policy` knows by name."),
    "ledger": ("ledger", "Show, prove and audit the ledger."),
    "keys": ("keys", "Renew the certificate that signs your stamps, or buy one."),
    "studio": ("studio", "Upgrade a studio, move its database, or keep fingerprints."),
    "trust": ("trust", "Say whom you trust, and hand out what others need for it."),
    "witness": ("witness", "Watch the ledgers of others, and cosign them."),
}

_EPILOG = """\b
Examples:
  provenance demo
  provenance verify photo.jpg
  provenance init my-studio --name "Studio Lumen"
"""


class _LazyGroup(click.Group):
    """A group that imports a command only when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, in the order of the work."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command called `cmd_name`."""
        if cmd_name not in _COMMANDS:
            return None
        command = importlib.import_module(f"provenance_cli.{_COMMANDS[cmd_name][0]}").command
        if not isinstance(command, click.Command):
            raise TypeError(f"{cmd_name}: not a command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; a file in its place gets the command that was probably meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            if args and os.path.isfile(args[0]):  # noqa: PTH113 the text may be no path at all
                # Here and not at the top: `--help` should not wait for it.
                from provenance_cli._options import WrongValueError

                raise WrongValueError(
                    f"expected a command, got the file {args[0]!r}",
                    hint=f"did you mean: provenance verify {shlex.quote(args[0])}",
                ) from error
            raise


@click.group(
    cls=_LazyGroup,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    invoke_without_command=True,
    no_args_is_help=False,
)
@click.version_option(__version__, prog_name="provenance", message="%(prog)s %(version)s")
@click.pass_context
def command(ctx: click.Context) -> None:
    """Consent, origin and proof for headshots."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main() -> None:
    """Run the command line and end the process with its exit code."""
    if not sys.warnoptions:
        # What a library warns of in a stranger's file is no error of a command; those are told in one line.
        warnings.simplefilter("ignore")
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run the command line and return its exit code; nothing escapes as a traceback."""
    try:
        result = command.main(args=arguments, prog_name="provenance", standalone_mode=False)
    except BaseException as error:  # the one guard: everything that is raised becomes a line and a code
        return _explain(error)
    return result if isinstance(result, int) else YES


def _explain(error: BaseException) -> int:
    """Print what went wrong, in one line and a hint, and return the exit code for it."""
    # Imported here because `--help` should not wait for it.
    from provenance.errors import ProvenanceError, RefusedError

    match error:
        case click.UsageError():
            _print_usage(error)
            return USAGE
        case click.Abort() | KeyboardInterrupt():
            print_error("interrupted", hint="run the same command again; what was finished stays finished")
            return INTERRUPTED
        case RefusedError():
            print_error(str(error), hint=error.hint)
            return NO
        case ProvenanceError():
            print_error(str(error), hint=error.hint)
        case BrokenPipeError():
            # The reader went away; there is nobody left to tell.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        case SystemExit():
            # How click ends when the reader of its output went away.
            pass
        case sqlite3.Error():
            print_error(f"database: {error}", hint="run provenance ledger audit")
        case OSError():
            place = os.path.basename(str(error.filename)) if error.filename else "system"  # noqa: PTH119
            print_error(f"{place}: {(error.strerror or type(error).__name__).lower()}")
        case Exception():
            if os.environ.get("PROVENANCE_DEBUG"):
                traceback.print_exception(error)
            print_error(
                f"a fault in this program: {type(error).__name__}",
                hint="set PROVENANCE_DEBUG=1 to see where, and please report it",
            )
        case _:
            raise error
    return UNANSWERED


def _print_usage(error: click.UsageError) -> None:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return
    message = " ".join(error.format_message().split())
    hint = getattr(error, "hint", None) or (f"see {error.ctx.command_path} --help" if error.ctx else None)
    print_error(f"{message[:1].lower()}{message[1:].rstrip('.')}", hint=hint)
