"""Documents whose vectors stay: only the encoder of queries learns, and two encoders are published.

What belongs here: which of a base's encoders are trained and kept, vectors of the documents, an objective over them, and the
folder of both encoders. What does not: which parameters of the query encoder learn (`tune`).
"""

from embtune_trainer.train.frozen.folder import document_encoder, query_encoder, save_both
from embtune_trainer.train.frozen.rows import against_frozen_documents, forget_vectors

__all__ = ["against_frozen_documents", "document_encoder", "forget_vectors", "query_encoder", "save_both"]
