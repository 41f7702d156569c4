"""Numbers in, numbers out: what a measured value can and cannot tell."""
