"""The card of a version: `README.md` of its folder, in the form that the Hugging Face hub and sentence-transformers know.

It says what `metadata.json` and `evaluation.json` say, to whoever has the folder alone. It is written once, when the version is
published; what is said of the version later is not in it.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

import yaml
from huggingface_hub import EvalResult, ModelCardData

from embtune_api.cost import amount, is_cost
from embtune_api.metrics import RANKED_KINDS, main_metrics, split_metric, suite_of
from embtune_api.training import Training

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from embtune_api.documents.evaluate import AskedSuite
    from embtune_api.documents.publish import Metadata, PublishedEvaluation
    from embtune_api.metrics import SuiteKind
    from embtune_api.status import Role

_TASKS: dict[SuiteKind, str] = {
    "Retrieval": "information-retrieval",
    "SemanticSimilarity": "semantic-similarity",
    "PairClassification": "binary-classification",
    "Triplet": "triplet",
    "Classification": "text-classification",
    "Reranking": "reranking",
    "Bitext": "translation",
}
"""As cards of sentence-transformers call them."""
_HUB = re.compile(r"hf://(?P<data>datasets/)?(?P<name>[\w.-]+/[\w.-]+)")


def model_card(line: str, metadata: Metadata, evaluation: PublishedEvaluation) -> str:
    """Markdown with YAML at its head; a function of its arguments, which hold no secret.

    Args:
        line: the name that the version is numbered in.
    """
    name = f"{line} v{metadata.version}"
    sections = [
        f"# {name}",
        _what(metadata),
        "## Use",
        *_use(metadata, evaluation),
        "## Contract",
        *_contract(metadata),
        "## Trained on",
        *_data(metadata),
        *_recipe(metadata),
        "## Judged",
        *_judged(evaluation),
        "## Lineage",
        _table(["", ""], _lineage(metadata)),
    ]
    return f"---\n{_head(name, metadata, evaluation).to_yaml()}\n---\n\n" + "\n\n".join(sections) + "\n"


def _head(name: str, metadata: Metadata, evaluation: PublishedEvaluation) -> ModelCardData:
    training, data = _training(metadata), metadata.training_data
    sources = [*data.get("sources", []), *(one["source"] for one in data.get("auxiliary", []))]
    datasets = [found["name"] for found in map(_on_hub, sources) if found and found["data"]]
    languages = [source.get("language") for source in sources]
    base = _on_hub(metadata.base_model)
    return ModelCardData(
        model_name=name,
        language=sorted(set(languages)) if languages and all(languages) else None,
        library_name="sentence-transformers",
        pipeline_tag="sentence-similarity",
        tags=[
            *("sentence-transformers", "sentence-similarity", "feature-extraction", "dense", "embtune"),
            *([f"dataset_size:{data['train_rows']}"] if "train_rows" in data else []),
            *([f"loss:{training.loss.name}"] if training else []),
            *(f"loss:{one['loss']['name']}" for one in data.get("auxiliary", [])),
        ],
        base_model=base["name"] if base else None,
        datasets=sorted(set(datasets)) or None,
        eval_results=list(_results(evaluation)) or None,
    )


def _results(evaluation: PublishedEvaluation) -> Iterator[EvalResult]:
    for metric in main_metrics(list(evaluation.candidate)):
        asked, value = evaluation.asked_by(suite_of(metric)), evaluation.candidate[metric]
        if asked is not None and value is not None:
            yield EvalResult(
                task_type=_TASKS[asked.suite.kind],
                dataset_type="unknown",
                dataset_name=f"{asked.name} ({asked.exam[:12]})",
                metric_type=split_metric(metric)[1],
                metric_value=round(value, 4),
            )


def _what(metadata: Metadata) -> str:
    contract, training = metadata.contract, _training(metadata)
    base, rows = _code(metadata.base_model["uri"]), metadata.training_data.get("train_rows")
    numbers = f"a vector of {contract.dimension} numbers" if contract else "a vector"
    if training is None or rows is None:
        made = f"trained elsewhere, and taken from {base}"
    elif training.tune and training.tune.from_scratch:
        made = f"trained from scratch on {rows:,} rows by embtune, with the architecture of {base}"
    else:
        made = f"tuned from {base} on {rows:,} rows by embtune"
    return f"A sentence-transformers model that makes {numbers} of a text, {made}. Published {_day(metadata)}."


def _use(metadata: Metadata, evaluation: PublishedEvaluation) -> Iterator[str]:
    asks = any(asked.suite.kind in RANKED_KINDS for asked in evaluation.suites)
    if asks:
        encoding = [
            'questions = model.encode_query(["how do I list files?"])',
            'documents = model.encode_document(["ls lists the files of a folder.", "cat shows what a file holds."])',
            "print(model.similarity(questions, documents))",
        ]
    else:
        encoding = [
            'vectors = model.encode(["ls lists the files of a folder.", "cat shows what a file holds."])',
            "print(model.similarity(vectors, vectors))",
        ]
    load = ["from sentence_transformers import SentenceTransformer", "", 'model = SentenceTransformer("path/to/this/folder")']
    yield _fenced("python", "\n".join([*load, *encoding]))
    prompts = metadata.contract.prompts if metadata.contract else {}
    if prompts and asks:
        told = " and ".join(f"{_code(prompt)} before each {name}" for name, prompt in prompts.items())
        yield f"`encode_query` and `encode_document` put {told}; whoever serves the model by other means must do the same."
    training = _training(metadata)
    if training and training.tune and training.tune.document_encoder == "Frozen":
        yield "Queries and documents have an encoder each (`query/`, `document/`): that of documents is the base model's own."
    dims = training.matryoshka.dims if training and training.matryoshka else ()
    shorter = [size for size in dims if metadata.contract and size < metadata.contract.dimension]
    if shorter:
        sizes = " or ".join(map(str, sorted(shorter, reverse=True)))
        yield (
            f"The first {sizes} numbers of a vector were trained to do on their own: "
            f'`SentenceTransformer("path/to/this/folder", truncate_dim={max(shorter)})`.'
        )


def _contract(metadata: Metadata) -> Iterator[str]:
    contract = metadata.contract
    if contract is None:
        yield "The model's files do not say it."
        return
    prompts = ", ".join(f"{name}: {_code(prompt)}" for name, prompt in contract.prompts.items())
    length = "no limit of its own" if contract.max_length is None else f"{contract.max_length} tokens"
    yield _table(
        ["dimension", "pooling", "length 1", "prompts", "reads at most", "similarity"],
        [
            [
                str(contract.dimension),
                contract.pooling,
                "yes" if contract.normalised else "no",
                prompts or "none",
                length,
                contract.similarity,
            ]
        ],
    )
    yield "Vectors of a model with another contract, or of another version, do not belong into the same index."


def _data(metadata: Metadata) -> Iterator[str]:
    data = metadata.training_data
    if "sources" not in data:
        yield "Nobody here knows: it was trained elsewhere, and whether it has seen the exam cannot be told."
        return
    yield _table(
        ["source", "revision", "rows", "language", "sha256"],
        [
            [
                _code(one["uri"]),
                one["revision"] or "",
                f"{one['rows']:,}",
                one["language"] or "",
                _code(one["sha256"]),
            ]
            for one in data["sources"]
        ],
    )
    made = [f"{data[key]:,} of them {how}" for key, how in _MADE.items() if data.get(key)]
    used = [f"{data['train_rows']:,} rows to train on", *made, f"{data['validation_rows']:,} to validate on"]
    yield f"After checks and the split: {', '.join(used)}. The line's exam: {_code(data['exam'])}."
    yield from _auxiliary(data.get("auxiliary", []))
    yield f"How they were split: {_code(', '.join(f'{name} {value}' for name, value in data['split'].items()))}"
    findings = data.get("findings", [])
    if findings:
        yield "What the checks found:"
        yield _list(f"{_code(one['check'])}, {one['rows']:,} rows, {one['action']}: {_line(one['message'])}" for one in findings)


def _auxiliary(sets: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What it was trained on beside the rows that the exam is of."""
    if not sets:
        return
    yield "Trained on beside them, each set with a loss of its own; each batch is of one set:"
    yield _table(
        ["set", "source", "revision", "rows", "loss", "weight", "sha256"],
        [
            [
                _code(one["name"]),
                _code(one["source"]["uri"]),
                one["source"]["revision"] or "",
                f"{one['rows']:,}",
                one["loss"]["name"],
                f"{one['source']['weight']:g}",
                _code(one["source"]["sha256"]),
            ]
            for one in sets
        ],
    )


_MADE = {"augmented_rows": "made of others", "replayed_rows": "rows of an earlier version"}


def _recipe(metadata: Metadata) -> Iterator[str]:
    if not metadata.training_config:
        return
    yield "## Recipe"
    yield "Every value, those that a preset stood for included; `spec.training` of a FineTuneJob, and the published `encoder`."
    yield _fenced("yaml", yaml.safe_dump(metadata.training_config, sort_keys=False, allow_unicode=True).rstrip("\n"))


def _judged(evaluation: PublishedEvaluation) -> Iterator[str]:
    verdict = evaluation.verdict
    yield f"**{verdict.outcome}**: {_line(verdict.reason)}"
    if verdict.gates:
        yield _list(f"{_line(gate.line)}{' (dry run)' if gate.dry_run else ''}" for gate in verdict.gates)
    yield _scores(evaluation)
    asked = "; ".join(map(_asked, evaluation.suites))
    bounds = (
        " In brackets: one-sided bounds of 95 % each, over groups of queries; of times over rounds." if evaluation.bounds else ""
    )
    yield f"{asked}.{bounds} As judged when it was published; `embtune show` tells what was said since."
    if verdict.hints:
        yield _list(map(_line, verdict.hints))


def _scores(evaluation: PublishedEvaluation) -> str:
    roles: list[tuple[Role, str, Mapping[str, float | None]]] = [
        ("candidate", "this version", evaluation.candidate),
        ("base", "base", evaluation.base),
        ("champion", f"production then (v{evaluation.champion_version})", evaluation.champion),
    ]
    there = [role for role in roles if role[2]]
    rows = [
        [metric, *(_score(values.get(metric), evaluation, role, metric) for role, _, values in there)]
        for metric in main_metrics(list(evaluation.candidate))
    ]
    return _table(["metric", *(name for _, name, _ in there)], rows)


def _score(value: float | None, evaluation: PublishedEvaluation, role: Role, metric: str) -> str:
    if value is None:
        return "–"
    bound = evaluation.bounds.get(role, {}).get(metric)
    told = partial(amount, metric) if is_cost(metric) else "{:.3f}".format
    return f"{told(value)} ({told(bound.lower)} – {told(bound.upper)})" if bound else told(value)


def _asked(asked: AskedSuite) -> str:
    left_out = f", {len(asked.dropped)} left out that a compared model was trained on" if asked.dropped else ""
    return f"{asked.name}: {asked.queries:,} queries in {asked.groups:,} groups{left_out}"


def _lineage(metadata: Metadata) -> list[list[str]]:
    base = metadata.base_model
    rows = [("base", base["uri"]), ("base's revision", base["revision"]), ("base's digest", base["digest"])]
    for key, value in metadata.lineage.items():
        if isinstance(value, dict):
            rows += [(f"{key}: {inner}", told) for inner, told in value.items() if key != "base" and not isinstance(told, dict)]
        else:
            rows.append((key, value))
    rows.append(("digest of this model, without this card", metadata.model_hash))
    return [[name.replace("_", " "), _code(value)] for name, value in rows if value is not None]


def _training(metadata: Metadata) -> Training | None:
    """None: it was trained elsewhere."""
    recipe = {key: value for key, value in metadata.training_config.items() if key != "encoder"}
    return Training.model_validate(recipe) if recipe else None


def _on_hub(named: Mapping[str, Any]) -> re.Match[str] | None:
    return _HUB.match(str(named["uri"]))


def _day(metadata: Metadata) -> str:
    return metadata.timestamp.date().isoformat()


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"


def _code(value: object) -> str:
    """In one line, with the spaces that it has: prompts end with one."""
    return "`" + re.sub(r"[\r\n]+", " ", str(value)).replace("`", "'") + "`"


def _line(text: str) -> str:
    return " ".join(text.split())
