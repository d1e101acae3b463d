"""The `embtune` command.

What belongs here: arguments, exit codes, printing. Each subcommand is a module, imported when it is called, so that
`embtune --help` imports nothing but click.
"""

from embtune_operator.cli.main import main

__all__ = ["main"]
