"""The metric catalogue: one .sql a metric, its header is its documentation, the scope is composed in front of it."""
