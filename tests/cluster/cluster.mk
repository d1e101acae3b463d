# A real single-node Kubernetes on this machine, and the images that it runs. Included by the Makefile.
# A kubeconfig counts only when it is given to make: one that lies in the environment may be that of something dear.
ifeq ($(origin KUBECONFIG),command line)
GIVEN_CLUSTER := --kubeconfig '$(KUBECONFIG)' --context '$(CONTEXT)' --allow-context '$(ALLOW_CONTEXT)' \
  $(if $(MINIO_IMAGE),--minio-image '$(MINIO_IMAGE)') \
  $(if $(TRAINING_OPERATOR_IMAGE),--training-operator-image '$(TRAINING_OPERATOR_IMAGE)')
endif

.PHONY: cluster-up cluster-down cluster-can images
cluster-can: setup  ## whether this machine can carry a node, or why not
	@PYTHONPATH=tests $(BIN)/python -m cluster can

cluster-up: setup  ## start a real node; or, with KUBECONFIG=… CONTEXT=…, prepare that cluster (MinIO, training operator)
	@PYTHONPATH=tests $(BIN)/python -m cluster up $(GIVEN_CLUSTER)

cluster-down: setup  ## end the node and remove all that it left; or undo what cluster-up did in a given cluster
	@PYTHONPATH=tests $(BIN)/python -m cluster down $(GIVEN_CLUSTER)

images: setup  ## build the operator's and the trainer's image, and bring them to the node
	@PYTHONPATH=tests $(BIN)/python -m cluster images
