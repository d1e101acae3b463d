"""What to do next, in the order in which it is worth doing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_api.cost import is_cost
from embtune_operator.report.slices import worst
from embtune_operator.report.standing import sentence_of

if TYPE_CHECKING:
    from embtune_operator.report.standing import Standing

_TOO_MANY = 20
"""An exam that would have to be so many times as large is no advice."""


@dataclass(frozen=True)
class NextStep:
    text: str
    command: str = ""


def next_steps(standing: Standing) -> tuple[NextStep, ...]:
    """Never empty."""
    if standing.outcome is None:
        return (NextStep("Mend what the sentence above says, and run the job again: it goes on where it stopped."),)
    if standing.stage == "RolledBack":
        return (NextStep("Read why it was taken back.", _history(standing)), *_improve(standing))
    if standing.stage == "Production":
        return (*_embed_anew(standing), _serve(standing), _watch(standing), *_improve(standing))
    if standing.outcome == "Passed":
        return (_promote(standing), *_improve(standing))
    if standing.outcome == "Rejected":
        return (*_of_the_rejected(standing), *_improve(standing))
    return (*_of_the_undecided(standing), *_improve(standing))


def _embed_anew(standing: Standing) -> list[NextStep]:
    """Vectors of two trainings do not stand beside each other, however alike they are in kind."""
    if standing.documents_stay:
        return [NextStep("Keep your index: documents have the vectors that they had. Only queries are embedded by this version.")]
    return [
        NextStep(
            "Embed your documents anew, into an index beside the one that serves: vectors of two versions cannot be compared. "
            "Keep the old index as long as you may go back.",
            f"embtune embed {standing.reference} documents.jsonl --out documents.parquet {standing.options}",
        )
    ]


def _serve(standing: Standing) -> NextStep:
    model = standing.reference.partition("@")[0]
    return NextStep(
        "Serve it, together with that index: download the verified model.",
        f"embtune pull {model}@production ./{model} {standing.options}",
    )


def _watch(standing: Standing) -> NextStep:
    model = standing.reference.partition("@")[0]
    before = standing.match.rival if standing.match and standing.match.rival.startswith("production") else "what was there before"
    return NextStep(
        f"Watch it. Should people complain, go back to {before}, and to its index.",
        f"embtune rollback {model} --reason '…' {standing.options}",
    )


def _promote(standing: Standing) -> NextStep:
    text = (
        "Promote it again, if you want it back." if standing.stage == "Archived" else "Look at the losses below, then promote it."
    )
    return NextStep(text, f"embtune promote {standing.reference} --reason '…' {standing.options}")


def _history(standing: Standing) -> str:
    return f"embtune history {standing.reference.partition('@')[0]} {standing.options}"


def _of_the_rejected(standing: Standing) -> list[NextStep]:
    match = standing.match
    rejected = [gate for gate in standing.gates if gate.outcome == "Rejected" and not gate.dry_run]
    if rejected and all(is_cost(gate.metric) for gate in rejected):
        return [
            NextStep(
                f"No gate on quality is against it; it costs more than a gate allows ({rejected[0].line}). Take a smaller base "
                f"model, or a lower encoder.maxSeqLength; or change promotion.gates in a new job, if you can pay for it."
            )
        ]
    if match and match.difference.lower > 0:
        missed = [gate.line for gate in standing.gates if gate.outcome == "Rejected"]
        also = f" ({missed[0]})" if missed else ""
        return [
            NextStep(
                f"It is better than {match.rival}, but not by as much as a gate asks for{also}. Give it more or better data; "
                f"or, if the gate asks for more than you need, change promotion.gates in a new job."
            )
        ]
    steps = [NextStep("Do not promote it. Read the losses below: what they have in common is what the training data lacks.")]
    if match and match.difference.upper < 0 and standing.loss_fell:
        steps.append(
            NextStep(
                f"The training loss fell, and yet it is worse than {match.rival}: it learnt something else than the exam asks. "
                f"Try half of training.learningRate or fewer epochs, and check that the training rows are like the exam's."
            )
        )
    return steps


def _of_the_undecided(standing: Standing) -> list[NextStep]:
    match = standing.match
    if all(gate.dry_run for gate in standing.gates):
        promote = f"embtune promote {standing.reference} --reason '…' {standing.options}"
        return [
            NextStep(
                "It has no gates, so nobody decided. Add promotion.gates to the next job; or promote this one yourself.", promote
            )
        ]
    if standing.reason.startswith("SawExam"):
        return [
            NextStep(
                "A compared model was trained on a part of the exam, so its scores prove nothing. Start from another base, or "
                "give the line a fresh exam: a new spec.model with rows that none of the models has seen."
            )
        ]
    undecided = [gate for gate in standing.gates if gate.outcome == "Inconclusive" and not gate.dry_run]
    if undecided and all(is_cost(gate.metric) for gate in undecided):
        return [
            NextStep(
                f"The times vary too much to decide ({undecided[0].line}). Run the job again where nothing else uses the "
                f"processor, or raise evaluation.cost.rounds."
            )
        ]
    if match is None or any("floor" in gate.line for gate in standing.gates):
        return [NextStep("Do what the gate's line above says, in a new job.")]
    times = (match.detects / abs(match.difference.value)) ** 2 if match.difference.value else math.inf
    if match.difference.value > 0 and 1 < times < _TOO_MANY:
        return [
            NextStep(
                f"This exam tells differences above {match.detects:.3f}; the measured one is {match.difference.value:+.3f}. "
                "About "
                f"{math.ceil(match.groups * times):,} groups of queries would tell it (now {match.groups:,}): hold out more "
                f"under a new spec.model, or win more by more data."
            )
        ]
    return [NextStep(f"It is too much like {match.rival} to tell them apart. More or other training data is what changes that.")]


def _improve(standing: Standing) -> list[NextStep]:
    """What would make the next version better, whatever became of this one."""
    steps = []
    if standing.loss_fell is False and not any(finding.check == "loss" for finding in standing.training):
        steps.append(
            NextStep(
                "The training loss did not fall: the learning rate is too low or far too high, or the pairs do not belong "
                "together. Look at some training rows first."
            )
        )
    made = worst(standing.slices)
    if made and made.change < 0:
        steps.append(NextStep(f"Add training rows like the slice that lost most: {made.name} ({made.change:+.3f})."))
    kept = [finding for finding in standing.findings if finding.action == "kept" and finding.rows]
    if kept:
        most = max(kept, key=lambda finding: finding.rows)
        steps.append(NextStep(f"Look at what the data checks left as it is; most of it: {sentence_of(most)}"))
    return steps
