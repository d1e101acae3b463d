# The real servers that the tests talk to. Included by the Makefile.
.PHONY: servers
servers: setup  ## build the S3 servers of the tests (MinIO, versitygw) into .cache/bin, once
	@$(BIN)/python tests/servers/build.py
