"""The output's field `watermark`: a text or an image on the finished picture."""

from typing import Annotated, Final, Self
from unicodedata import category

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from imagemill.imaging.spec.field_types import Corner, HexColor, Length

# A form's line break is \r\n.
LINE_BREAKS: Final = frozenset("\n\r\t")


def _check_can_be_drawn(text: str) -> str:
    if any(category(letter) == "Cc" for letter in set(text) - LINE_BREAKS):
        raise PydanticCustomError("control_character", "Holds a control character")
    if text.isspace():
        raise PydanticCustomError("blank", "Has no visible character")
    return text


def _check_is_bare_name(name: str) -> str:
    if name.startswith(".") or "/" in name or "\\" in name or not name.isprintable():
        raise PydanticCustomError(
            "bare_name", "Give the bare name of a file, which begins with no dot"
        )
    return name


WatermarkText = Annotated[
    str, Field(min_length=1, max_length=200), AfterValidator(_check_can_be_drawn)
]
AssetName = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_check_is_bare_name)]


class Watermark(BaseModel):
    """A text or an image. `scale` is its width as a share of the output's."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    text: WatermarkText | None = None
    image: AssetName | None = None
    position: Corner = "right bottom"
    opacity: Annotated[float, Field(ge=0, le=1)] = 0.5
    scale: Annotated[float, Field(gt=0, le=1)] = 0.25
    margin: Length = 16
    color: HexColor = "#ffffff"

    @field_validator("color")
    @classmethod
    def _check_color_is_of_text(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("image") is not None and value != cls.model_fields["color"].default:
            raise PydanticCustomError("not_applicable", "Cannot be used here: an image has its own")
        return value

    @model_validator(mode="after")
    def _check_text_or_image(self) -> Self:
        if (self.text is None) == (self.image is None):
            raise PydanticCustomError("either", "Give either a text or an image")
        return self
