"""Values of an output's fields that have parts of their own. Lengths in pixels."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Factor = Annotated[float, Field(ge=0, le=10)]
Degrees = Annotated[float, Field(allow_inf_nan=False)]


class Modulation(BaseModel):
    """Factors for lightness and chroma, and degrees by which hues turn."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    brightness: Factor = 1
    saturation: Factor = 1
    hue: Degrees = 0
