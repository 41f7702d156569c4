# The same chores for those who like make: see ./run
.PHONY: check test lint demo bench docs golden lock migration
check test lint demo bench docs golden lock:
	@./run $@
migration:
	@./run migration "$(m)"
