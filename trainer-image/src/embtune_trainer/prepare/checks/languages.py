"""Languages of the texts, where the job says which there should be: told by py3langid, which knows more than a hundred."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from embtune_api.check_reports import UNDETERMINED, LanguageReport
from embtune_api.checks import CheckAction, Checks
from embtune_api.errors import InvalidInput
from embtune_api.reports import Finding
from embtune_trainer.prepare.findings import Hit, settle
from embtune_trainer.prepare.rows import Row

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

SETTING = "data.checks.languageMix"
CONFIDENCE = 0.8
"""Below this nobody can tell; see docs/checks.md for what is told above it, and how often that is wrong."""
_CHARACTERS = 300
"""Of a text: more tells no more."""
_NO_LANGUAGE = "zxx"
_MOST_SHARES = 20
_MEMBERS = {"nb": "no", "nn": "no", "wuu": "zh", "yue": "zh", "ary": "ar", "arz": "ar"}
"""Macrolanguages of ISO 639-3: one language, as far as writing a few words of it goes."""


@dataclass
class _Found:
    """What was found of all rows that were looked at."""

    counts: Counter[str] = field(default_factory=Counter)
    """Texts of each language."""
    foreign: dict[int, str] = field(default_factory=dict)
    """id of a row → the language of a text that is none of those listed."""
    undeclared: dict[int, str] = field(default_factory=dict)
    """id of a row → the language of its anchor, which is not that of its source."""


def of_these_languages(rows: list[Row], checks: Checks) -> tuple[list[Row], list[Finding], LanguageReport | None]:
    """Rows in the languages of the job, and what was found. Fix removes rows with a text in a language that is not listed; where
    the language of a source is wrong, the rows may still be right.

    Raises:
        InvalidInput: a text is in another language and the action is Fail; a listed language is none that can be told.
    """
    if checks.language_mix == "Ignore" or not (checks.languages or any(row.language for row in rows)):
        return rows, [], None
    listed = _listed(checks.languages)
    found = _look(rows, listed)
    findings = [
        *_settle("language", rows, found.foreign, checks.language_mix, f"have a text that is in none of {', '.join(listed)}"),
        *_settle(
            "language/declared", rows, found.undeclared, _kept(checks.language_mix), "are not in the language of their source"
        ),
    ]
    kept = [row for row in rows if id(row) not in found.foreign] if checks.language_mix == "Fix" else rows
    return kept, findings, _report(found.counts)


def _look(rows: list[Row], listed: dict[str, None]) -> _Found:
    found, known = _Found(), _known()
    for row in rows:
        told = [language_of(text) for text in row.texts]
        found.counts.update(told)
        others = [language for language in told if language not in (*listed, UNDETERMINED)]
        if listed and others:
            found.foreign[id(row)] = others[0]
        own = None if row.language is None else _primary(row.language)
        if own in known and told[0] not in (own, UNDETERMINED):
            found.undeclared[id(row)] = told[0]
    return found


def language_of(text: str) -> str:
    """ISO 639 code, or `und` where it cannot be told: the text is too short, or no language."""
    text = text[:_CHARACTERS]
    likeliest, probability = _identifier().classify(text)
    language = _MEMBERS.get(likeliest, likeliest)
    if language in _MEMBERS.values():
        ranked = _identifier().rank(text)
        probability = sum(one for member, one in ranked if _MEMBERS.get(member, member) == language)
    return UNDETERMINED if probability < CONFIDENCE or language == _NO_LANGUAGE else str(language)


def _settle(check: str, rows: list[Row], found: dict[int, str], action: CheckAction, message: str) -> list[Finding]:
    hits = [Hit(row.where, f"{row.anchor} ({found[id(row)]})") for row in rows if id(row) in found]
    return settle(check, hits, action, message, SETTING)


def _kept(action: CheckAction) -> CheckAction:
    return "Warn" if action == "Fix" else action


def _listed(languages: list[str]) -> dict[str, None]:
    """Their primary subtags, in their order."""
    known = _known()
    for tag in languages:
        if _primary(tag) not in known:
            raise InvalidInput(
                f"data.checks.languages: {tag} is none of the {len(known)} languages that can be told apart: "
                f"{', '.join(sorted(known))}. Leave it out and set {SETTING}: Ignore."
            )
    return dict.fromkeys(map(_primary, languages))


def _primary(tag: str) -> str:
    primary = tag.split("-")[0].lower()
    return _MEMBERS.get(primary, primary)


def _known() -> frozenset[str]:
    return frozenset(_MEMBERS.get(label, label) for label in _identifier().labels) - {_NO_LANGUAGE}


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _report(counts: Counter[str]) -> LanguageReport:
    most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_MOST_SHARES]
    return LanguageReport(texts=counts.total(), shares={language: round(number / counts.total(), 4) for language, number in most})
