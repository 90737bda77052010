"""Quantities as far as the generator writes them."""

from fractions import Fraction

_UNITS = {"": 1, "m": Fraction(1, 1000), "k": 10**3, "M": 10**6, "G": 10**9,
          "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}


def value(text: str) -> Fraction:
    unit = text.lstrip("0123456789.e")
    return Fraction(text.removesuffix(unit)) * _UNITS[unit]


def quantity(resource: str, amount: Fraction) -> str:
    """The quantity of an amount, in the unit that is usual for the resource and exact for what `value` reads."""
    return f"{int(amount * 1000)}m" if resource == "cpu" else str(int(amount))
