"""The layering check itself: on a small tree that is in order, and with one thing at a time put wrong."""

import contextlib
import io
import pathlib
import tempfile
import unittest

import layering

FOLDERS = layering.PURE + ["net", "host", "app"]


def make_tree(root):
    def write(path, text):
        path = root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    listed = ", ".join(f"'{folder}'" for folder in FOLDERS)
    write("src/meson.build", f"foreach folder : [{listed}]  # 'not' this\nendforeach\n")
    for folder in FOLDERS:
        write(f"src/{folder}/part.cpp", "#include <string>\n#include <actimanager/core/part.hpp>\n")
        write(f"src/{folder}/meson.build", "library('part.cpp')\n")
    for folder in FOLDERS[:-1]:
        write(f"include/actimanager/{folder}/part.hpp", "#pragma once\n#include <vector>\n")
    write(f"src/{FOLDERS[-1]}/all.hpp", "".join(f"#include <actimanager/{folder}/part.hpp>\n" for folder in FOLDERS[:-1]))
    for folder in layering.PURE:
        write(f"tests/unit/{folder}/part_test.cpp", "")
        write(f"tests/unit/{folder}/meson.build", "test('part_test.cpp')\n")
    for name, (tested_as, _) in layering.GROUPED.items():
        for path in (f"src/{name}.cpp", f"src/{tested_as}.cpp", f"tests/unit/{tested_as}_test.cpp"):
            write(path, "")
            top = 2 if path.startswith("tests") else 1
            parts = pathlib.Path(path).parts
            build = root.joinpath(*parts[: top + 1]) / "meson.build"
            build.write_text(build.read_text() + f"'{'/'.join(parts[top + 1:])}'\n")


class LayeringTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)
        make_tree(self.root)

    def status(self):
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return layering.main([str(self.root)])

    def violations(self):
        return list(layering.check(self.root))

    def append(self, path, text):
        (self.root / path).write_text((self.root / path).read_text() + text + "\n")

    def test_a_tree_in_order_has_no_violation(self):
        self.assertEqual(self.violations(), [])
        self.assertEqual(self.status(), 0)

    def test_what_is_forbidden_is_told_with_its_file(self):
        for path, line, told in [
            ("src/core/part.cpp", "#include <boost/asio/post.hpp>", "core is pure"),
            ("src/api/part.cpp", "#include <boost/beast/http.hpp>", "api is pure"),
            ("include/actimanager/topology/part.hpp", "#include <fstream>", "topology is pure"),
            ("src/binding/part.cpp", "#include <filesystem>", "binding is pure"),
            ("src/binding/part.cpp", "#include <iostream>", "binding is pure"),
            ("src/scheduler/part.cpp", "#include <spdlog/spdlog.h>", "scheduler is pure"),
            ("src/scheduler/part.cpp", "#include <sys/stat.h>", "scheduler is pure"),
            ("src/scheduler/part.cpp", "#include <unistd.h>", "scheduler is pure"),
            ("src/core/part.cpp", "#  include <ctime>", "core is pure"),
            ("src/core/part.cpp", "auto t = std::chrono::system_clock::now();", "calls system_clock::now"),
            ("src/core/part.cpp", "auto t = Clock::now();", "calls Clock::now"),
            ("src/core/part.cpp", 'std::cout << "x";', "calls std::cout"),
            ("src/core/part.cpp", 'auto* f = fopen("x", "r");', "calls fopen"),
            ("src/core/part.cpp", 'auto* e = std::getenv("HOME");', "calls std::getenv"),
            ("src/core/part.cpp", "#include <actimanager/topology/part.hpp>", "core lies below topology"),
            ("src/core/part.cpp", '#include "../api/part.hpp"', "core lies below api"),
            ("src/net/part.cpp", "#include <actimanager/host/part.hpp>", "net lies below host"),
            ("src/net/part.cpp", "#include <actimanager/nowhere/part.hpp>", "nowhere is no folder"),
            ("src/host/part.cpp", "#include <boost/beast/core.hpp>", "only src/net does"),
            ("include/actimanager/host/part.hpp", "#include <boost/beast/core.hpp>", "only src/net does"),
            ("src/app/part.cpp", "#include <hwloc.h>", "only src/host does"),
        ]:
            with self.subTest(path=path, line=line):
                before = (self.root / path).read_text()
                self.append(path, line)
                violations = self.violations()
                self.assertEqual(len({v.split(":")[0] for v in violations}), 1, violations)
                self.assertTrue(any(v.startswith(path) and told in v for v in violations), violations)
                self.assertEqual(self.status(), 1)
                (self.root / path).write_text(before)

    def test_what_only_looks_forbidden_is_not(self):
        for path, line in [
            ("src/core/part.cpp", "// #include <fstream> is not for us, nor is Clock::now()"),
            ("src/core/part.cpp", "/* std::cout\n   fopen( */"),
            ("src/core/part.cpp", "#include <chrono>"),
            ("src/core/part.cpp", "#include <boost/container/flat_map.hpp>"),
            ("src/core/part.cpp", "auto now = options.now; my_fopen(now);"),
            ("src/host/part.cpp", "#include <fstream>"),
            ("src/host/part.cpp", "#include <hwloc.h>"),
            ("src/net/part.cpp", "#include <boost/beast/core.hpp>"),
            ("src/app/part.cpp", '#include "../net/part.hpp"'),
        ]:
            with self.subTest(path=path, line=line):
                before = (self.root / path).read_text()
                self.append(path, line)
                self.assertEqual(self.violations(), [])
                (self.root / path).write_text(before)

    def test_a_pure_source_file_without_a_test_is_told(self):
        (self.root / "tests/unit/api/part_test.cpp").unlink()
        self.assertEqual(self.violations(), ["src/api/part.cpp: there is no tests/unit/api/part_test.cpp"])

    def test_a_public_header_that_is_its_folders_own_affair_is_told(self):
        for folder in ("core", "net"):
            header = f"include/actimanager/{folder}/own.hpp"
            (self.root / header).write_text("#pragma once\n")
            self.append(f"src/{folder}/part.cpp", f"#include <actimanager/{folder}/own.hpp>")
            told = f"{header}: nobody outside of its folder includes it; it belongs in src"
            self.assertEqual(self.violations(), [told])
            self.append(f"include/actimanager/{folder}/part.hpp", f"#include <actimanager/{folder}/own.hpp>")
            self.assertEqual(self.violations(), [])

    def test_files_that_are_not_built_are_told(self):
        (self.root / "src/host/stray.cpp").write_text("")
        (self.root / "tests/unit/core/stray_test.cpp").write_text("")
        self.assertEqual(
            self.violations(),
            [
                "src/host/stray.cpp: is not listed in src/host/meson.build",
                "tests/unit/core/stray_test.cpp: is not listed in tests/unit/core/meson.build",
            ],
        )

    def test_a_grouping_that_is_out_of_date_is_told(self):
        (self.root / "src/topology/boxes.cpp").unlink()
        self.assertIn("there is no src/topology/boxes.cpp", " ".join(self.violations()))

    def test_the_pure_folders_come_first(self):
        text = (self.root / "src/meson.build").read_text()
        (self.root / "src/meson.build").write_text(text.replace("['core', ", "['net', 'core', "))
        self.assertEqual(len(self.violations()), 1)


if __name__ == "__main__":
    unittest.main()
