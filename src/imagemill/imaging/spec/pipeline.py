"""The pipeline: outputs and analyses of one input, validated before any picture is opened.

An error names its field by its location in the pipeline, as pydantic's `loc`. A value that has no
effect together with the others is an error too; a default that is spelled out never is. Fields are
declared in the order in which their validators need each other.
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from imagemill.imaging.formats import FORMATS, JPEG, Format, FormatName
from imagemill.imaging.spec.bounds import (
    MAX_OUTPUTS,
    MAX_SIDE,
    STRATEGIES,
    AnalysisName,
    ColorSpace,
    KeepMetadata,
)
from imagemill.imaging.spec.field_types import (
    Area,
    Degrees,
    Focus,
    HexColor,
    Modulation,
    Pad,
    Place,
    Position,
    Threshold,
)
from imagemill.imaging.spec.hex_color import OPAQUE, parse_color
from imagemill.imaging.spec.watermark import Watermark

Fit = Literal["inside", "cover", "contain", "fill", "outside"]
Side = Annotated[int, Field(ge=1, le=MAX_SIDE)]


class Output(BaseModel):
    """One picture to make of the input. Lengths in pixels; names and meanings as in sharp."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True
    )

    name: Annotated[str, Field(pattern="^[a-z0-9_-]{1,64}$")] = "image"
    """Its name among the outputs."""
    auto_orient: bool = True
    """Turn the picture as its EXIF orientation says; `false` leaves the pixels as stored."""
    rotate: Degrees = 0
    """Degrees clockwise, after `auto_orient`; multiples of 90 are exact, others grow it."""
    flip: bool = False
    """Mirror top and bottom."""
    flop: bool = False
    """Mirror left and right."""
    crop: Area | None = None
    """A part of the turned picture, cut out before it is scaled."""
    trim: Threshold = False
    """Cut off a plain border; `true` means one that differs by up to 10 from its corner."""
    blur: Annotated[float, Field(ge=0.3, le=100)] | None = None
    """Sigma in pixels of the output."""
    sharpen: Annotated[float, Field(ge=0.1, le=10)] | None = None
    """Sigma in pixels of the output."""
    grayscale: bool = False
    """Take the colour out."""
    normalize: bool = False
    """Stretch lightness from black to white."""
    modulate: Modulation | None = None
    """Change lightness, chroma and hue."""
    tint: HexColor | None = None
    """A hue for everything, each pixel as light as it was; black and white stay."""
    gamma: Annotated[float, Field(ge=1, le=3)] | None = None
    """Scale as light mixes, with this exponent."""
    negate: bool = False
    """Turn light to dark; leaves alpha."""
    pad: Pad = 0
    """Pixels of background around the picture."""
    watermark: Watermark | None = None
    """A text or an image laid on the finished output."""
    width: Side | None = None
    """In pixels; one side alone keeps the ratio, none keeps the size."""
    height: Side | None = None
    """In pixels."""
    fit: Fit = "inside"
    """How the picture meets the box of width and height."""
    position: Position = "center"
    """What `cover` keeps and where `contain` puts it; a focus point only with `cover`."""
    enlarge: bool = False
    """Let the picture grow."""
    format: FormatName | None = None
    """What it is encoded as; unless given, the input's, or the nearest of these."""
    lossless: bool = False
    """Keep every pixel; needs `format`."""
    palette: bool | None = None
    """For PNG: at most 256 colours; unless given, as in the input if nothing mixes its colours."""
    quality: Annotated[int, Field(ge=1, le=100)] | None = None
    """For JPEG, WebP and JPEG XL (80 unless given), AVIF (50), and PNG with `palette` (100)."""
    effort: Annotated[int, Field(ge=0, le=10)] | None = None
    """How hard the encoder tries, within the range of the format; needs `format`."""
    max_bytes: Annotated[int, Field(ge=1)] | None = None
    """Lower the quality until the file is no larger; the smallest one if none is."""
    progressive: bool = False
    """Let JPEG and PNG appear in ever finer steps; needs `format`."""
    background: HexColor = "#ffffff"
    """For `contain`, `pad`, `rotate` and formats without alpha."""
    color_space: ColorSpace = "srgb"
    """Convert to sRGB or Display P3, or keep the picture's own space."""
    keep_gain_map: bool = False
    """Keep the gain map of an HDR photo, cut and scaled alike; for JPEG."""
    keep_metadata: KeepMetadata = "none"
    """What of the file's metadata the output keeps; a position survives only `all`."""
    frames: Literal["all", "first"] | None = None
    """All of an animation or the first; unless given, all that the format can hold."""

    @field_validator("fit", "enlarge")
    @classmethod
    def _check_has_size(cls, value: object, info: ValidationInfo) -> object:
        default = cls.model_fields[str(info.field_name)].default
        sides = (info.data.get("width", MAX_SIDE), info.data.get("height", MAX_SIDE))
        if value != default and sides == (None, None):
            raise _not_applicable("needs a width or a height")
        return value

    @field_validator("position")
    @classmethod
    def _check_position_applies(cls, value: Place | Focus, info: ValidationInfo) -> Place | Focus:
        fit = info.data.get("fit", "cover")
        if value != "center" and fit not in {"cover", "contain"}:
            raise _not_applicable("needs the fit cover or contain")
        if fit == "contain" and (value in STRATEGIES or isinstance(value, Focus)):
            raise _not_applicable("contain crops nothing; use a side or a corner")
        return value

    @field_validator("tint")
    @classmethod
    def _check_is_opaque(cls, value: str | None) -> str | None:
        if value is not None and parse_color(value)[3] < OPAQUE:
            raise _not_applicable("a tint has no transparency")
        return value

    @field_validator("quality", "max_bytes")
    @classmethod
    def _check_has_quality(cls, value: int | None, info: ValidationInfo) -> int | None:
        format_ = _given_format(info)
        is_of_palette = info.field_name == "quality" and info.data.get("palette")
        has_none = format_ is not None and not format_.has_quality and not is_of_palette
        if value is not None and format_ is not None and has_none:
            raise _not_applicable(f"{format_.name} has no quality")
        if value is not None and info.data.get("lossless"):
            raise _not_applicable("a lossless file has no quality")
        return value

    @field_validator("palette")
    @classmethod
    def _check_has_palette(cls, value: bool | None, info: ValidationInfo) -> bool | None:  # noqa: FBT001
        format_ = _given_format(info)
        if value is not None and format_ is not None and not format_.allows_palette:
            raise _not_applicable(f"{format_.name} has no choice of a palette")
        if value and info.data.get("lossless"):
            raise _not_applicable("a palette may lose colours, and a lossless file none")
        return value

    @field_validator("lossless", "progressive")
    @classmethod
    def _check_format_allows(cls, value: object, info: ValidationInfo) -> object:
        format_ = _required_format(info) if value else None
        if format_ is None:
            return value
        allowed = {"lossless": format_.allows_lossless, "progressive": format_.allows_progressive}
        if not allowed[str(info.field_name)]:
            raise _not_applicable(f"{format_.name} cannot be {info.field_name}")
        return value

    @field_validator("effort")
    @classmethod
    def _check_effort_range(cls, value: int | None, info: ValidationInfo) -> int | None:
        format_ = None if value is None else _required_format(info)
        if format_ is None:
            return value
        efforts = format_.efforts
        if efforts is None:
            raise _not_applicable(f"{format_.name} has no effort")
        if value not in efforts:
            raise PydanticCustomError(
                "effort_range",
                "Effort of {name} is {least} to {most}",
                {"name": format_.name, "least": efforts[0], "most": efforts[-1]},
            )
        return value

    @field_validator("background")
    @classmethod
    def _check_transparency(cls, value: str, info: ValidationInfo) -> str:
        format_ = _given_format(info)
        if format_ is not None and not format_.has_alpha and parse_color(value)[3] < OPAQUE:
            raise _not_applicable(f"{format_.name} has no transparency")
        return value

    @field_validator("frames")
    @classmethod
    def _check_frames(cls, value: str | None, info: ValidationInfo) -> str | None:
        format_ = _given_format(info)
        if value == "all" and format_ is not None and not format_.has_frames:
            raise _not_applicable(f"{format_.name} holds one frame")
        return value

    @field_validator("keep_gain_map")
    @classmethod
    def _check_gain_map(cls, value: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic
        format_ = _given_format(info)
        if value and format_ is not None and format_ is not JPEG:
            raise _not_applicable(f"{format_.name} has no place for a gain map")
        return value

    @field_validator("color_space")
    @classmethod
    def _check_profile(cls, value: str, info: ValidationInfo) -> str:
        format_ = _given_format(info)
        if value == "p3" and format_ is not None and not format_.has_profile:
            raise _not_applicable(f"{format_.name} has no place for a profile")
        return value

    def as_json(self) -> dict[str, Any]:
        """Return the name and the fields that were given, for JSON."""
        given = self.model_dump(mode="json", exclude_unset=True, exclude_none=True)
        return {"name": self.name, **given}


class Pipeline(BaseModel):
    """Everything to make of one input: 1 to 16 outputs with different names, and analyses."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True
    )

    # Not strict, since JSON knows no tuples. The lower bound is checked below: pydantic's own
    # check would add "too short" to every error inside an output.
    outputs: Annotated[
        tuple[Output, ...],
        Field(strict=False, max_length=MAX_OUTPUTS, json_schema_extra={"minItems": 1}),
    ]
    """All are made from one decode; their names differ."""
    analyze: Annotated[
        tuple[AnalysisName, ...], Field(strict=False, json_schema_extra={"uniqueItems": True})
    ] = ()
    """Analyses of the picture, whose results are the job's `analysis`."""

    @field_validator("outputs")
    @classmethod
    def _check_outputs_differ(cls, outputs: tuple[Output, ...]) -> tuple[Output, ...]:
        if not outputs:
            raise PydanticCustomError("too_short", "Give at least one output")
        names = [output.name for output in outputs]
        repeated = [at for at, name in enumerate(names) if name in names[:at]]
        if repeated:
            raise ValidationError.from_exception_data(
                cls.__name__, [_name_taken(at, names[at]) for at in repeated]
            )
        return outputs

    @field_validator("analyze")
    @classmethod
    def _check_analyses_differ(cls, names: tuple[AnalysisName, ...]) -> tuple[AnalysisName, ...]:
        repeated = [at for at, name in enumerate(names) if name in names[:at]]
        if repeated:
            raise ValidationError.from_exception_data(
                cls.__name__, [_repeated(at, names[at]) for at in repeated]
            )
        return names

    @classmethod
    def of(cls, *outputs: Output) -> Self:
        return cls(outputs=outputs)

    def as_json(self) -> dict[str, Any]:
        """Return the fields that were given and the name of each output, for JSON."""
        outputs = {"outputs": [output.as_json() for output in self.outputs]}
        return outputs | {"analyze": list(self.analyze)} if self.analyze else outputs


def _given_format(info: ValidationInfo) -> Format | None:
    """Return the output's format; None when it is not given or wrong itself."""
    name = info.data.get("format")
    return None if name is None else FORMATS[name]


def _required_format(info: ValidationInfo) -> Format | None:
    """Return the output's format, which must be given; None when it is wrong itself."""
    if "format" in info.data and info.data["format"] is None:
        raise _not_applicable("needs a format")
    return _given_format(info)


def _not_applicable(why: str) -> PydanticCustomError:
    return PydanticCustomError("not_applicable", "Cannot be used here: {why}", {"why": why})


def _name_taken(at: int, name: str) -> InitErrorDetails:
    error = PydanticCustomError("name_taken", "Another output is named {name}", {"name": name})
    return InitErrorDetails(type=error, loc=(at, "name"), input=name)


def _repeated(at: int, name: str) -> InitErrorDetails:
    error = PydanticCustomError("repeated", "{name} is repeated", {"name": name})
    return InitErrorDetails(type=error, loc=(at,), input=name)
