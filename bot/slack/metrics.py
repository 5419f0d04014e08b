"""What `/metrics` tells: how many requests and questions, how fast, and how many failed. No names, no texts."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_REGISTRY = CollectorRegistry()

REQUESTS = Counter(
    "clausebot_slack_requests", "Requests to /slack/events, by the status of their answer.", ["status"],
    registry=_REGISTRY,
)  # fmt: skip
ACKNOWLEDGED = Histogram(
    "clausebot_slack_acknowledgement_seconds", "From a request to its acknowledgement; Slack waits three seconds.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 3), registry=_REGISTRY,
)  # fmt: skip
DECISIONS = Counter("clausebot_decisions", "Questions decided, by verdict.", ["verdict"], registry=_REGISTRY)
ANSWERED = Histogram(
    "clausebot_answer_seconds", "From the start of the work on a question to its posted answer.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 60, 600), registry=_REGISTRY,
)  # fmt: skip
FAILED = Counter("clausebot_questions_failed", "Questions that got an apology.", registry=_REGISTRY)
UNDER_WAY = Gauge("clausebot_questions_under_way", "Questions accepted and not finished.", registry=_REGISTRY)


def exposition() -> bytes:
    """Return all figures in Prometheus' text format."""
    return generate_latest(_REGISTRY)
