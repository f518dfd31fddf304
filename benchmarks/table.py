"""A Table in Markdown, and how figures are written in it."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Table:
    """A table that is printed row by row, because measuring takes time."""

    title: str
    columns: Sequence[str]
    notes: Sequence[str] = field(default_factory=tuple)

    def begin(self) -> None:
        """Print the heading."""
        print(f"\n## {self.title}\n")
        if self.notes:
            print(*self.notes, "", sep="\n")
        print(_line(self.columns))
        print(_line(["---", *["--:"] * (len(self.columns) - 1)]))

    def add(self, *cells: str) -> None:
        """Print a row."""
        print(_line(cells), flush=True)


def count(value: float) -> str:
    """A number of three significant digits, thousands set apart."""
    return f"{float(f'{value:.3g}'):,.0f}" if value >= 100 else f"{value:.3g}"


def ratio(value: float) -> str:
    """A ratio."""
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def at_least(target: float | None) -> str:
    """A target, if there is one."""
    return "" if target is None else f"≥ {target:g}"


def reached(value: float, target: float | None, *, most: bool = False) -> str:
    """Whether a value is what was asked for: at least the target, or at most."""
    if target is None:
        return ""
    return "yes" if (value <= target if most else value >= target) else "**no**"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
