"""Example bodies for the OpenAPI document, by the names of their schemas.

A test validates each against its schema, and requires one for every JSON body of a route.
"""

from typing import Any, Final

Json = dict[str, Any]

JOB_ID: Final = "0199f0c2-7a1e-7c3a-9d52-5d0c3c0a7b11"
ACCEPTED_AT: Final = "2026-03-14T09:26:53.589793Z"
STARTED_AT: Final = "2026-03-14T09:26:53.602214Z"
ENDED_AT: Final = "2026-03-14T09:26:53.811046Z"

THUMB: Final[Json] = {
    "name": "thumb",
    "width": 320,
    "height": 320,
    "fit": "cover",
    "format": "webp",
}

COMPLETED: Final[Json] = {
    "id": JOB_ID,
    "status": "COMPLETED",
    "input_path": f"inputs/c27/{JOB_ID}.jpg",
    "output_path": f"outputs/c27/{JOB_ID}.1.thumb.webp",
    "input": {
        "filename": "cat.jpg",
        "media_type": "image/jpeg",
        "bytes": 829183,
        "sha256": "0de382490f6a8cc221cc218d366a54e30b9144b3f0a50389d655715079530427",
        "width": 2725,
        "height": 2225,
        "frames": 1,
    },
    "pipeline": {"outputs": [THUMB], "analyze": ["blurhash", "dominant_color"]},
    "outputs": [
        {
            "name": "thumb",
            "path": f"outputs/c27/{JOB_ID}.1.thumb.webp",
            "media_type": "image/webp",
            "bytes": 14210,
            "width": 320,
            "height": 320,
            "frames": 1,
            "url": f"/jobs/{JOB_ID}/outputs/thumb",
        }
    ],
    "analysis": {"blurhash": "LEHV6nWB2yk8pyo0adR*.7kCMdnj", "dominant_color": "#c89f6c"},
    "error": None,
    "priority": "normal",
    "metadata": {"album": "42"},
    "attempts": 1,
    "max_attempts": 3,
    "created_at": ACCEPTED_AT,
    "run_at": ACCEPTED_AT,
    "started_at": STARTED_AT,
    "completed_at": ENDED_AT,
    "updated_at": ENDED_AT,
}

PENDING: Final[Json] = COMPLETED | {
    "status": "PENDING",
    "output_path": None,
    "input": COMPLETED["input"] | {"width": None, "height": None, "frames": None},
    "outputs": [],
    "analysis": None,
    "attempts": 0,
    "started_at": None,
    "completed_at": None,
    "updated_at": ACCEPTED_AT,
}

CANCELED: Final[Json] = PENDING | {
    "status": "CANCELED",
    "completed_at": ENDED_AT,
    "updated_at": ENDED_AT,
}

# A job's event stream.
EVENTS: Final = (
    "id: 42\nevent: job\n"
    f'data: {{"id":"{JOB_ID}","status":"PROCESSING","attempts":1,"max_attempts":3}}\n\n'
    ": keep-alive\n\n"
    f'id: 43\nevent: job\ndata: {{"id":"{JOB_ID}","status":"COMPLETED","attempts":1}}\n\n'
)

DELIVERY: Final[Json] = {
    "n": 1,
    "event": "job.completed",
    "url": "https://example.com/hooks/imagemill",
    "webhook_id": "msg_0199f0c27b2f7a108d11",
    "status": "PENDING",
    "tries": 1,
    "last_status_code": 503,
    "last_error": "The receiver answered 503.",
    "next_try_at": "2026-03-14T09:26:59.102331Z",
    "delivered_at": None,
}

BODIES: Final[dict[str, Json]] = {
    "Capabilities": {
        "inputs": [f"image/{name}" for name in ("avif", "gif", "jpeg", "png", "tiff", "webp")],
        "outputs": [f"image/{name}" for name in ("avif", "gif", "jpeg", "png", "tiff", "webp")],
        "limits": {
            "max_upload_bytes": 52428800,
            "max_pixels": 100000000,
            "max_frames": 1000,
            "timeout_seconds": 60.0,
        },
    },
    "Deliveries": {"deliveries": [DELIVERY]},
    "Delivery": DELIVERY,
    "Explanation": {
        "summary": "It waits in the queue behind 12 jobs.",
        "place_in_line": 13,
        "holder": None,
        "last_heartbeat": None,
        "next_try_at": None,
        "last_error": None,
    },
    "Link": {
        "url": f"/jobs/{JOB_ID}/outputs/thumb?expires=1773484013&signature=3q2-7wTfY",
        "expires_at": "2026-03-14T10:26:53Z",
    },
    "Liveness": {"status": "ok"},
    "History": {
        "events": [
            {
                "id": 41,
                "at": ACCEPTED_AT,
                "status": "PENDING",
                "attempt": 0,
                "worker": None,
                "error": None,
            },
            {
                "id": 42,
                "at": STARTED_AT,
                "status": "PROCESSING",
                "attempt": 1,
                "worker": "0199f0b7-02c5-7d10-8a3f-1f6f0e9a4c55",
                "error": None,
            },
        ]
    },
    "Job": COMPLETED,
    "JobPage": {"jobs": [COMPLETED], "next_cursor": "AZnwwnoefDqdUl0MPAp7EQ"},
    "Presets": {"presets": {"thumbnail": {"outputs": [THUMB]}}},
    "Readiness": {
        "postgres": "ok",
        "redis": "ok",
        "storage": "ok",
        "sandbox": "full: landlock abi 7, seccomp, rlimits",
    },
    "Unreadiness": {
        "type": "/problems/database-unavailable",
        "title": "Database unavailable",
        "status": 503,
        "detail": "Uploads are refused: postgres unavailable.",
        "postgres": "away",
        "redis": "ok",
        "storage": "ok",
    },
    "Workers": {
        "workers": [
            {
                "id": "0199f0b7-02c5-7d10-8a3f-1f6f0e9a4c55",
                "host": "render-1",
                "version": "0.1.0",
                "concurrency": 8,
                "sandbox": "full: landlock abi 7, seccomp, rlimits",
                "started_at": "2026-03-14T09:14:26.437117Z",
                "last_seen_at": "2026-03-14T09:26:46.512009Z",
                "status": "live",
                "jobs": [JOB_ID],
            }
        ]
    },
}

# Examples of single operations, instead of those in BODIES.
OPERATION_BODIES: Final[dict[str, dict[str, Json]]] = {
    "upload": {"Job": PENDING},
    "cancelJob": {"Job": CANCELED},
    "retryJob": {"Job": PENDING},
}
