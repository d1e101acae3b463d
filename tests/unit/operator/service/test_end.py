"""The end of the process: it does not wait for what nobody waits for any more."""

import subprocess
import sys
import time
from pathlib import Path

LEFT_BEHIND = """
import asyncio, sys, time
from embtune_operator.service.main import main
from embtune_operator.service.operator import Operator

async def run(self):
    waiting = asyncio.create_task(asyncio.to_thread(time.sleep, 30))
    await asyncio.sleep(0.1)
    waiting.cancel()
    return False

Operator.run = run
main()
"""


def test_a_thread_that_still_waits_for_the_store_does_not_keep_the_process(tmp_path: Path) -> None:
    config = tmp_path / "platform.yaml"
    config.write_text("{store: {uri: 'memory://'}, trainerImage: trainer}")
    began = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-c", LEFT_BEHIND, "--config", str(config)], env={"HOME": str(tmp_path)}, timeout=60, check=False
    )
    assert ended.returncode == 0
    assert time.monotonic() - began < 25
