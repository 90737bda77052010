"""What came of a part of the tests, by case; a case that was skipped has failed."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Failure:
    case: str
    why: str = ""


@dataclass
class Outcome:
    passed: int = 0
    failures: list[Failure] = field(default_factory=list)
    # Where all of the output is.
    log: Path | None = None

    @property
    def failed(self) -> int:
        return len(self.failures)

    def fail(self, case: str, why: str = "") -> None:
        self.failures.append(Failure(case, why))

    def add(self, other: "Outcome") -> None:
        self.passed += other.passed
        self.failures += other.failures

    def counts(self) -> str:
        return f"{self.passed} passed, {self.failed} failed"

    def require_cases(self, what: str) -> None:
        """Tests that ran nothing have not passed."""
        if not self.passed and not self.failures:
            self.fail(what, "no case was run")
