"""Groups of commands; `bot/cli.py` puts them together."""
