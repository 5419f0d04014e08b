"""How texts get known: sources, extraction, segmentation, the build of the knowledge base."""
