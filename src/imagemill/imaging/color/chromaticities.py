"""RGB spaces by the chromaticities of their primaries and white, and the matrices between them.

Matrices are tuples of three rows. Sources: SMPTE RP 177 (matrix from chromaticities); ICC.1:2022,
annex E (adaptation of white by Bradford's matrix).
"""

from dataclasses import dataclass
from typing import Final

Vector = tuple[float, float, float]
Matrix = tuple[Vector, Vector, Vector]
Point = tuple[float, float]

# The white of ICC's profile connection space, in the numbers that profiles have.
D50: Final[Vector] = (0.9642, 1.0, 0.8249)

BRADFORD: Final[Matrix] = (
    (0.8951, 0.2664, -0.1614),
    (-0.7502, 1.7135, 0.0367),
    (0.0389, -0.0685, 1.0296),
)

# Of a triangle of primaries in x and y. That of sRGB has 0.11; real ones have more than 0.05.
MIN_AREA: Final = 0.001


@dataclass(frozen=True, slots=True)
class Chromaticities:
    """Points of red, green, blue and white, each as x and y of CIE 1931.

    Raises ValueError for points that are no RGB space: primaries in one line, or a white that no
    mixture of them has.
    """

    red: Point
    green: Point
    blue: Point
    white: Point

    def __post_init__(self) -> None:
        (rx, ry), (gx, gy), (bx, by) = self.red, self.green, self.blue
        area = abs((gx - rx) * (by - ry) - (bx - rx) * (gy - ry)) / 2
        if area < MIN_AREA or self.white[1] <= 0 or min(self._shares()) <= 0:
            raise ValueError("These points are no primaries and white of an RGB space")

    def to_xyz(self) -> Matrix:
        """Return the matrix from linear RGB to XYZ, whose Y is 1 for white."""
        shares = self._shares()
        columns = [
            (share * x, share * y, share * (1 - x - y))
            for share, (x, y) in zip(shares, (self.red, self.green, self.blue), strict=True)
        ]
        return transpose((columns[0], columns[1], columns[2]))

    def to_d50(self) -> Matrix:
        """Return the matrix from linear RGB to XYZ adapted to D50."""
        return multiply(self.adaptation(), self.to_xyz())

    def adaptation(self) -> Matrix:
        """Return the matrix from XYZ under this white to XYZ under D50."""
        ours, theirs = apply(BRADFORD, _to_xyz(self.white)), apply(BRADFORD, D50)
        red, green, blue = (to / of for to, of in zip(theirs, ours, strict=True))
        scaled = multiply(((red, 0, 0), (0, green, 0), (0, 0, blue)), BRADFORD)
        return multiply(invert(BRADFORD), scaled)

    def to(self, other: "Chromaticities") -> Matrix:
        """Return the matrix from linear RGB here to linear RGB there; white stays white."""
        return multiply(invert(other.to_d50()), self.to_d50())

    def _shares(self) -> Vector:
        """Return how much X + Y + Z each primary has in white."""
        columns = tuple((x, y, 1 - x - y) for x, y in (self.red, self.green, self.blue))
        return apply(invert(transpose(columns)), _to_xyz(self.white))  # type: ignore[arg-type]


def apply(matrix: Matrix, vector: Vector) -> Vector:
    one, two, three = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return one, two, three


def multiply(left: Matrix, right: Matrix) -> Matrix:
    one, two, three = (apply(left, column) for column in transpose(right))
    return transpose((one, two, three))


def transpose(matrix: Matrix) -> Matrix:
    one, two, three = zip(*matrix, strict=True)
    return one, two, three


def invert(matrix: Matrix) -> Matrix:
    """Return the inverse, by cofactors."""
    (a, b, c), (d, e, f), (g, h, i) = matrix
    cofactors = (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )
    whole = a * cofactors[0][0] + b * cofactors[1][0] + c * cofactors[2][0]
    one, two, three = (tuple(value / whole for value in row) for row in cofactors)
    return one, two, three  # type: ignore[return-value]  # rows of three


def _to_xyz(white: Point) -> Vector:
    x, y = white
    return x / y, 1, (1 - x - y) / y
