"""Answering, recording, Slack and the command line."""
