"""Options that several commands share, and what they open."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from embtune_api.status import LastRequest
    from embtune_store.protocol import Store

DEFAULT_STORE = "embtune-store"

store_option = click.option(
    "--store",
    "store_uri",
    envvar="EMBTUNE_STORE",
    default=DEFAULT_STORE,
    show_default=True,
    metavar="URI",
    help="A folder, or s3://bucket/prefix (credentials and endpoint from AWS_… variables). Also: EMBTUNE_STORE.",
)
namespace_option = click.option(
    "--namespace", "-n", envvar="EMBTUNE_NAMESPACE", default="default", show_default=True, help="The model's namespace."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
debug_option = click.option("--debug", is_flag=True, expose_value=False, help="Show tracebacks of errors.")
reason_option = click.option("--reason", default="", help="Why; kept in the history.")


def cluster_options(function: Callable[..., object]) -> Callable[..., object]:
    """--kubeconfig, --context and --namespace, as one `target`."""

    @click.option("--namespace", "-n", envvar="EMBTUNE_NAMESPACE", help="Default: the context's.")
    @click.option("--context", help="Of the kubeconfig; default: its current one.")
    @click.option("--kubeconfig", type=click.Path(path_type=Path), help="Default: as kubectl finds it.")
    @functools.wraps(function)
    def with_target(kubeconfig: Path | None, context: str | None, namespace: str | None, **rest: object) -> object:
        from embtune_operator.client.session import Target

        return function(target=Target(kubeconfig, context, namespace), **rest)

    return with_target


def registry_or_cluster_options(function: Callable[..., object]) -> Callable[..., object]:
    """`registry_options`, and --kubeconfig and --context, which choose a cluster in the place of a store: as `target`, whose
    namespace is the context's where none is given.
    """

    @click.option("--context", help="Ask a cluster, by this context of the kubeconfig, instead of a store.")
    @click.option("--kubeconfig", type=click.Path(path_type=Path), help="Ask the cluster of this file instead of a store.")
    @registry_options
    @functools.wraps(function)
    def with_target(kubeconfig: Path | None, context: str | None, namespace: str, **rest: object) -> object:
        from embtune_operator.client.session import Target

        source = click.get_current_context().get_parameter_source("namespace")
        given = None if source is ParameterSource.DEFAULT else namespace
        return function(target=Target(kubeconfig, context, given), namespace=namespace, **rest)

    return with_target


def registry_options(function: Callable[..., object]) -> Callable[..., object]:
    """--store, --namespace, --json and --debug."""
    for option in (debug_option, json_option, namespace_option, store_option):
        function = option(function)
    return function


def opened(uri: str) -> Store:
    """The store, once it has shown that it can be used.

    Raises:
        StoreDenied: it refuses the credentials, or there is no such bucket.
        StoreError: it cannot be reached.
    """
    from embtune_store import open_store, probe

    store = open_store(uri)
    probe(store)
    return store


def say_answer(answer: LastRequest, as_json: bool) -> None:
    """What the operator made of a wish."""
    if as_json:
        print_json(answer.model_dump(mode="json", by_alias=True))
    else:
        click.echo(answer.message)


def print_json(value: object) -> None:
    """A value made of JSON's own types, on stdout."""
    import json

    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
