"""`embtune versions`"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from embtune_api.keys import LineKeys
from embtune_operator.cli.options import opened, print_json, registry_or_cluster_options

if TYPE_CHECKING:
    from embtune_operator.client.session import Target
    from embtune_operator.registry.versions import Version


@click.command("versions")
@click.argument("model")
@registry_or_cluster_options
def command(model: str, store_uri: str, namespace: str, as_json: bool, target: Target) -> None:
    """List the versions of MODEL, oldest first.

    \b
    Example:
      embtune versions tldr-search --namespace search
    """
    from embtune_operator.registry.references import parse_model
    from embtune_operator.registry.versions import list_versions

    if target.given:
        _list_in_cluster(target, parse_model(model), as_json)
        return
    found = list_versions(opened(store_uri), LineKeys(namespace, parse_model(model)))
    if as_json:
        print_json([plain_version(version) for version in found])
        return
    if not found:
        click.echo(f"{model} has no versions in namespace {namespace} of {store_uri}", err=True)
        return
    _print_table(found)


def plain_version(version: Version) -> dict[str, object]:
    """A version in JSON's own types."""
    return {
        "version": version.number,
        "stage": version.stage,
        "digest": version.manifest.digest,
        "verdict": version.evaluation.verdict.outcome,
        "published": version.metadata.timestamp.isoformat(),
        "exam": version.evaluation.exam,
        "metrics": version.evaluation.candidate,
    }


def _list_in_cluster(target: Target, model: str, as_json: bool) -> None:
    from embtune_operator.client.versions import list_in_cluster
    from embtune_operator.view.console import print_table

    found = list_in_cluster(target, model)
    if as_json:
        print_json([version.model_dump(mode="json", by_alias=True, exclude_none=True) for version in found])
        return
    if not found:
        click.echo(f"{model} has no ModelVersions in {target.namespace or 'the namespace of this context'}", err=True)
        return
    rows = []
    for version in found:
        status = version.status
        shown = (
            (status.version, status.stage, status.verdict, status.score) if status else (version.spec.version, None, None, None)
        )
        rows.append((version.metadata.name, *("–" if value is None else str(value) for value in shown)))
    print_table(("name", "version", "stage", "verdict", "score"), rows)


def _print_table(found: list[Version]) -> None:
    from embtune_operator.view.console import print_table
    from embtune_operator.view.score_table import headline_metrics

    metrics = headline_metrics({name for version in found for name in version.evaluation.candidate})
    columns = ("version", "stage", "verdict", *metrics, "published", "digest")
    print_table(columns, (_row(version, metrics) for version in found))


def _row(version: Version, metrics: list[str]) -> tuple[str, ...]:
    values = (version.evaluation.candidate.get(name) for name in metrics)
    return (
        f"v{version.number}",
        version.stage,
        version.evaluation.verdict.outcome,
        *("–" if value is None else f"{value:.3f}" for value in values),
        f"{version.metadata.timestamp:%Y-%m-%d %H:%M}",
        version.manifest.digest[:12],
    )
