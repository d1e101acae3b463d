"""A version's script, rows and exam as a folder that runs without embtune."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from embtune_api.documents.exam import Exam
from embtune_api.documents.prepare import PreparedSet
from embtune_api.encoder import EncoderSettings
from embtune_api.errors import InvalidInput
from embtune_api.metrics import split_metric
from embtune_api.training import Training
from embtune_operator.eject.sets import auxiliary_set, main_set
from embtune_operator.eject.spelling import left_unsaid
from embtune_operator.view.score_table import headline_metrics
from embtune_store import documents
from embtune_store.folders import download_folder, read_verified
from embtune_store.os_failures import os_failures
from embtune_store.staging import whole_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from embtune_api.documents.files import StoredFile, StoredModel
    from embtune_operator.eject.sets import ScriptedSet
    from embtune_operator.report.evidence import Evidence
    from embtune_operator.report.subject import Subject
    from embtune_store.protocol import Store

_EVALUATORS = {
    "spearman": "EmbeddingSimilarityEvaluator",
    "pearson": "EmbeddingSimilarityEvaluator",
    "ap": "BinaryClassificationEvaluator",
    "f1": "BinaryClassificationEvaluator",
}
_NOT_OURS = ("accelerate", "datasets")
"""What training by sentence-transformers' own trainer takes besides."""


def eject(store: Store, evidence: Evidence, target: Path) -> list[str]:
    """Write the folder, whole or not at all. Returns the fields of the recipe that the script does not have.

    Raises:
        InvalidInput: there is something at `target`, no version, no rows any more, or a loss that the script cannot say.
        Tampered: the store does not hold what was written.
    """
    with os_failures(str(target)):
        if target.exists():
            raise InvalidInput(f"{target} is there already, and nothing is overwritten: name another folder with --out.")
        version = evidence.subject.version
        if version is None:
            raise InvalidInput(f"{evidence.subject.name} has published no version: there is nothing to write a script for yet.")
        if not version.metadata.training_config:
            raise InvalidInput(
                f"{evidence.subject.name} was trained elsewhere: nobody here knows how. A job's version has a script."
            )
        recipe = dict(version.metadata.training_config)
        encoder = EncoderSettings.model_validate(recipe.pop("encoder"))
        training = Training.model_validate(recipe)
        rows = read_verified(store, _rows(store, evidence))
        beside = [
            (one, read_verified(store, _there(store, evidence, [one.file, one.archived])))
            for one in map(PreparedSet.model_validate, version.metadata.training_data.get("auxiliary", []))
        ]
        sets = [main_set(training.loss, rows), *(auxiliary_set(one, own) for one, own in beside)]
        contents = {
            "train.py": _script(evidence, training, encoder, sets).encode(),
            "requirements.txt": _requirements(evidence).encode(),
            "train.jsonl": rows,
            **{scripted.file: own for scripted, (_, own) in zip(sets[1:], beside, strict=True)},
            **dict(_exam(store, evidence.subject)),
        }
        base = None if _hub_name(version.metadata.base_model) else _staged(store, evidence)
        with whole_folder(target.absolute()) as folder:
            if base is not None:
                download_folder(store, base.prefix, base.files, folder / "base")
            for name, data in contents.items():
                (folder / name).parent.mkdir(exist_ok=True)
                (folder / name).write_bytes(data)
        return left_unsaid(training)


def _script(evidence: Evidence, training: Training, encoder: EncoderSettings, sets: Sequence[ScriptedSet]) -> str:
    version, line, job = evidence.subject.version, evidence.subject.line, evidence.subject.job
    assert version
    assert line
    metric = headline_metrics(version.evaluation.candidate)[-1]
    measure = split_metric(metric)[1]
    environment = Environment(  # what comes out is Python, and each value goes through `py`
        loader=PackageLoader("embtune_operator.eject"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["py"] = partial(json.dumps, ensure_ascii=False)
    return environment.get_template("train.py.j2").render(
        name=f"{line.model} v{version.number}",
        job=job.job if job else "?",
        metric=metric,
        score=_told(version.evaluation.candidate, metric),
        base_score=_told(version.evaluation.base, metric),
        unsaid=left_unsaid(training),
        sets=sets,
        ranking=any(one.kind == "ranking" for one in sets),
        losses=sorted({one.loss.name for one in sets}),
        retrieval=measure not in _EVALUATORS,
        evaluator=_EVALUATORS.get(measure, "InformationRetrievalEvaluator"),
        precision=evidence.training.precision if evidence.training else "fp32",
        base=_hub_name(version.metadata.base_model),
        revision=version.metadata.base_model.get("revision"),
        query_prompt=encoder.query_prompt,
        document_prompt=encoder.document_prompt,
        **training.model_dump(exclude={"loss", "precision"}),
    )


def _hub_name(base: Mapping[str, Any]) -> str | None:
    """None: the base is none of the hub, and the folder gets a copy."""
    uri = str(base["uri"])
    return uri.removeprefix("hf://").partition("@")[0] if uri.startswith("hf://") else None


def _staged(store: Store, evidence: Evidence) -> StoredModel:
    lineage = evidence.subject.version.metadata.lineage if evidence.subject.version else {}
    model = evidence.prepared.base_of((lineage.get("candidates") or {}).get("picked")).model if evidence.prepared else None
    if model is None or not all(store.exists(f"{model.prefix}/{file.path}") for file in model.files):
        raise InvalidInput(
            f"the base that {evidence.subject.name} was trained from is not in the store any more: its job has been cleaned up."
        )
    return model


def _rows(store: Store, evidence: Evidence) -> StoredFile:
    """Those of the job, or the copy that the line keeps."""
    version = evidence.subject.version
    of_job = evidence.prepared.train if evidence.prepared else None
    return _there(store, evidence, [of_job, version.metadata.archived_train if version else None])


def _there(store: Store, evidence: Evidence, places: Sequence[StoredFile | None]) -> StoredFile:
    found = next((file for file in places if file and store.exists(file.key)), None)
    if found is None:
        raise InvalidInput(
            f"the rows that {evidence.subject.name} was trained on are gone: its job has been cleaned up, or it was trained "
            f"elsewhere. A job with data.archive: true has its line keep them."
        )
    return found


def _exam(store: Store, subject: Subject) -> Iterator[tuple[str, bytes]]:
    assert subject.version
    assert subject.line
    keys = subject.line.exam(subject.version.evaluation.exam)
    exam = documents.read(store, keys.exam, Exam)
    if exam is None:
        raise InvalidInput(
            f"the exam of {subject.name} is not in the store any more ({keys.exam}): a script could not be judged."
        )
    for file in exam.files:
        yield f"exam/{file.path}", read_verified(store, file.below(keys.root))


def _requirements(evidence: Evidence) -> str:
    pinned = evidence.training.versions if evidence.training else {}
    names = [f"{name}=={version.partition('+')[0]}" for name, version in pinned.items()] or ["sentence-transformers"]
    return "".join(f"{name}\n" for name in (*names, *_NOT_OURS))


def _told(metrics: Mapping[str, float | None], metric: str) -> str:
    value = metrics.get(metric)
    return "not measured" if value is None else f"{value:.4f}"
