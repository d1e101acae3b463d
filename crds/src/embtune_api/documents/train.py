"""What `train` found out."""

from __future__ import annotations

from embtune_api.base import Document
from embtune_api.documents.files import StoredFile, StoredModel
from embtune_api.encoder import EncoderSettings


class Trial(Document):
    """What a candidate answered to the validation rows, and what it costs. In the facts of its training."""

    metric: str
    """`validation/ndcg@10`: the same for all candidates, whatever each of them looked at in its own training."""
    score: float
    scores: StoredFile
    """Per question, as `ResultKeys.scores`."""
    parameters: int
    dimension: int
    size: int
    """bytes"""
    texts_a_second: float
    """Encoded on the machine that trained it, questions and answers, one process."""


class TrainFacts(Document):
    """`facts` of the train step's manifest."""

    model: StoredModel
    seconds: float
    """Training proper, without loading."""
    samples_per_second: float
    final_loss: float
    total_steps: int
    encoder: EncoderSettings
    """Of the model, as the job and the base say."""
    max_seq_length: int | None = None
    """Tokens a text in training, as many as Auto stands for; None: the model's own limit."""
    stopped_at: int | None = None
    """The last step, where it stopped early."""
    best_step: int | None = None
    """Whose weights the model has; None: the last one's, nobody looked."""
    findings: list[str] = []
    """What a person should know about the training."""
    trial: Trial | None = None
    """What it is ranked by, where it is one of several candidates."""
