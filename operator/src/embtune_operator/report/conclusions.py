"""What follows from how a candidate stands, in plain sentences: which won, why, where it is worst, whether it is safe, what next.

Pure: equal standings make equal sentences.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from embtune_operator.report.next_steps import NextStep, next_steps
from embtune_operator.report.slices import worst
from embtune_operator.report.standing import sentence_of

if TYPE_CHECKING:
    from embtune_operator.judge.bootstrap import Bounds
    from embtune_operator.report.standing import Match, Standing

Mark = Literal["good", "bad", "open"]
_SMALL = 0.05
"""An exam that tells no smaller difference than this is small."""
_EQUAL = 0.0005
"""A smaller difference is not seen in three digits."""
_FEW = 0.01
"""A finding about a smaller share of the rows is told among the data, and is no caution."""
_ALWAYS = ("exam", "leakage/same-pair", "leakage/same-query", "leakage/near-duplicate", "leakage/group")
_FATES = {
    "Production": "passed its gates and is in production",
    "Candidate": "passed its gates and waits for someone to promote it",
    "Canary": "passed its gates and is tried out as a canary",
    "Archived": "passed its gates and was in production; another version is now",
    "RolledBack": "was in production and was rolled back",
    "Rejected": "was rejected",
}


@dataclass(frozen=True)
class Safety:
    word: Literal["Yes", "With care", "Not shown", "No"]
    sentence: str
    cautions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Conclusions:
    mark: Mark
    sentence: str
    """The verdict."""
    won: str
    why: tuple[str, ...]
    worst: str
    """Slice."""
    queries: str
    """How many were won and lost."""
    safety: Safety
    steps: tuple[NextStep, ...]


def conclude(standing: Standing) -> Conclusions:
    """Answers to what people ask of a report."""
    return Conclusions(
        mark=_mark(standing),
        sentence=verdict_sentence(standing),
        won=_won(standing),
        why=_why(standing),
        worst=_worst(standing),
        queries=_queries(standing),
        safety=is_safe(standing),
        steps=next_steps(standing),
    )


def verdict_sentence(standing: Standing) -> str:
    """What became of it, and by how much it is better or worse."""
    if standing.outcome is None:
        return f"{standing.name} has no verdict: {standing.reason}."
    fate = _FATES[standing.stage] if standing.stage else "was judged"
    if standing.outcome == "Inconclusive" and standing.stage == "Candidate":
        fate = "is not promoted, since the evidence does not decide"
    if standing.outcome == "Rejected" and standing.stage not in ("Rejected", "RolledBack"):
        fate = f"was rejected and is {standing.stage} by somebody's decision"
    return f"{standing.name} {fate}{f': {compared(standing.match)}' if standing.match else f': {standing.reason}'}."


def compared(match: Match) -> str:
    """`ndcg@10 is 0.024 higher than that of production v1 (0.729 against 0.705), with 95 % confidence at least 0.008 higher`"""
    difference = match.difference
    by = (
        f"{match.metric} is {_by(difference.value)} that of {match.rival} ({match.candidate:.3f} against {match.rival_score:.3f})"
    )
    if abs(difference.value) < _EQUAL:
        return f"{by}, with 95 % bounds {_reach(difference)}"
    if difference.lower > 0:
        return f"{by}, with 95 % confidence at least {difference.lower:.3f} higher"
    if difference.upper < 0:
        return f"{by}, with 95 % confidence at least {-difference.upper:.3f} lower"
    return f"{by}, which may be chance: the 95 % bounds are {_reach(difference)}"


def is_safe(standing: Standing) -> Safety:
    """Whether it may go, or stay, in production, by what this exam and this data can tell."""
    if standing.outcome is None:
        return Safety("Not shown", "Nothing has been judged, so nothing is known about it.")
    if standing.stage == "RolledBack":
        return Safety("No", "It was in production and was taken back. Read why in the history before anybody promotes it again.")
    if standing.outcome == "Rejected":
        return Safety("No", "A gate has proof against it. What is in production stays.", _cautions(standing))
    if standing.outcome == "Inconclusive":
        return Safety(
            "Not shown", "There is no proof for it and none against it. What is in production stays.", _cautions(standing)
        )
    cautions = _cautions(standing)
    if cautions:
        return Safety("With care", "All gates passed. Before you lean on it, read this:", cautions)
    return Safety(
        "Yes",
        f"All gates passed, no slice is provably worse, and the data checks found nothing that matters. {_limits(standing)}",
    )


def _limits(standing: Standing) -> str:
    match = standing.match
    assert match is not None, "what cannot be compared is a caution"
    return (
        f"So say {match.queries:,} exam queries; they often overlook what is worse by less than {match.detects:.3f}, and say "
        f"nothing of other queries, nor of speed."
    )


def _cautions(standing: Standing) -> tuple[str, ...]:
    of_the_training = [f"Training: {finding.message}" for finding in standing.training]
    return (*_of_the_match(standing), *_of_the_exam(standing), *_of_the_data(standing), *of_the_training)


def _of_the_match(standing: Standing) -> list[str]:
    match, told = standing.match, []
    if match is None:
        return ["It cannot be compared query by query: the kept scores are gone, or it is the same model."]
    if match.difference.upper < 0:
        told.append(f"It is worse than {match.rival} on {match.metric}, by {-match.difference.upper:.3f} at least.")
    elif match.difference.lower < 0:
        told.append(f"It may be worse than {match.rival} on {match.metric}, by {-match.difference.lower:.3f} at most.")
    worse = [made for made in standing.slices if made.told == "worse"]
    if standing.reindex:
        told.append(
            f"Vectors of {match.rival} do not fit it ({'; '.join(standing.reindex)}): build the index anew before it serves."
        )
    told += [f"It is worse on {made.name}: {made.change:+.3f}." for made in worse]
    return told


def _of_the_exam(standing: Standing) -> list[str]:
    told = []
    if standing.match and standing.match.detects > _SMALL:
        told.append(
            f"The exam is small ({standing.match.queries:,} queries in {standing.match.groups:,} groups): it overlooks "
            f"differences below {standing.match.detects:.3f}."
        )
    if standing.dropped:
        told.append(f"{standing.dropped} exam queries were left out, since a compared model was trained on them.")
    told += [f"{_capital(hint)}." for hint in standing.hints if "candidates have been judged" in hint]
    return told


def _of_the_data(standing: Standing) -> list[str]:
    few = _FEW * standing.rows_used
    return [
        sentence_of(finding)
        for finding in standing.findings
        if finding.action == "kept" and finding.rows and (finding.rows >= few or finding.check in _ALWAYS)
    ]


def _mark(standing: Standing) -> Mark:
    if standing.stage == "RolledBack" or standing.outcome == "Rejected":
        return "bad"
    return "good" if standing.outcome == "Passed" else "open"


def _won(standing: Standing) -> str:
    match = standing.match
    if match is None:
        return "Nobody: there is nothing to compare with."
    if match.difference.lower > 0:
        return f"{standing.name} won: {compared(match)}."
    if match.difference.upper < 0:
        return f"{_capital(match.rival)} won: the candidate's {compared(match)}."
    return f"Neither is shown to be better: {compared(match)}."


def _why(standing: Standing) -> tuple[str, ...]:
    if standing.outcome is None:
        return (_capital(standing.reason),)
    if not standing.gates:
        return (_capital(standing.reason),)
    words = {"Passed": "passed", "Rejected": "rejected", "Inconclusive": "inconclusive"}
    deciding = [gate for gate in standing.gates if not gate.dry_run]
    decided = [gate for gate in deciding if gate.outcome == standing.outcome]
    if not decided:
        return (_capital(standing.reason),)
    first = f"{len(decided)} of {len(deciding)} {'gate' if len(deciding) == 1 else 'gates'} {words[standing.outcome]}:"
    return (first, *(gate.line for gate in decided))


def _worst(standing: Standing) -> str:
    made = worst(standing.slices)
    if made is None:
        return "No slice can be told: the lines of the exam's queries are gone."
    bounds = f", bounds {_reach(made.difference)}" if made.difference else ", too few to judge by"
    told = {
        "better": "Of all slices large enough to judge, it gained least, and it is better, too",
        "worse": "Worse",
        "no difference shown": "No difference is shown",
    }
    return (
        f"{made.name if '=' in made.name else _capital(made.name)}: {made.change:+.3f} ({made.rival:.3f} → "
        f"{made.candidate:.3f}, {made.queries:,} of them{bounds}). {told.get(made.told, 'Too few to tell')}."
    )


def _queries(standing: Standing) -> str:
    match = standing.match
    if match is None:
        return "No query can be compared."
    return f"Of {match.queries:,}, {match.better:,} are answered better, {match.alike:,} as before and {match.worse:,} worse."


def _by(difference: float) -> str:
    if abs(difference) < _EQUAL:
        return "equal to"
    return f"{abs(difference):.3f} {'higher' if difference > 0 else 'lower'} than"


def _reach(bounds: Bounds) -> str:
    return f"{bounds.lower:+.3f} to {bounds.upper:+.3f}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
