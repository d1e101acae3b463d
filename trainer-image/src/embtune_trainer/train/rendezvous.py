"""Where the nodes of a training meet, from the environment that their pods are given."""

from __future__ import annotations

import os
import socket
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_api.errors import EmbtuneError, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

PATIENCE = 900.0
"""Seconds for all nodes to come: the last pod may still pull its image."""
SAY_SECONDS = 15.0


@dataclass(frozen=True)
class Rendezvous:
    nodes: int
    node: int
    """This one, from 0; node 0 keeps the store through which the others are found."""
    address: str
    port: int

    @property
    def endpoint(self) -> str:
        return f"{self.address}:{self.port}"

    def wait(self) -> None:
        """Until node 0 has a name, and for the other nodes until it listens.

        Raises:
            EmbtuneError: it does not in time.
        """
        deadline, said = time.monotonic() + PATIENCE, float("-inf")
        while reason := self._missing():
            now = time.monotonic()
            if now > deadline:
                raise EmbtuneError(
                    f"node {self.node} of {self.nodes} waited {PATIENCE:.0f} seconds for node 0 at {self.endpoint}: {reason}. "
                    f"Look at the pod of node 0: whether it could be scheduled and what it says; and whether a network policy "
                    f"lets the job's pods reach each other."
                )
            if now - said >= SAY_SECONDS:
                said = now
                sys.stderr.write(f"node {self.node} of {self.nodes} waits for node 0 at {self.endpoint}: {reason}\n")
                sys.stderr.flush()
            time.sleep(1.0)

    def _missing(self) -> str:
        """What is not there yet; nothing: it is."""
        try:
            if self.node == 0:
                socket.getaddrinfo(self.address, self.port)
            else:
                socket.create_connection((self.address, self.port), timeout=5).close()
        except OSError as error:
            return (error.strerror or str(error)).lower()
        return ""


def rendezvous_of(environ: Mapping[str, str] = os.environ) -> Rendezvous | None:
    """None: the training has this node alone.

    Raises:
        InvalidInput: a variable is missing or no number.
    """
    nodes = _number(environ, "PET_NNODES", "1")
    if nodes <= 1:
        return None
    node = _number(environ, "PET_NODE_RANK") if "PET_NODE_RANK" in environ else _number(environ, "JOB_COMPLETION_INDEX")
    address = environ.get("MASTER_ADDR", "")
    if not address or not 0 <= node < nodes:
        raise InvalidInput(
            f"the environment of a training on {nodes} nodes must have MASTER_ADDR, the name of node 0 (it is {address!r}), and "
            f"PET_NODE_RANK or JOB_COMPLETION_INDEX from 0 to {nodes - 1} (it is {node})"
        )
    return Rendezvous(nodes, node, address, _number(environ, "MASTER_PORT", "29400"))


def _number(environ: Mapping[str, str], name: str, default: str = "") -> int:
    value = environ.get(name) or default
    try:
        return int(value)
    except ValueError:
        raise InvalidInput(f"{name} in the environment of the training is {value!r}, which is no number") from None
