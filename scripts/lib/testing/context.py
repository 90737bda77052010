"""What every part gets: the command line, the logs, the progress, and the build, made when first asked for."""

import functools
from dataclasses import dataclass
from pathlib import Path

from building import OPTIONS, TOP, BuildFailed, build
from cluster.progress import Progress

BUILD = TOP / "build"


@dataclass
class Context:
    progress: Progress
    # For the test programs: patterns of cases, options.
    arguments: list[str]

    def log(self, name: str) -> Path:
        """A new log file."""
        path = BUILD / "logs" / f"{name}.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        return path

    def built(self, name: str = "build", options: dict[str, str] | None = None, targets: tuple[str, ...] = ()) -> Path:
        """The build directory of that name with the targets built in it (default: all). BuildFailed, each time, if that
        fails."""
        result = self._build(name, tuple(sorted((OPTIONS | (options or {})).items())), targets)
        if isinstance(result, BuildFailed):
            raise result
        return result

    @functools.cache
    def _build(self, name: str, options: tuple, targets: tuple[str, ...]) -> Path | BuildFailed:
        try:
            with self.progress.step(f"{name}: compile" + (f" {targets[0]}" if len(targets) == 1 else "")) as step:
                build(TOP / name, self.log(name), step, dict(options), targets)
            return TOP / name
        except BuildFailed as error:
            return error

    def __hash__(self) -> int:
        return id(self)
