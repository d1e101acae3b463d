"""How the model learns: the loss and the recipe around it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from embtune_api.at_once import MicroBatch
from embtune_api.base import Resource
from embtune_api.crd.declare import cel
from embtune_api.early_stopping import EarlyStopping
from embtune_api.length import LengthChoice
from embtune_api.losses import CACHED, LOSS_SHAPES, MARGINS, SCALES, TEACHERS, LossChoice
from embtune_api.matryoshka import Matryoshka
from embtune_api.teacher import Teacher
from embtune_api.tune import Tune

NO_MARGIN = f"margin is for the losses {', '.join(sorted(MARGINS))}"
NO_TEACHER = f"teacher is for the losses {', '.join(sorted(TEACHERS))}"
NO_CROSS_ENCODER = "MarginMSE learns what a cross-encoder says: name one as teacher.uri"
CACHED_ALREADY = "a Cached loss has its own size: set loss.miniBatchSize instead of microBatchSize"
NO_LOOKS = "earlyStopping looks at the validation rows: evaluationSteps must not be 0"
UNSEEN = "documentEncoder Frozen trains to the last step: leave out earlyStopping and evaluationSteps"
FEWEST_LABELLED = 8
"""Texts in a batch: fewer would not hold several of each of several labels."""
_OF_LABELS = sorted(name for name, shapes in LOSS_SHAPES.items() if "labelled texts" in shapes)
SMALL_BATCH = (
    f"{', '.join(_OF_LABELS)} compare texts of several labels in each batch: batchSize must be {FEWEST_LABELLED} or more"
)


class Loss(Resource):
    """What training makes small."""

    name: LossChoice = "Auto"
    """Auto: the one that fits the data. Pairs and triplets: MultipleNegativesRanking ranks the right answer above all other
    answers and negatives in the batch; MultipleNegativesSymmetricRanking also the right question above all others; GIST leaves
    out what a guide takes for right; their Cached variants need less memory, and more time. Triplets: Triplet keeps each anchor
    nearer to its answer than to its own negatives. Rows with negatives: MarginMSE learns by how much a cross-encoder prefers the
    answer. Texts and their translations: MSE makes a model multilingual. Scored pairs: CoSENT brings them into the order of their
    scores, CosineSimilarity to the scores themselves; scores of 0 and 1 alone: Contrastive, OnlineContrastive. Labelled texts:
    BatchHardSoftMarginTriplet and BatchHardTriplet, over the hardest of each batch, BatchSemiHardTriplet, BatchAllTriplet."""
    scale: Annotated[float, Field(gt=0, le=1000)] | None = None
    """Inverse temperature, by which cosine similarities are multiplied. Default: 20; of GIST and CachedGIST 100."""
    margin: Annotated[float, Field(gt=0, le=1000)] | None = None
    """Triplet, BatchAllTriplet, BatchHardTriplet, BatchSemiHardTriplet: Euclidean distance, by default 5; Contrastive,
    OnlineContrastive: cosine distance, by default 0.5; GIST, CachedGIST: by how much less similar than the answer a text must be,
    as the guide sees it, to be a negative: cosine similarity, by default 0."""
    mini_batch_size: Annotated[int, Field(ge=1, le=8192)] = 32
    """Cached variants only: texts whose activations are in memory at once; memory no longer grows with batchSize."""
    teacher: Teacher | None = None
    """GIST, CachedGIST: the guide; MSE: whose vectors of the anchor both texts get, with as many numbers as the base model's.
    Default: the base model itself. MarginMSE: the cross-encoder, with one output; its scores are sigmoids, 0 to 1."""

    @property
    def explicit_margin(self) -> float:
        """The margin, or the loss's own. Raises KeyError for a loss that has none."""
        return self.margin if self.margin is not None else MARGINS[self.name]

    @property
    def explicit_scale(self) -> float:
        """The scale, or the loss's own. Raises KeyError for a loss that has none."""
        return self.scale if self.scale is not None else SCALES[self.name]

    @property
    def is_cached(self) -> bool:
        """Embeddings are computed twice, so that only those of a few texts need their activations at once."""
        return self.name in CACHED.values()

    @model_validator(mode="after")
    @cel(f"!has(self.margin) || self.name in {sorted(MARGINS)}", NO_MARGIN, field="margin")
    def _margin_is_of_use(self) -> Self:
        if self.margin is not None and self.name not in MARGINS:
            raise ValueError(NO_MARGIN)
        return self

    @model_validator(mode="after")
    @cel(f"!has(self.teacher) || self.name in {sorted(TEACHERS)}", NO_TEACHER, field="teacher")
    def _teacher_is_of_use(self) -> Self:
        if self.teacher is not None and self.name not in TEACHERS:
            raise ValueError(NO_TEACHER)
        return self

    @model_validator(mode="after")
    @cel("self.name != 'MarginMSE' || (has(self.teacher) && has(self.teacher.uri))", NO_CROSS_ENCODER, field="teacher")
    def _cross_encoder_is_named(self) -> Self:
        if self.name == "MarginMSE" and (self.teacher is None or self.teacher.uri is None):
            raise ValueError(NO_CROSS_ENCODER)
        return self


class Training(Resource):
    """The recipe. What is left out comes from the preset and is reported as the explicit value it stands for."""

    preset: Literal["Auto"] = "Auto"
    """Auto: epochs, batchSize and learningRate by the number of rows; one gentle epoch for a line that goes on from a version of
    its own."""
    loss: Loss = Loss(name="Auto")  # spelled out: an API server puts defaults to the rules as they are written
    matryoshka: Matryoshka | None = None
    """Around the loss, whichever it is; None: whole vectors alone are trained."""
    epochs: Annotated[int, Field(ge=1, le=100)] | None = None
    """Passes over the rows; default: the preset's."""
    batch_size: Annotated[int, Field(ge=2, le=65536)] | None = None
    """Rows in a global batch: the same whatever the number of processes."""
    learning_rate: Annotated[float, Field(gt=0, le=0.1)] | None = None
    """At its highest, after the warm-up; default: the preset's."""
    max_seq_length: LengthChoice | None = None
    """Tokens a text in training; the published model keeps its own limit. Auto: as many as 95 % of the texts have, by the base
    model's tokenizer, rounded up to a multiple of 8 and never more than the model reads. Default: the model's limit."""
    tune: Tune | None = None
    """Which part of the model learns; default: all of it."""
    warmup_ratio: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Share of the steps in which the learning rate rises to its height."""
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 0.0
    """How strongly weights are pulled towards zero."""
    max_grad_norm: Annotated[float, Field(gt=0, le=1000)] = 1.0
    """Gradients are scaled down to this length."""
    dropout: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Overrides the base model's dropout during training."""
    micro_batch_size: MicroBatch | None = None
    """Texts whose activations each process holds in memory at once: fewer need less memory and more time; the batch and its
    negatives stay as they are. Auto: on a GPU, as many as are found to fit before the first step, with a tenth of the memory left
    free. Default: all of the batch. Whatever it is, it becomes half as many whenever memory runs out."""
    activation_checkpointing: bool = False
    """Compute the activations of each layer again when they are needed: far less memory, about a third more time."""
    precision: Literal["Auto", "fp32", "bf16", "fp16"] = "Auto"
    """Of the arithmetic; weights are kept in fp32. Auto: bf16 where the hardware of every process has it; else fp16 on GPUs with
    tensor cores; else fp32. In fp16 the loss is scaled up, so that small gradients are not lost."""
    checkpoint_steps: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Steps between checkpoints; default: an eighth of the run, and at least every ten minutes."""
    evaluation_steps: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    """Steps between looks at a sample of the validation rows; 0: none are looked at. The weights of the step with the best score
    are published. Default: up to eight looks, which cost less than a tenth of the training; none where there are fewer than 50
    validation rows, or so few rows to train on that looking would cost more."""
    early_stopping: EarlyStopping | None = None
    """End when the validation rows are answered no better for a while; None: go to the last step."""
    deterministic: bool = False
    """The same CPU, one process: the same bytes. Slower on a GPU."""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    """Of the order of rows and of dropout."""

    @property
    def explicit_max_seq_length(self) -> int | None:
        """Of a recipe whose every value is explicit. Raises AssertionError: nobody has counted the tokens yet."""
        assert self.max_seq_length != "Auto"
        return self.max_seq_length

    @model_validator(mode="after")
    @cel(
        f"!(self.loss.name in {_OF_LABELS}) || !has(self.batchSize) || self.batchSize >= {FEWEST_LABELLED}",
        SMALL_BATCH,
        field="batchSize",
    )
    def _batches_hold_several_labels(self) -> Self:
        small = self.batch_size is not None and self.batch_size < FEWEST_LABELLED
        if self.loss.name in _OF_LABELS and small:
            raise ValueError(f"{SMALL_BATCH}, not {self.batch_size}")
        return self

    @property
    def texts_at_once(self) -> int | None:
        """Whose activations are held at once, where the recipe names a number."""
        if self.loss.is_cached:
            return self.loss.mini_batch_size
        return None if self.micro_batch_size == "Auto" else self.micro_batch_size

    @model_validator(mode="after")
    @cel(f"!has(self.microBatchSize) || !(self.loss.name in {sorted(CACHED.values())})", CACHED_ALREADY, field="microBatchSize")
    def _one_size_at_once(self) -> Self:
        if self.micro_batch_size is not None and self.loss.is_cached:
            raise ValueError(CACHED_ALREADY)
        return self

    @model_validator(mode="after")
    @cel("!has(self.earlyStopping) || !has(self.evaluationSteps) || self.evaluationSteps > 0", NO_LOOKS, field="evaluationSteps")
    def _stopping_early_needs_looks(self) -> Self:
        if self.early_stopping is not None and self.evaluation_steps == 0:
            raise ValueError(NO_LOOKS)
        return self

    @model_validator(mode="after")
    @cel(
        "!(has(self.tune) && self.tune.documentEncoder == 'Frozen')"
        " || !(has(self.earlyStopping) || (has(self.evaluationSteps) && self.evaluationSteps > 0))",
        UNSEEN,
        field="tune",
    )
    def _frozen_documents_are_not_validated(self) -> Self:
        if self.tune is not None and self.tune.documents_stay and self.wants_validation:
            raise ValueError(UNSEEN)
        return self

    @property
    def wants_validation(self) -> bool:
        """Whether it asks for something that only validation rows can tell."""
        return self.early_stopping is not None or bool(self.evaluation_steps)
