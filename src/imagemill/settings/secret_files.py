"""Secrets read from files, as container engines provide them: `NAME_FILE` for `NAME`."""

import os
from pathlib import Path
from typing import Any, Final

from pydantic.fields import FieldInfo
from pydantic_settings import PydanticBaseSettingsSource

from imagemill.errors import SettingsError

SECRETS: Final = ("PG_PASSWORD", "DATABASE_URL", "REDIS_PASSWORD", "REDIS_URL", "WEBHOOK_SECRET")


class SecretFiles(PydanticBaseSettingsSource):
    """Source of the settings in SECRETS whose variable `NAME_FILE` names a file."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        raise NotImplementedError  # required by the base class; __call__ replaces it

    def __call__(self) -> dict[str, Any]:
        found = {}
        for name in SECRETS:
            path = os.environ.get(f"{name}_FILE")
            if path and os.environ.get(name):
                raise SettingsError(f"{name} and {name}_FILE are both set; give one of them.")
            if path:
                found[name.lower()] = _read_secret(name, Path(path))
        return found


def _read_secret(name: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{name}_FILE={path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{name}_FILE={path} cannot be read: it is not text.") from error
