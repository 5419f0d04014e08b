"""What is known: texts, clauses, term profiles, the registry, and the searches over them."""
