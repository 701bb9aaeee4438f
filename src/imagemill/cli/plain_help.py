"""Commands whose help shows what a value looks like, and nothing for a switch.

Typer shows Python's types instead: `--json <bool>`, `--port <int range>`, `FILES <list[Path]>`.
"""

from typing import Any, Final

from typer.core import TyperArgument, TyperCommand, TyperGroup

# By what Typer shows, without its angle brackets. Switches, which take no value, are not here.
VALUES: Final = {"str": "TEXT", "int": "N", "int range": "N", "dir": "FOLDER", "file": "FILE"}


class PlainCommand(TyperCommand):
    """A command with plain help."""

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401 - Typer's types are private
        return _simplify(ctx, super().get_params(ctx))


class PlainGroup(TyperGroup):
    """A group of commands with plain help."""

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401 - Typer's types are private
        return _simplify(ctx, super().get_params(ctx))


def _simplify(ctx: Any, parameters: list[Any]) -> list[Any]:  # noqa: ANN401 - as above
    for parameter in parameters:
        if isinstance(parameter, TyperArgument):
            # Its name says it, and a `metavar` would take the place of the name.
            parameter.display_type_rich = _show_nothing  # type: ignore[method-assign]
        elif parameter.metavar is None:
            parameter.metavar = VALUES.get(parameter.display_type(ctx).strip("<>"), "")
    return parameters


def _show_nothing(ctx: object) -> None:  # noqa: ARG001 - as Typer calls it
    return None
