"""Divides a licence text into the tree of clauses it prints.

The steps are: lines, items (what a line could begin), the outline (which of the possible numbers continue a
sequence), the tree (where bullets and paragraphs go), and the citations and definitions of its clauses.
"""

from ingestion.segmentation.clauses import segment

__all__ = ["segment"]
