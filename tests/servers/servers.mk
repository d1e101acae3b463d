# The real servers that the tests talk to. Included by the Makefile.
.PHONY: servers cluster-tools
servers: setup  ## build what the tests talk to (MinIO, versitygw, Kubernetes with etcd) into .cache/bin, once
	@PYTHONPATH=tests $(BIN)/python -m servers.build servers

cluster-tools: setup  ## build the rest of a whole node and of the chart's tests (CoreDNS, training operator, helm, argocd)
	@PYTHONPATH=tests $(BIN)/python -m servers.build tools
