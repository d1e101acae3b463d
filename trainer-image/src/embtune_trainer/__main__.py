"""`python -m embtune_trainer`: the same as `embtune-trainer`."""

from embtune_trainer.cli import main

main()
