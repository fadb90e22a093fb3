"""Benchmarks: what a way of doing things costs beside another, measured in one run. See README.md."""
