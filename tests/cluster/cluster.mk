# A real single-node Kubernetes on this machine. Included by the Makefile.
.PHONY: cluster-up cluster-down
cluster-up: setup  ## start a real node (KUBECONFIG=… CONTEXT=… ALLOW_CONTEXT=… : install MinIO and the training operator there)
	@PYTHONPATH=tests $(BIN)/python -m cluster up $(GIVEN_CLUSTER)

cluster-down: setup  ## end the node and remove all that it left
	@PYTHONPATH=tests $(BIN)/python -m cluster down $(GIVEN_CLUSTER)
