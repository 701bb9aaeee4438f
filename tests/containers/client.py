"""What a client of the service does."""

from dataclasses import dataclass
from io import BytesIO
from typing import Any

import httpx
from PIL import Image

from support.process import wait_until

ENDED = ("COMPLETED", "FAILED", "CANCELED")


@dataclass(frozen=True, slots=True)
class Client:
    http: httpx.Client

    def upload(self, picture: bytes, **fields: str) -> str:
        """Upload a picture and return its job's id."""
        files = {"file": ("picture.jpg", picture, "image/jpeg")}
        answer = self.http.post("/upload", files=files, data=fields)
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text
        return str(answer.json()["id"])

    def job(self, job_id: str) -> dict[str, Any]:
        return self._get(f"/jobs/{job_id}")

    def output(self, job_id: str) -> Image.Image:
        """Fetch the job's first output."""
        answer = self.http.get(self.job(job_id)["outputs"][0]["url"])
        assert answer.status_code == httpx.codes.OK, answer.text
        return Image.open(BytesIO(answer.content))

    def history(self, job_id: str) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = self._get(f"/jobs/{job_id}/history")["events"]
        return events

    def workers(self, job_id: str) -> list[str]:
        """Return the workers that claimed the job, in order."""
        return [e["worker"] for e in self.history(job_id) if e["status"] == "PROCESSING"]

    def holder(self, job_id: str) -> str | None:
        """Return the worker that processes the job now."""
        last = self.history(job_id)[-1]
        return last["worker"] if last["status"] == "PROCESSING" else None

    def wait(self, *job_ids: str, timeout_seconds: float = 120) -> list[dict[str, Any]]:
        """Return the jobs once all have ended."""
        wait_until(
            lambda: all(self.job(job_id)["status"] in ENDED for job_id in job_ids),
            "the jobs end",
            lambda: "\n".join(str(self.job(job_id)) for job_id in job_ids),
            timeout_seconds,
        )
        return [self.job(job_id) for job_id in job_ids]

    def _get(self, path: str) -> dict[str, Any]:
        answer = self.http.get(path)
        assert answer.status_code == httpx.codes.OK, answer.text
        body: dict[str, Any] = answer.json()
        return body
