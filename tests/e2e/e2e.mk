# The product on a real node, from the images to production. Included by the Makefile.
.PHONY: e2e e2e-readme example
e2e: cluster-up images  ## the product on the real node: images, chart, jobs, and what goes wrong with them
	@$(BIN)/pytest tests/e2e --ignore=tests/e2e/readme -s --durations=0 -p no:cacheprovider
	@$(MAKE) --no-print-directory e2e-readme

e2e-readme: cluster-up images  ## README's Kubernetes section on the real node, word by word
	@$(BIN)/pytest tests/e2e/readme -s --durations=0 -p no:cacheprovider

example: setup  ## on the node: the example's data, base model, users and Secrets, and the chart's values
	@PYTHONPATH=tests $(BIN)/python -m e2e.example
