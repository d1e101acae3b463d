"""`embtune-operator`: arguments, settings, exit code."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from embtune_api.errors import EmbtuneError, Exit

if TYPE_CHECKING:
    from embtune_operator.kube.platform import Platform
    from embtune_operator.service.logs import Format

_POD_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--config", "file", type=click.Path(path_type=Path), required=True, help="The platform's settings, a YAML file.")
@click.option(
    "--kubeconfig", type=click.Path(path_type=Path), help="Default: in a pod its service account, elsewhere as kubectl."
)
@click.option("--context", help="Of the kubeconfig; default: its current one.")
@click.option("--namespace", help="Where the Lease lies; default: the pod's own, else `default`.")
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--log-level", type=click.Choice(["DEBUG", "INFO", "WARNING"]), default="INFO", show_default=True)
def command(
    file: Path, kubeconfig: Path | None, context: str | None, namespace: str | None, log_format: Format, log_level: str
) -> None:
    """Run the operator of embtune until SIGTERM."""
    from embtune_operator.service.configuration import load_platform
    from embtune_operator.service.logs import begin_logging

    begin_logging(log_format, log_level)
    platform = load_platform(file)
    _reach_the_store(platform)
    asyncio.run(_run(platform, kubeconfig, context, namespace or _own_namespace()))


async def _run(platform: Platform, kubeconfig: Path | None, context: str | None, namespace: str) -> None:
    """The process ends here when a thread still waits for the store: the loop's own end would wait for it, and the next process
    has long begun what it was about.
    """
    from embtune_operator.service.operator import Operator, Place
    from embtune_store.opening import open_store

    place = Place(kubeconfig, context, namespace)
    if not await Operator(platform, place, open_store(platform.store.uri)).run():
        logging.shutdown()
        os._exit(Exit.OK)


def _reach_the_store(platform: Platform) -> None:
    """The store is opened by the usual variables; those that are set already win, as for every other program."""
    if platform.store.endpoint:
        os.environ.setdefault("AWS_ENDPOINT_URL", platform.store.endpoint)
    os.environ.setdefault("AWS_REGION", platform.store.region)


def _own_namespace() -> str:
    if named := os.environ.get("POD_NAMESPACE"):
        return named
    return _POD_NAMESPACE.read_text().strip() if _POD_NAMESPACE.exists() else "default"


def main() -> None:
    try:
        command.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(Exit.INVALID)
    except EmbtuneError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
