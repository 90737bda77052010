"""Holds the source tree to its layers.

Two layers: the pure one (data in, data out: no Asio, no files, no clock, no logging) and everything that does I/O. The
folders and their order are those of src/meson.build; a folder may include those above it, never those below. Every
source file of the pure layer has a test file of the same path. A header is public (include/) for somebody outside of its
folder who includes it, or for a public header that does.

Usage: layering.py ROOT. Prints one line for each violation; exit status 1 if there are any.
"""

import pathlib
import re
import sys

PURE = ["core", "topology", "api", "allocator", "binding", "scheduler"]

# What the pure layer includes of nobody.
IMPURE_INCLUDES = re.compile(
    r"boost/(asio|beast)|fstream|filesystem|iostream|cstdio|stdio\.h|ctime|time\.h|thread|mutex|future|"
    r"condition_variable|cstdlib|stdlib\.h|fcntl\.h|unistd\.h|dirent\.h|poll\.h|sys/.+|linux/.+|net/.+|netinet/.+|"
    r"spdlog/.+|hwloc.*|openssl/.+|CLI/.+"
)
# What it calls of nobody, whatever header it comes with.
IMPURE_CALLS = re.compile(
    r"\b\w*[cC]lock(_type)?::now\b|\bstd::(time|getenv|cout|cerr|clog|printf|random_device|this_thread)\b|"
    r"\b(fopen|getenv|printf|gettimeofday|clock_gettime)\s*\("
)
# Libraries that one folder alone includes.
CONFINED = {"boost/beast": "net", "hwloc": "host", "CLI/": "app"}

# Source files whose tests are in another file than their own path says, and why.
GROUPED = {
    "topology/boxes": ("topology/drawing", "what a drawing is made of, seen in drawings"),
    "topology/marks": ("topology/drawing", "what a drawing is made of, seen in drawings"),
    "scheduler/cache_bindings": ("scheduler/cache", "one class in four files"),
    "scheduler/cache_nodes": ("scheduler/cache", "one class in four files"),
    "scheduler/cache_pods": ("scheduler/cache", "one class in four files"),
    "scheduler/evaluation": ("scheduler/scheduler", "one decision, whole"),
    "scheduler/evaluation_refusals": ("scheduler/scheduler", "one decision, whole"),
    "scheduler/profile": ("scheduler/config", "a profile is read as part of a configuration"),
    "scheduler/plugins/resource_scorer": ("scheduler/plugins/node_resources_fit", "the score of two plugins"),
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def folders(root):
    """The folders of src in dependency order, as src/meson.build has them."""
    text = re.sub(r"#.*", "", (root / "src/meson.build").read_text())
    listed = re.search(r"foreach folder : \[(.*?)\]", text, re.DOTALL)
    return re.findall(r"'(\w+)'", listed.group(1)) if listed else []


def without_comments(text):
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)


def sources(root, folder):
    for top in (root / "src" / folder, root / "include/actimanager" / folder):
        yield from sorted(path for path in top.rglob("*") if path.suffix in (".hpp", ".cpp"))


def included_folder(root, path, quote, target):
    """The folder of ours that an include names, or None."""
    if target.startswith("actimanager/"):
        return target.split("/")[1]
    if quote == '"' and target.startswith(".."):
        resolved = (path.parent / target).resolve()
        for top in (root / "src", root / "include/actimanager"):
            if resolved.is_relative_to(top.resolve()):
                return resolved.relative_to(top.resolve()).parts[0]
    return None


def check_file(root, order, folder, path):
    text = without_comments(path.read_text())
    for quote, target in INCLUDE.findall(text):
        other = included_folder(root, path, quote, target)
        if other is not None and other in order and order.index(other) > order.index(folder):
            yield f"includes {target}: {folder} lies below {other}"
        if other is not None and other not in order:
            yield f"includes {target}: {other} is no folder of src/meson.build"
        if folder in PURE and other is None and IMPURE_INCLUDES.fullmatch(target.removesuffix("/")):
            yield f"includes {target}: {folder} is pure"
        elif folder in PURE and other is None and re.match(r"boost/(asio|beast)", target):
            yield f"includes {target}: {folder} is pure"
        for library, owner in CONFINED.items():
            if target.startswith(library) and folder != owner:
                yield f"includes {target}: only src/{owner} does"
    if folder in PURE:
        for call in IMPURE_CALLS.finditer(text):
            yield f"calls {call.group(0).rstrip('( ')}: {folder} is pure"


def check_tests(root, folder):
    """Every source file of a pure folder has its test, and every test is built."""
    for path in sorted((root / "src" / folder).rglob("*.cpp")):
        name = str(path.relative_to(root / "src").with_suffix(""))
        tested_as = GROUPED[name][0] if name in GROUPED else name
        if not (root / f"tests/unit/{tested_as}_test.cpp").exists():
            yield f"src/{name}.cpp: there is no tests/unit/{tested_as}_test.cpp"


def check_public(root, order):
    """No header is public that its own folder alone includes."""
    included = set()
    for folder in order:
        for path in sources(root, folder):
            for _, target in INCLUDE.findall(path.read_text()):
                if path.is_relative_to(root / "include") or not target.startswith(f"actimanager/{folder}/"):
                    included.add(target)
    for path in sorted((root / "include").rglob("*.hpp")):
        if str(path.relative_to(root / "include")) not in included:
            yield f"{path.relative_to(root)}: nobody outside of its folder includes it; it belongs in src"


def check_groups(root):
    for name, (tested_as, _) in GROUPED.items():
        if not (root / f"src/{name}.cpp").exists():
            yield f"tests/layering: {name} is grouped with {tested_as}, but there is no src/{name}.cpp"
        if (root / f"tests/unit/{name}_test.cpp").exists():
            yield f"tests/layering: {name} is grouped with {tested_as}, but has a test of its own"


def check_built(root):
    """No source and no test lies beside the build."""
    for top in ("src", "tests/unit"):
        for path in sorted((root / top).rglob("*.cpp")):
            folder = path.relative_to(root / top).parts
            build = root / top / folder[0] / "meson.build" if len(folder) > 1 else root / top / "meson.build"
            listed = build.read_text() if build.exists() else ""
            if f"'{'/'.join(folder[1:] or folder)}'" not in listed:
                yield f"{path.relative_to(root)}: is not listed in {build.relative_to(root)}"


def check(root):
    order = folders(root)
    if order[: len(PURE)] != PURE:
        yield f"src/meson.build: the pure folders {PURE} do not come first"
        return
    for folder in order:
        for path in sources(root, folder):
            for violation in check_file(root, order, folder, path):
                yield f"{path.relative_to(root)}: {violation}"
    for folder in PURE:
        yield from check_tests(root, folder)
    yield from check_public(root, order)
    yield from check_groups(root)
    yield from check_built(root)


def main(arguments):
    if len(arguments) != 1:
        sys.exit("usage: layering.py ROOT")
    violations = list(check(pathlib.Path(arguments[0])))
    for violation in violations:
        print(violation)
    if violations:
        print(f"{len(violations)} violation(s) of the layering", file=sys.stderr)
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
