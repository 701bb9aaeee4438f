"""Redaction of secrets in log lines."""

import pytest

from imagemill.telemetry.redaction import redact


@pytest.mark.parametrize(
    ("line", "redacted"),
    [
        ("postgresql://user:s3cret@host/db", "postgresql://user:[hidden]@host/db"),
        ("redis://:s3cret@host:6379", "redis://:[hidden]@host:6379"),
        ("Authorization: Bearer s3cret", "Authorization: Bearer [hidden]"),
        ('{"authorization": "Bearer s3cret"}', '{"authorization": "Bearer [hidden]"}'),
        ("/jobs/1?expires=9&signature=s3cret&x=1", "/jobs/1?expires=9&signature=[hidden]&x=1"),
        (
            "connection failed: password=s3cret host=x",
            "connection failed: password=[hidden] host=x",
        ),
        ('{"pg_password": "s3cret"}', '{"pg_password": "[hidden]"}'),
        ("whsec_s3cret", "whsec_[hidden]"),
        (f"imk_{'0' * 32}_s3cret", f"imk_{'0' * 32}_[hidden]"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(line: str, redacted: str) -> None:
    assert redact(line) == redacted


@pytest.mark.parametrize(
    "line",
    [
        '{"secret": null, "event": "job.accepted"}',
        "http://collector:4318/v1/traces is away",
        "mail for someone@example.com",
        "the key is no secret",
    ],
)
def test_other_text_is_unchanged(line: str) -> None:
    assert redact(line) == line
