"""`embtune compare`"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from embtune_api.errors import InvalidInput
from embtune_api.keys import LineKeys
from embtune_operator.cli.options import opened, print_json, registry_options

if TYPE_CHECKING:
    from embtune_api.model_use import FrozenExam, RowsOf
    from embtune_operator.registry.comparison import Contestant
    from embtune_operator.registry.versions import Version
    from embtune_store.protocol import Store

exam_option = click.option(
    "--exam", "exam_model", metavar="MODEL", help="Ask what the exam of this line asks. Default: a version's."
)


@click.command("compare")
@click.argument("models", nargs=-1, required=True, metavar="A B [C…]")
@exam_option
@click.option("--data", metavar="FILE", help="Ask what the rows of this file ask, instead of an exam.")
@click.option("--columns", metavar="ROLE=COLUMN,…", help="Of --data, such as anchor=question,positive=answer. Default: guessed.")
@click.option("--suite", metavar="NAME", help="Of versions: compare by this suite. Default: the first that they share.")
@click.option("--measure", is_flag=True, help="Load the models even where their scores are kept: for dimension and speed.")
@registry_options
def command(
    models: tuple[str, ...],
    exam_model: str | None,
    data: str | None,
    columns: str | None,
    suite: str | None,
    measure: bool,
    store_uri: str,
    namespace: str,
    as_json: bool,
) -> None:
    """Compare models on the same questions: scores, differences from the first with bounds, what each answers better, cost.

    A model is MODEL@REF, a folder, hf://org/name or s3://bucket/prefix. Two or more versions of one line are compared by
    their kept scores, and none is loaded. Others are loaded and asked, on a line's exam or on rows of a file.

    \b
    Examples:
      embtune compare tldr-search@1 tldr-search@production --namespace search
      embtune compare tldr-search@production ./my-model hf://sentence-transformers/all-MiniLM-L6-v2 --namespace search
      embtune compare ./one ./other --data pairs.csv --columns anchor=question,positive=answer
    """
    from embtune_operator.registry.comparison import compare

    if len(models) < 2:
        raise InvalidInput("one model alone cannot be compared: name two or more, such as shop@1 shop@production.")
    if data and exam_model:
        raise InvalidInput("--data and --exam both say what is asked: give one of them.")
    comparison = compare(_contestants(models, exam_model, data, columns, suite, measure, store_uri, namespace))
    if as_json:
        from dataclasses import asdict

        print_json(asdict(comparison))
        return
    from embtune_operator.view.comparison import print_comparison

    print_comparison(comparison)


def _contestants(
    models: tuple[str, ...],
    exam_model: str | None,
    data: str | None,
    columns: str | None,
    suite: str | None,
    measure: bool,
    store_uri: str,
    namespace: str,
) -> list[Contestant]:
    from embtune_api.model_use import CompareRequest
    from embtune_operator.models.measured import measured_contestants
    from embtune_operator.models.named import is_outside, used_outside, used_version, version_of
    from embtune_operator.registry.comparison import kept_contestants

    store = opened(store_uri) if exam_model or not all(map(is_outside, models)) else None
    found = [None if store is None or is_outside(text) else version_of(store, namespace, text) for text in models]
    versions = [entry for entry in found if entry]
    lines = {line for line, _ in versions}
    if store and len(versions) == len(models) and len(lines) == 1 and not (measure or data or exam_model):
        return kept_contestants(store, lines.pop(), [version for _, version in versions], suite)
    if suite:
        raise InvalidInput("--suite is for versions of one line that are compared by their kept scores.")
    used = [
        used_version(store, *entry) if store and entry else used_outside(text) for text, entry in zip(models, found, strict=True)
    ]
    rows = _rows(data, columns) if data else None
    exam = None if rows else _exam(store, namespace, exam_model, versions)
    judged_on = [version for _, version in versions if exam and version.evaluation.exam == exam.digest]
    dropped = sorted({query for version in judged_on for query in version.evaluation.suites[0].dropped})
    return measured_contestants(CompareRequest(folder=str(Path.cwd()), models=used, exam=exam, rows=rows), dropped)


def _exam(store: Store | None, namespace: str, exam_model: str | None, versions: list[tuple[LineKeys, Version]]) -> FrozenExam:
    """The exam of the line that is named, or of the first version's."""
    from embtune_api.documents.exam import LineExam
    from embtune_api.model_use import FrozenExam
    from embtune_operator.models.named import exam_of
    from embtune_store import documents

    if store and exam_model:
        found = documents.read(store, LineKeys(namespace, exam_model).line_exam, LineExam)
        if found is None:
            raise InvalidInput(
                f"--exam: {exam_model} has no exam in namespace {namespace} of this store: its first job freezes one."
            )
        return FrozenExam(store=store.uri, namespace=namespace, model=exam_model, digest=found.digest)
    if store and versions:
        return exam_of(store, *versions[0])
    raise InvalidInput(
        "nothing says what the models are asked: give a line whose exam it is as --exam MODEL, or rows as --data FILE."
    )


def _rows(data: str, columns: str | None) -> RowsOf:
    from embtune_api.look import AskedFile, LookRequest
    from embtune_api.model_use import RowsOf
    from embtune_operator.advice.ask import look
    from embtune_operator.advice.columns import guess_columns, parse_columns

    if "://" not in data and not Path(data).is_file():
        raise InvalidInput(f"--data: there is no file {data}. Give a file, or an address at s3:// or hf://.")
    given = parse_columns(columns) if columns else None
    mapped = list(given.model_dump(exclude_none=True).values()) if given else []
    file = look(LookRequest(folder=str(Path.cwd()), files=[AskedFile(uri=data, mapped=mapped)])).files[0]
    return RowsOf(uri=data, columns=given or guess_columns(file).columns, header=file.header)
