"""What a step's exit code makes of its error: 2 ends the job for good."""

import pytest

from embtune_api.credentials import FOLDER_VARIABLE
from embtune_api.errors import EmbtuneError, Exit, InvalidInput, Stopped, StoreDenied, StoreError
from embtune_trainer.cli import exit_code_of


@pytest.mark.parametrize(
    ("error", "in_a_pod", "elsewhere"),
    [
        pytest.param(InvalidInput("bad rows"), Exit.INVALID, Exit.INVALID, id="bad input is bad everywhere"),
        pytest.param(StoreDenied("no"), Exit.FAILED, Exit.INVALID, id="keys are the platform's in a pod, and yours elsewhere"),
        pytest.param(StoreError("away"), Exit.FAILED, Exit.FAILED, id="a store that is away may come back"),
        pytest.param(Stopped("on request"), Exit.STOPPED, Exit.STOPPED, id="a checkpoint was saved"),
    ],
)
def test_an_error_ends_a_step_with(error: EmbtuneError, in_a_pod: Exit, elsewhere: Exit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    assert exit_code_of(error) == elsewhere
    monkeypatch.setenv(FOLDER_VARIABLE, "/var/run/embtune/store")
    assert exit_code_of(error) == in_a_pod
