"""The methods of augmentation that need no model, each as a function of a text."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

from embtune_api.augment import AugmentMethod, SynonymFile
from embtune_store import open_store
from embtune_trainer.prepare.augment.casing import recase
from embtune_trainer.prepare.augment.chance import Chance
from embtune_trainer.prepare.augment.deletion import delete_words
from embtune_trainer.prepare.augment.swap import swap_words
from embtune_trainer.prepare.augment.synonyms import Synonyms, read_synonyms
from embtune_trainer.prepare.augment.typos import mistype
from embtune_trainer.prepare.outside import Outside

SYNONYMS = Path(__file__).parents[1] / "data" / "synonyms" / "banking.tsv"


def synonyms_of(file: Path) -> Synonyms:
    return read_synonyms(SynonymFile(uri=file.name), file.parent, Outside(open_store("memory://")))


@cache
def methods(share: float = 0.1) -> dict[AugmentMethod, Callable[[str, Chance], str]]:
    def of(change: Callable[..., str]) -> Callable[[str, Chance], str]:
        return lambda text, chance: change(text, share, chance)

    return {
        "SynonymReplacement": of(synonyms_of(SYNONYMS).replace),
        "RandomDeletion": of(delete_words),
        "RandomSwap": of(swap_words),
        "Typos": of(mistype),
        "Casing": recase,
    }
