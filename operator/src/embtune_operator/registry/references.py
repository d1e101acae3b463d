"""References: `MODEL@REF`, where REF is a number, `production`, `previous`, `canary`, or `best:<metric>`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_api.errors import InvalidInput
from embtune_api.keys import LineKeys
from embtune_api.names import DNS_LABEL
from embtune_operator.registry.history import read_history
from embtune_operator.registry.versions import Version, list_versions, read_version

if TYPE_CHECKING:
    from embtune_store.protocol import Store

FORMS = "a number, production, previous, canary, or best:<metric> such as best:ndcg@10"


@dataclass(frozen=True)
class Reference:
    model: str
    ref: str


def parse_reference(text: str) -> Reference:
    """`tldr-search@3` → model and ref; a model alone means what is in production.

    Raises:
        InvalidInput: it has another form.
    """
    model, _, ref = text.partition("@")
    ref = ref or "production"
    if not re.fullmatch(DNS_LABEL, model):
        raise InvalidInput(f"{text!r} is not MODEL@REF: a model's name is lower case letters, digits and dashes; REF is {FORMS}")
    if not re.fullmatch(r"[1-9][0-9]*|production|previous|canary|best:.+", ref):
        raise InvalidInput(f"{text!r} names no version: REF is {FORMS}")
    return Reference(model, ref)


def parse_model(text: str) -> str:
    """The name of a model, for commands about the whole line.

    Raises:
        InvalidInput: it is no such name, or a version is named.
    """
    model, at, _ = text.partition("@")
    if not re.fullmatch(DNS_LABEL, model):
        raise InvalidInput(f"{text!r} is not the name of a model: that is lower case letters, digits and dashes")
    if at:
        raise InvalidInput(f"{text!r} names one version, but this command is about the whole model: give {model} without @REF")
    return model


def find_version(store: Store, line: LineKeys, ref: str) -> Version:
    """The version that a REF means now.

    Raises:
        InvalidInput: there is none.
    """
    if ref.isdecimal():
        return read_version(store, line, int(ref), read_history(store, line))
    if ref.startswith("best:"):
        return _best(store, line, ref.removeprefix("best:"))
    history = read_history(store, line)
    release = history[-1] if history else None
    found = {"production": release and release.production, "previous": release and release.previous}.get(
        ref, release and release.canary
    )
    if not found:
        raise InvalidInput(
            f"{line.model} has no {ref} version in namespace {line.namespace} of this store: see `embtune versions {line.model}`"
        )
    return read_version(store, line, found.version, history)


def _best(store: Store, line: LineKeys, metric: str) -> Version:
    """The version with the highest value, rejected and rolled-back ones apart; of equal ones the oldest."""
    fit = [v for v in list_versions(store, line) if v.stage not in ("Rejected", "RolledBack")]
    full = _full_name(metric, sorted({name for v in fit for name in v.evaluation.candidate}))
    scored = [(value, -v.number, v) for v in fit if (value := v.evaluation.candidate.get(full)) is not None]
    if not scored:
        raise InvalidInput(f"no version of {line.model} that may be promoted has a value for {full}")
    return max(scored, key=lambda entry: entry[:2])[2]


def _full_name(metric: str, known: list[str]) -> str:
    """`ndcg@10` → `test/ndcg@10`, where only one suite yields it."""
    meant = [name for name in known if metric in (name, name.partition("/")[2])]
    if len(meant) > 1:
        raise InvalidInput(f"best:{metric} may mean {' or '.join(meant)}: name the suite, as in best:{meant[0]}")
    if not meant:
        raise InvalidInput(f"no version that may be promoted has a value for {metric}; metrics there are: {_listed(known)}")
    return meant[0]


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none"
