"""A small witness (c2sp.org/tlog-witness): it watches the logs of others grow, and cosigns what follows from before."""

from provenance.witness.directory import WitnessDirectory
from provenance.witness.server import WitnessServer
from provenance.witness.witness import Response, Witness

__all__ = ["Response", "Witness", "WitnessDirectory", "WitnessServer"]
