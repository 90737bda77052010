"""The installed library part: programs that know nothing but pkg-config build against it, and run.

Usage: library_test.py BUILD TREE -- COMPILER [FLAG...]: installs BUILD's library part below TREE, compiles with that.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).parent
BUILD = TREE = COMPILER = None

OUTPUTS = {
    "topology": """\
two cores: 1 socket, 2 cores, 2 threads
`- Socket 0, CPUs 0-1
   +-------+
   |  0  1 |
   +-------+
""",
    "cgroup": """\
pod 0-3
container 2-3
pod 2-3
no cpuset controller below /nowhere""",
    "kube": """\
get pods default/web: https://127.0.0.1:1: connect: Connection refused
may work later
""",
}


def run(command, **more):
    done = subprocess.run(command, capture_output=True, text=True, **more)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


class LibraryTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        shutil.rmtree(TREE, ignore_errors=True)
        run(["meson", "install", "-C", BUILD, "--destdir", TREE, "--tags", "devel", "--no-rebuild", "--quiet"])
        found = list(TREE.rglob("actimanager-kube.pc"))
        assert len(found) == 1, found
        cls.environment = {**os.environ, "PKG_CONFIG_PATH": str(found[0].parent)}

    def pkg_config(self, *arguments):
        return run(["pkg-config", *arguments], env=self.environment).split()

    def test_programs_build_against_it_and_run(self):
        for name, output in OUTPUTS.items():
            with self.subTest(library=name):
                flags = self.pkg_config("--cflags", "--libs", f"actimanager-{name}")
                program = TREE / f"{name}_user"
                run([*COMPILER, HERE / f"{name}_user.cpp", *flags, "-o", program], cwd=TREE)
                self.assertTrue(run([program]).startswith(output), run([program]))

    def test_topology_and_cgroups_need_no_network_libraries(self):
        for name in ("topology", "cgroup"):
            libraries = self.pkg_config("--libs", f"actimanager-{name}")
            self.assertFalse([flag for flag in libraries if "ssl" in flag or "net" in flag or "kube" in flag], libraries)

    def test_only_the_library_part_is_installed(self):
        folders = {path.name for path in next(TREE.rglob("include/actimanager")).iterdir()}
        self.assertEqual(folders, {"core", "topology", "api", "async", "net", "kube", "host"})
        self.assertFalse(list(TREE.rglob("bin")))


if __name__ == "__main__":
    BUILD, TREE = (pathlib.Path(argument).absolute() for argument in sys.argv[1:3])
    COMPILER = sys.argv[4:]
    unittest.main(argv=sys.argv[:1])
