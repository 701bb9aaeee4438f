"""Policy of an image process: its limits, and the files that it may use."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

# `required`: an image process that cannot be fully confined does not start. `best-effort`: it is
# confined as far as the system supports it. `off`: resource limits only.
Mode = Literal["required", "best-effort", "off"]


class SandboxPolicy(BaseModel):
    """What an image process may use, passed to it as JSON in its arguments.

    `memory_bytes` is address space. `cpu_seconds` is the CPU time of its whole life; its parent
    sets a lower limit for each job. Paths are absolute. Below a readable folder, files may be read
    and folders listed. Below a writable one, existing files may be read and written, and none may
    be created, removed or renamed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    mode: Mode
    memory_bytes: Annotated[int, Field(ge=1)]
    cpu_seconds: Annotated[int, Field(ge=1)]
    readable: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()

    def with_folders(self, readable: Path, writable: Path) -> Self:
        """Return this policy with one more folder of each kind."""
        return self.model_copy(
            update={
                "readable": (str(readable), *self.readable),
                "writable": (str(writable), *self.writable),
            }
        )
