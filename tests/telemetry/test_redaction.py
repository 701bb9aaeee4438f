"""The last line of defence against secrets in logs."""

import pytest

from imagemill.telemetry.redaction import redacted


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("postgresql://mill:s3cret@host/db", "postgresql://mill:[hidden]@host/db"),
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
def test_what_looks_like_a_secret_is_hidden(line: str, shown: str) -> None:
    assert redacted(line) == shown


@pytest.mark.parametrize(
    "line",
    [
        '{"secret": null, "event": "job.accepted"}',
        "http://collector:4318/v1/traces is away",
        "mail for someone@example.com",
        "the key is no secret",
    ],
)
def test_what_is_none_is_left_alone(line: str) -> None:
    assert redacted(line) == line
