"""What a child process is told of its confinement when it is started."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

# `required`: a child that cannot close everything does not start. `best-effort`: it closes what it
# can. `off`: limits only.
Mode = Literal["required", "best-effort", "off"]


class SandboxPolicy(BaseModel):
    """The terms on which a child runs, handed over as JSON in its arguments.

    `memory_bytes` is address space; `cpu_seconds` the CPU time of its whole life, of which the
    parent grants each job its share. Paths are absolute. Below a readable one, files may be read
    and folders listed; below a writable one, files that are there may be read and written, and
    none made, removed or renamed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    mode: Mode
    memory_bytes: Annotated[int, Field(ge=1)]
    cpu_seconds: Annotated[int, Field(ge=1)]
    readable: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()

    def at(self, inputs: Path, outputs: Path) -> Self:
        """Return these terms with the two folders of one child."""
        readable, writable = (str(inputs), *self.readable), (str(outputs), *self.writable)
        return self.model_copy(update={"readable": readable, "writable": writable})
