"""The audit table: every decision, written before anybody sees it, never changed."""
