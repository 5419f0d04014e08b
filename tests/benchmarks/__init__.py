"""Measurements, run by hand: `python -m tests.benchmarks`. Ratios within one run; never asserted in tests."""
