"""Jobs as the gateway makes them, and results as workers make them."""

from imagemill.image_files import InputImage, OutputFile
from imagemill.jobs.ids import new_job_id
from imagemill.jobs.job import (
    Claim,
    Completed,
    ErrorCode,
    Failed,
    InputFacts,
    JobError,
    NewJob,
    Priority,
)


def new_job(priority: Priority = Priority.NORMAL, max_attempts: int = 3) -> NewJob:
    return NewJob(
        id=new_job_id(),
        input_path="inputs/abc/cat.jpg",
        input=InputFacts("cat.jpg", "image/jpeg", 3, "ab" * 32),
        pipeline={"outputs": [{"name": "thumb", "width": 10}]},
        priority=priority,
        metadata={"z": 1, "album": "42"},
        max_attempts=max_attempts,
    )


def completed(claim: Claim) -> Completed:
    path = f"outputs/abc/{claim.id}.{claim.fence}.thumb.webp"
    output = OutputFile("thumb", path, "image/webp", 5, 10, 8, 1, "cd" * 32)
    return Completed(claim, InputImage(20, 16, 1), (output,))


def failed(claim: Claim, code: ErrorCode = ErrorCode.INVALID_IMAGE) -> Failed:
    return Failed(claim, JobError(code, "The picture ends too early."))
