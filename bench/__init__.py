"""Measures the running product: `make bench`. Not shipped, and no test depends on a time."""
