"""The weekly digest for legal: what happened in a week, as a value, a page, a mail and tables."""
