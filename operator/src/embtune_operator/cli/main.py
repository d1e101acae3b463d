"""Entry point: finds the subcommand, and turns errors into one paragraph and an exit code."""

from __future__ import annotations

import importlib
import sys
from typing import NoReturn

import click

from embtune_api.errors import EmbtuneError, Exit

COMMANDS = {
    "data": "Say what is in files of data before a model is trained on them.",
    "synthesize": "Make pairs of a corpus that nobody has labelled.",
    "review": "Write a sheet of pairs for people to accept or reject, and read it back.",
    "init": "Look at a file of data and write a job for it.",
    "run": "Train, judge and promote a model on this machine; run again to resume.",
    "submit": "Give a job to the operator of a cluster, and watch it.",
    "suspend": "Have a job of a cluster save a checkpoint and free its pods.",
    "resume": "Have a suspended job go on.",
    "logs": "Print what the pods of a job print.",
    "doctor": "Look whether a cluster is ready for jobs.",
    "validate": "Say what is wrong with job files, with file and line.",
    "versions": "List the versions of a model.",
    "show": "Show one version: scores, gates, lineage.",
    "compare": "Compare models on the same questions: scores with bounds, wins and losses, cost.",
    "try": "Ask models one query, and see what each finds.",
    "embed": "Write the vectors of a file's texts, stamped with who made them.",
    "report": "Write one HTML page about a job or a version: verdict, evidence, what to do next.",
    "promote": "Put a version into production.",
    "rollback": "Go back to the version that was in production before.",
    "pull": "Download a verified version.",
    "verify": "Read every byte of a version again.",
    "history": "List what was in production, when and why.",
}
_MODULES = {"try": "try_out"}
"""Of commands whose names are Python's own words."""
EXAMPLES = """\b
Examples:
  embtune data tickets.csv
  embtune init tickets.csv --out job.yaml
  embtune validate job.yaml
  embtune run job.yaml
  embtune versions tldr-search --namespace search
  embtune pull tldr-search@production ./model --namespace search

\b
Exit codes: 0 promoted or passed, 3 rejected or inconclusive, 2 invalid input, 1 failed, 130 interrupted."""


class LazyCommands(click.Group):
    """Imports the module of a subcommand when it is called; `--help` needs none."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"embtune_operator.cli.{_MODULES.get(cmd_name, cmd_name)}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyCommands, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
def cli() -> None:
    """embtune fine-tunes sentence-embedding models: a FineTuneJob becomes an evaluated, numbered version, and it is promoted
    when its gates pass, or you read why not.
    """


def main() -> NoReturn:
    """Run the command line; never shows a traceback unless --debug is given."""
    try:
        code = cli.main(standalone_mode=False)
    except EmbtuneError as error:
        code = _told(str(error), int(error.exit_code))
    except click.ClickException as error:
        error.show()
        code = int(Exit.INVALID)
    except (KeyboardInterrupt, click.Abort):
        code = _told("interrupted", int(Exit.INTERRUPTED))
    except BrokenPipeError:
        code = int(Exit.FAILED)  # the reader of our output has gone, so there is nobody to tell
        sys.stderr.close()
    except OSError as error:
        code = _told(f"the system refused: {error}. Make room or give access, and try again.", int(Exit.FAILED))
    except Exception as error:
        message = f"{type(error).__name__}: {error}. This is a bug in embtune: please report it with the output of --debug."
        code = _told(message, int(Exit.FAILED))
    sys.exit(code)


def _told(paragraph: str, code: int) -> int:
    if "--debug" in sys.argv and sys.exc_info()[0] is not None:
        import traceback

        traceback.print_exc()
    click.echo(f"embtune: {paragraph}", err=True)
    return code
