"""What people write: the spec of a FineTuneJob.

Every field is declared here once: its description, default and bounds. Rules over several fields are validators that
name the rule; `cel` stands beside each as its twin for the API server. A word enters an enumeration on the day the code
behind it works, not before.
"""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, StringConstraints, ValidationInfo, field_validator, model_validator

from embtune_api.base import Resource
from embtune_api.build import Build
from embtune_api.checks import Checks
from embtune_api.crd import expressions
from embtune_api.crd.declare import cel
from embtune_api.losses import MARGINS, OPTIONAL_COLUMNS, SHAPE_COLUMNS, LossChoice, Shape, built_as, learns_from
from embtune_api.metrics import METRIC_PATTERN, SuiteKind, suite_metrics
from embtune_api.mine import Mine
from embtune_api.reach import DATA_OUT_OF_REACH, DATA_URI, MODEL_OUT_OF_REACH, MODEL_URI, in_cluster
from embtune_api.split import ColumnName, Split

DNS_LABEL = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
DNS_NAME = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
DnsLabel = Annotated[str, StringConstraints(pattern=DNS_LABEL, min_length=1, max_length=63)]
Uri = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
RESERVED = "cannot be called jobs: the store keeps jobs under that name"
NO_MARGIN = f"margin is for the losses {', '.join(sorted(MARGINS))}"
FEWEST_LABELLED = 8
"""Texts in a batch: fewer would not hold several of each of several labels."""


class VersionSelector(Resource):
    """A version of a line that embtune published."""

    model: DnsLabel
    """The line, in the job's own namespace."""
    ref: Annotated[str, StringConstraints(pattern=r"^(production|[1-9][0-9]{0,8})$", max_length=10)] = "production"
    """A version number, or `production`; what it turned out to be is frozen when the job starts."""


class SecretRef(Resource):
    """A Secret of the job's namespace, by name only: `prepare` mounts it, the operator never reads it.

    Its keys are those of the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_ENDPOINT_URL,
    AWS_REGION, HF_TOKEN.
    """

    name: Annotated[str, StringConstraints(pattern=DNS_NAME, max_length=253)]
    """Of the Secret."""


class BaseModelRef(Resource):
    """The model that training starts from: a `uri`, or a `version` of a line."""

    uri: Uri | None = None
    """`hf://org/name`, `s3://bucket/prefix`, or a folder (local runs only)."""
    version: VersionSelector | None = None
    """A published version; the new one is judged against whatever is in production."""
    secret_ref: SecretRef | None = None
    """Credentials for an s3:// uri, or HF_TOKEN for a private model of the hub; a local run takes them from its environment."""

    @model_validator(mode="after")
    @cel("has(self.uri) != has(self.version)", "set exactly one of uri and version")
    def _exactly_one(self) -> Self:
        if (self.uri is None) == (self.version is None):
            raise ValueError("set exactly one of uri and version")
        return self

    @field_validator("uri")
    @classmethod
    @cel(f"!has(self.uri) || {expressions.matches('self.uri', MODEL_URI)}", MODEL_OUT_OF_REACH, field="uri")
    def _reachable_from_a_cluster(cls, uri: str | None, info: ValidationInfo) -> str | None:
        if in_cluster(info) and uri is not None and not re.fullmatch(MODEL_URI, uri):
            raise ValueError(MODEL_OUT_OF_REACH)
        return uri


class Columns(Resource):
    """Which column of the source holds what. The set of names given decides the data's shape."""

    anchor: ColumnName | None = None
    """The query side of a pair."""
    positive: ColumnName | None = None
    """The text that answers the anchor."""
    negative: ColumnName | None = None
    """A text that does not answer the anchor."""
    sentence1: ColumnName | None = None
    """One text of a scored pair."""
    sentence2: ColumnName | None = None
    """The other text of a scored pair."""
    score: ColumnName | None = None
    """How alike the two are."""
    text: ColumnName | None = None
    """A text with a label."""
    label: ColumnName | None = None
    """Of a text; with pairs: rows that share a label are never used as negatives of each other."""
    category: ColumnName | None = None
    """With pairs: what negatives that build.negatives samples have in common with the answer."""

    @property
    def shape(self) -> Shape:
        """The data shape that these columns make.

        Raises:
            ValueError: when they make none.
        """
        given = {name for name in type(self).model_fields if getattr(self, name) is not None}
        for shape, columns in SHAPE_COLUMNS.items():
            if columns <= given <= columns | OPTIONAL_COLUMNS.get(shape, frozenset()):
                return shape
        shapes = "; ".join(f"{shape}: {', '.join(sorted(columns))}" for shape, columns in SHAPE_COLUMNS.items())
        raise ValueError(f"columns {', '.join(sorted(given)) or 'none'} make no known data shape ({shapes})")

    @model_validator(mode="after")
    @cel(expressions.KNOWN_SHAPE, f"the columns make no known data shape ({expressions.SHAPES})")
    def _known_shape(self) -> Self:
        assert self.shape
        return self


class DataSource(Resource):
    """One file of rows: .jsonl (.ndjson), .csv or .tsv, each also as .gz or .zst, or .parquet."""

    uri: Uri
    """`s3://bucket/key`, a file of a data set of the hub as `hf://datasets/org/name/file` or `hf://datasets/org/name@revision/file`,
    or a path relative to the job's file (local runs only). Its name says what the file is."""
    columns: Columns = Columns(anchor="anchor", positive="positive")
    secret_ref: SecretRef | None = None
    """Credentials for an s3:// source, or HF_TOKEN for a private data set of the hub; a local run takes them from its
    environment."""

    @field_validator("uri")
    @classmethod
    @cel(expressions.matches("self.uri", DATA_URI), DATA_OUT_OF_REACH, field="uri")
    def _reachable_from_a_cluster(cls, uri: str, info: ValidationInfo) -> str:
        if in_cluster(info) and not re.fullmatch(DATA_URI, uri):
            raise ValueError(DATA_OUT_OF_REACH)
        return uri


class Data(Resource):
    """What the model learns from, and how it is checked and divided."""

    train: Annotated[list[DataSource], Field(min_length=1, max_length=32)]
    """Sources; their rows are taken together."""
    split: Split = Split(method="Hash")  # spelled out: an API server puts defaults to the rules as they are written
    checks: Checks = Checks()
    build: Build = Build(labelled_texts="Auto", negatives="None")
    mine: Mine | None = None
    """Hard negatives for the rows to train on; None: none are looked for."""

    @model_validator(mode="after")
    @cel(
        expressions.ONE_KIND,
        "sources go together where all are pairs or triplets, all scored pairs, or all labelled texts",
        field="train",
    )
    def _sources_go_together(self) -> Self:
        shapes = [source.columns.shape for source in self.train]
        for number, shape in enumerate(shapes):
            if shape != shapes[0] and {shape, shapes[0]} != {"pairs", "triplets"}:
                raise ValueError(
                    f"train[0] maps {shapes[0]} and train[{number}] {shape}: sources go together where all are pairs or "
                    f"triplets, all scored pairs, or all labelled texts"
                )
        return self

    @model_validator(mode="after")
    @cel(
        "self.build.negatives == 'None' ? !self.train.exists(s, has(s.columns.category))"
        " : self.train.all(s, has(s.columns.category))",
        "columns.category and build.negatives: SameCategory belong together: map a category for every source, or for none",
        field="build",
    )
    def _categories_are_mapped(self) -> Self:
        mapped = {source.columns.category is not None for source in self.train}
        if mapped != {self.build.negatives == "SameCategory"}:
            raise ValueError(
                "columns.category and build.negatives: SameCategory belong together: map a category for every source, or for none"
            )
        return self

    @model_validator(mode="after")
    @cel(
        f"self.build.labelledTexts == 'Auto' || self.train.all(s, {expressions.has_shape('s.columns', 'labelled texts')})",
        "build.labelledTexts is for labelled texts: map the columns text and label",
        field="build",
    )
    def _labelled_texts_are_mapped(self) -> Self:
        if self.build.labelled_texts != "Auto" and any(source.columns.shape != "labelled texts" for source in self.train):
            raise ValueError("build.labelledTexts is for labelled texts: map the columns text and label")
        return self

    @model_validator(mode="after")
    @cel(
        "!has(self.mine) || self.build.labelledTexts in ['Pairs', 'Triplets'] || self.train.all(s, has(s.columns.anchor))",
        "mine is for pairs and triplets, and for labelled texts that build.labelledTexts makes Pairs or Triplets of",
        field="mine",
    )
    def _negatives_are_mined_for_anchors(self) -> Self:
        built = self.build.labelled_texts in ("Pairs", "Triplets")
        if self.mine and not built and any(source.columns.anchor is None for source in self.train):
            raise ValueError(
                "mine is for pairs and triplets, and for labelled texts that build.labelledTexts makes Pairs or Triplets of"
            )
        return self

    @model_validator(mode="after")
    @cel(
        "self.train.all(s, has(s.columns.label)) || !self.train.exists(s, has(s.columns.label))",
        "map a label for every source, or for none",
        field="train",
    )
    def _labels_everywhere_or_nowhere(self) -> Self:
        if len({source.columns.label is None for source in self.train}) > 1:
            raise ValueError("map a label for every source, or for none")
        return self

    @model_validator(mode="after")
    @cel(
        "self.split.method != 'Stratified' || has(self.split.stratifyBy) || self.train.all(s, has(s.columns.label))",
        "method Stratified needs split.stratifyBy, or a label column in every source",
        field="split",
    )
    def _strata_are_named(self) -> Self:
        labelled = all(source.columns.label is not None for source in self.train)
        if self.split.method == "Stratified" and self.split.stratify_by is None and not labelled:
            raise ValueError(
                "split.method Stratified needs split.stratifyBy, the column whose values keep their shares on every side; only "
                "data with a label column can do without"
            )
        return self


class Loss(Resource):
    """What training makes small."""

    name: LossChoice = "Auto"
    """Auto: the one that fits the data. Pairs and triplets: MultipleNegativesRanking and its cached variant rank the right answer
    above all other answers and negatives in the batch; the cached one needs less memory, and more time. Triplets: Triplet keeps
    each anchor nearer to its answer than to its own negatives. Scored pairs: CoSENT brings them into the order of their scores,
    CosineSimilarity to the scores themselves; scores of 0 and 1 alone: Contrastive, OnlineContrastive. Labelled texts:
    BatchHardSoftMarginTriplet, over the hardest of each batch."""
    scale: Annotated[float, Field(gt=0, le=1000)] = 20.0
    """MultipleNegativesRanking, CoSENT: inverse temperature, by which cosine similarities are multiplied."""
    margin: Annotated[float, Field(gt=0, le=1000)] | None = None
    """Triplet: Euclidean distance, by default 5; Contrastive, OnlineContrastive: cosine distance, by default 0.5."""
    mini_batch_size: Annotated[int, Field(ge=1, le=8192)] = 32
    """Cached variant only: texts whose activations are in memory at once; memory no longer grows with batchSize."""

    @property
    def explicit_margin(self) -> float:
        """The margin, or the loss's own. Raises KeyError for a loss that has none."""
        return self.margin if self.margin is not None else MARGINS[self.name]

    @model_validator(mode="after")
    @cel(f"!has(self.margin) || self.name in {sorted(MARGINS)}", NO_MARGIN, field="margin")
    def _margin_is_of_use(self) -> Self:
        if self.margin is not None and self.name not in MARGINS:
            raise ValueError(NO_MARGIN)
        return self


class Training(Resource):
    """The recipe. What is left out comes from the preset and is reported as the explicit value it stands for."""

    preset: Literal["Auto"] = "Auto"
    """Auto: epochs, batchSize and learningRate by the number of rows."""
    loss: Loss = Loss()
    epochs: Annotated[int, Field(ge=1, le=100)] | None = None
    """Passes over the rows; default: the preset's."""
    batch_size: Annotated[int, Field(ge=2, le=65536)] | None = None
    """Rows in a global batch: the same whatever the number of processes."""
    learning_rate: Annotated[float, Field(gt=0, le=0.1)] | None = None
    """At its highest, after the warm-up; default: the preset's."""
    max_seq_length: Annotated[int, Field(ge=4, le=32768)] | None = None
    """Tokens a text in training; the published model keeps its own limit. Default: the base model's."""
    warmup_ratio: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Share of the steps in which the learning rate rises to its height."""
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 0.0
    """How strongly weights are pulled towards zero."""
    max_grad_norm: Annotated[float, Field(gt=0, le=1000)] = 1.0
    """Gradients are scaled down to this length."""
    dropout: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Overrides the base model's dropout during training."""
    precision: Literal["Auto", "fp32", "bf16"] = "Auto"
    """Auto: bf16 arithmetic where the hardware has it, else fp32; weights are kept in fp32."""
    checkpoint_steps: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Steps between checkpoints; default: an eighth of the run, and at least every ten minutes."""
    deterministic: bool = False
    """The same CPU, one process: the same bytes. Slower on a GPU."""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    """Of the order of rows and of dropout."""

    @model_validator(mode="after")
    @cel(
        f"self.loss.name != 'BatchHardSoftMarginTriplet' || !has(self.batchSize) || self.batchSize >= {FEWEST_LABELLED}",
        f"BatchHardSoftMarginTriplet compares texts of several labels in each batch: batchSize must be {FEWEST_LABELLED} or more",
        field="batchSize",
    )
    def _batches_hold_several_labels(self) -> Self:
        small = self.batch_size is not None and self.batch_size < FEWEST_LABELLED
        if self.loss.name == "BatchHardSoftMarginTriplet" and small:
            raise ValueError(
                f"BatchHardSoftMarginTriplet compares texts of several labels in each batch: batchSize must be {FEWEST_LABELLED} "
                f"or more, not {self.batch_size}"
            )
        return self


class Suite(Resource):
    """One part of the evaluation."""

    name: DnsLabel = "test"
    """First part of its metrics: `test/ndcg@10`."""
    kind: SuiteKind = "Retrieval"
    """Retrieval: rank the exam's passages for each of its queries. Of an exam of scored pairs: SemanticSimilarity (spearman and
    pearson of cosine similarity and score), or PairClassification where the scores are 0 and 1 (ap; f1 at the best threshold)."""
    cutoffs: Annotated[tuple[Annotated[int, Field(ge=1, le=1000)], ...], Field(min_length=1, max_length=8)] = (1, 3, 5, 10)
    """Retrieval: the k of accuracy@k, precision@k, recall@k, mrr@k, ndcg@k and map@k."""

    def metrics(self) -> tuple[str, ...]:
        return suite_metrics(self.name, self.kind, self.cutoffs)


class Evaluation(Resource):
    """What the candidate, the base model and the model in production are examined on."""

    suites: Annotated[list[Suite], Field(min_length=1, max_length=1)] = [Suite()]
    """Parts of the evaluation."""


class Gate(Resource):
    """One rule on the evaluation: a floor (`min`), a ceiling (`max`), or a difference (`minDelta` + `against`)."""

    metric: Annotated[str, StringConstraints(pattern=METRIC_PATTERN, max_length=128)]
    """`SUITE/METRIC@CUTOFF`, such as `test/ndcg@10`, or `SUITE/METRIC`, such as `test/spearman`."""
    min: Annotated[float, Field(ge=-1e9, le=1e9)] | None = None
    """The lower bound of the candidate's score must reach this."""
    max: Annotated[float, Field(ge=-1e9, le=1e9)] | None = None
    """The upper bound of the candidate's score must stay at or below this."""
    min_delta: Annotated[float, Field(ge=-1, le=1)] | None = None
    """Smallest difference that passes; negative for non-inferiority."""
    against: Literal["Base", "Production"] | None = None
    """Whom minDelta compares with. Production is the base while nothing is in production."""
    confidence: Annotated[float, Field(ge=0.5, le=0.9999)] = 0.95
    """Of the one-sided bound."""

    @model_validator(mode="after")
    @cel("[has(self.min), has(self.max), has(self.minDelta)].exists_one(x, x)", "set exactly one of min, max and minDelta")
    def _one_rule(self) -> Self:
        if [self.min, self.max, self.min_delta].count(None) != 2:
            raise ValueError("set exactly one of min, max and minDelta")
        return self

    @model_validator(mode="after")
    @cel("has(self.minDelta) == has(self.against)", "minDelta and against belong together: against is Base or Production")
    def _delta_is_against_something(self) -> Self:
        if (self.min_delta is None) != (self.against is None):
            raise ValueError("minDelta and against belong together: against is Base or Production")
        return self


class Promotion(Resource):
    """What it takes to go to production."""

    policy: Literal["Automatic", "Manual", "Never"] = "Automatic"
    """Automatic: a passed verdict goes to production. Without gates nothing is promoted automatically."""
    gates: Annotated[list[Gate], Field(max_length=32)] = []
    """All must pass."""


class Runtime(Resource):
    """Where the steps run, on how much, and how often they are tried."""

    profile: DnsLabel | None = None
    """A profile of the platform (node selector, tolerations, limits); a local run has none."""
    nodes: Annotated[int, Field(ge=1, le=1024)] = 1
    """Pods that train together."""
    gpus_per_node: Annotated[int, Field(ge=0, le=64)] = 0
    """GPUs of each of these pods; 0: it trains on the CPU."""
    processes_per_node: Annotated[int, Field(ge=1, le=256)] = 1
    """Training processes in each of these pods: usually one a GPU."""
    max_attempts: Annotated[int, Field(ge=1, le=20)] = 3
    """Launches of a step that may fail by its own fault; evictions and lost nodes are not counted."""
    deadline_seconds: Annotated[int, Field(ge=60, le=2_592_000)] | None = None
    """The job fails when it is not done this long after its first step started; time suspended or queued counts."""


class Recipe(Resource):
    """What a job does, whatever line it is for."""

    base_model: BaseModelRef
    data: Data
    training: Training = Training()
    evaluation: Evaluation = Evaluation()
    promotion: Promotion = Promotion()
    runtime: Runtime = Runtime()
    suspend: bool = False
    """True: save a checkpoint and free the pods; false again: go on from there. May be changed at any time."""
    ttl_seconds_after_finished: Annotated[int, Field(ge=0, le=31_536_000)] | None = None
    """Seconds after the end until the job's pods and scratch objects are removed; the job and its version stay. None: kept."""

    @model_validator(mode="after")
    @cel(
        expressions.LOSS_FITS,
        "the loss does not learn from the columns of data.train",
        field="data.train",
        message_cel=expressions.LOSS_TOLD,
    )
    def _loss_fits_the_data(self) -> Self:
        loss, build = self.training.loss.name, self.data.build
        wanted = sorted(learns_from(loss))
        for number, source in enumerate(self.data.train):
            shape = source.columns.shape
            if built_as(shape, build.labelled_texts, loss) is None:
                columns = ", ".join(sorted({column for learnt in wanted for column in SHAPE_COLUMNS[learnt]}))
                as_built = f" built as {build.labelled_texts}" if shape == "labelled texts" else ""
                raise ValueError(
                    f"loss {loss} learns from {' or '.join(wanted)}, but data.train[{number}].columns maps {shape}{as_built}; "
                    f"map the columns {columns}, or choose a loss for {shape}{as_built}"
                )
        return self

    @model_validator(mode="after")
    @cel(f"self.promotion.gates.all(g, {expressions.YIELDED})", expressions.NOT_YIELDED, field="promotion.gates")
    def _gates_name_metrics_that_exist(self) -> Self:
        known = [name for suite in self.evaluation.suites for name in suite.metrics()]
        for number, gate in enumerate(self.promotion.gates):
            if gate.metric not in known:
                raise ValueError(
                    f"promotion.gates[{number}].metric {gate.metric} is not yielded by any suite; "
                    f"choose one of {', '.join(known)}"
                )
        return self


class FineTuneJobSpec(Recipe):
    """One job. Immutable, but for `suspend` and `ttlSecondsAfterFinished`."""

    mutable_fields: ClassVar = frozenset({"suspend", "ttlSecondsAfterFinished"})

    model: DnsLabel
    """The line that the new version is numbered in."""

    @field_validator("model")
    @classmethod
    @cel("self.model != 'jobs'", RESERVED, field="model")
    def _model_is_not_reserved(cls, model: str) -> str:
        if model == "jobs":
            raise ValueError(RESERVED)
        return model
