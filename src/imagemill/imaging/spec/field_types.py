"""Types of an output's fields. Lengths are in pixels."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, WrapValidator

from imagemill.imaging.spec.bounds import MAX_INPUT_SIDE, MAX_SIDE

Length = Annotated[int, Field(ge=0, le=MAX_SIDE, strict=True)]
Factor = Annotated[float, Field(ge=0, le=10)]
HexColor = Annotated[str, Field(pattern="^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})$")]
Degrees = Annotated[float, Field(allow_inf_nan=False)]


class Modulation(BaseModel):
    """Factors for lightness and chroma, and degrees by which hues turn."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    brightness: Factor = 1
    saturation: Factor = 1
    hue: Degrees = 0


class Edges(BaseModel):
    """How much is added at each side."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    top: Length = 0
    right: Length = 0
    bottom: Length = 0
    left: Length = 0


def accept_object_or(plain: Any, shape: type[BaseModel]) -> WrapValidator:  # noqa: ANN401 - any type
    """Validate an object as `shape`, others as `plain`; a union would report errors of both."""
    adapter: TypeAdapter[Any] = TypeAdapter(plain)

    def read(value: object, _: object) -> object:
        if isinstance(value, dict | shape):
            return shape.model_validate(value)
        return adapter.validate_python(value)

    return WrapValidator(read)


Pad = Annotated[Length | Edges, accept_object_or(Length, Edges)]


Corner = Literal[
    "center",
    "top",
    "right top",
    "right",
    "right bottom",
    "bottom",
    "left bottom",
    "left",
    "left top",
]
Place = Literal[Corner, "entropy", "attention"]


class Focus(BaseModel):
    """A point of the picture, as shares of its width and height."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    x: Annotated[float, Field(ge=0, le=1)]
    y: Annotated[float, Field(ge=0, le=1)]


Position = Annotated[Place | Focus, accept_object_or(Place, Focus)]


def _parse_threshold(value: object, _: object) -> object:
    return value if isinstance(value, bool) else THRESHOLD.validate_python(value)


THRESHOLD: Final[TypeAdapter[float]] = TypeAdapter(
    Annotated[float, Field(ge=0, le=255, strict=True)]
)
Threshold = Annotated[bool | Annotated[float, Field(ge=0, le=255)], WrapValidator(_parse_threshold)]


class Area(BaseModel):
    """A part of the picture."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    left: Annotated[int, Field(ge=0, le=MAX_INPUT_SIDE)]
    top: Annotated[int, Field(ge=0, le=MAX_INPUT_SIDE)]
    width: Annotated[int, Field(ge=1, le=MAX_INPUT_SIDE)]
    height: Annotated[int, Field(ge=1, le=MAX_INPUT_SIDE)]
