#!/usr/bin/env python3
"""Whether the tests notice when what the agent promises is taken out of its code.

Each mutation of mutations.json disables one thing, in a copy of the working tree, and names the tests that are to fail then:
a part of scripts/test with its arguments. What is not noticed is printed, and the exit status is 1. Names after the options
choose mutations. It builds and runs for hours, for all of them: of scripts/test only --check is a part.
"""

import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
LIST = pathlib.Path(__file__).resolve().with_suffix(".json")
MUTATIONS = json.loads(LIST.read_text())


def copy_of_the_tree(where: pathlib.Path) -> pathlib.Path:
    """All that git knows, as it lies there."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=TOP, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (TOP / name).is_file():
            (where / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(TOP / name, where / name)
    (where / LIST.relative_to(TOP)).write_text("[]")  # or its tests would notice by --check
    return where


def test(tree: pathlib.Path, part: str, *arguments: str) -> tuple[int, int, str]:
    """Cases that passed, cases that failed, and all of the output."""
    done = subprocess.run([tree / "scripts" / "test", part, "--", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True)
    counts = re.fullmatch(r"(\d+) passed, (\d+) failed", done.stdout.rstrip().rpartition("\n")[2])
    return (int(counts[1]), int(counts[2]), done.stdout) if counts else (0, 0, done.stdout)


def noticed(tree: pathlib.Path, mutation: dict) -> str:
    """Why the mutation is not noticed; "": it is."""
    source = tree / mutation["file"]
    text = source.read_text()
    source.write_text(text.replace(mutation["code"], mutation["instead"]))
    try:
        _, failed, output = test(tree, *mutation["tests"])
    finally:
        source.write_text(text)
    if "compile" in output and "the build in" in output:
        return "it does not compile:\n" + output[-2000:]
    return "" if failed else "no test has failed:\n" + output[-1000:]


def misplaced() -> list[str]:
    """What is wrong with mutations whose code is not in its file, or more than once."""
    counts = [(m, (TOP / m["file"]).read_text().count(m["code"])) for m in MUTATIONS]
    return [f"{m['name']}: {m['file']} has the code {count} times" for m, count in counts if count != 1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", action="append", help="only mutations whose tests are of this part; may be given again")
    parser.add_argument("--check", action="store_true", help="only say whether the code of each mutation is there, once")
    parser.add_argument("names", nargs="*", metavar="NAME", help="the start of a mutation's name")
    options = parser.parse_args()
    if wrong := misplaced():
        print("\n".join(wrong))
    if wrong or options.check:
        return 1 if wrong else 0
    chosen = [m for m in MUTATIONS if (not options.part or m["tests"][0] in options.part)
              and (not options.names or m["name"].startswith(tuple(options.names)))]
    if not chosen:
        parser.error("there is no such mutation")
    missed = 0
    with tempfile.TemporaryDirectory(prefix="actimanager-mutations-") as directory:
        tree = copy_of_the_tree(pathlib.Path(directory))
        for mutation in chosen:
            why = noticed(tree, mutation)
            missed += bool(why)
            print(f"{'MISSED ' if why else 'noticed'}  {mutation['name']}" + (f": {why}" if why else ""), flush=True)
    print(f"{len(chosen) - missed} noticed, {missed} missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
