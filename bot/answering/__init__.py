"""From a question to an answer: understand, resolve, find, decide, word, verify, record."""
