"""Makes the tests a package: its folders `bot`, `knowledge` and `ingestion` must not hide the real ones."""
