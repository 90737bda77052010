"""The ways to boot the guests' one image: with which of its kernels, with what more on the command line. To add one is to
add a line to VARIANTS."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Variant:
    # Series of a kernel that scripts/lib/guest/packages has: its files in the image are named by it.
    kernel: str
    # Added to the kernel's command line.
    arguments: str = ""


KERNELS = ("6.1", "6.12")
DEFAULT = "v2"
VARIANTS = {
    "v2": Variant("6.12"),
    # Debian 12's own kernel: one without partitions below cgroups that are none.
    "v2-linux6.1": Variant("6.1"),
    # Debian's kernels of today have no cpuset controller for v1 any more. systemd keeps its own hierarchy in v2 beside the
    # controllers in v1 ("hybrid"), as distributions had it by default.
    "v1": Variant("6.1", "systemd.unified_cgroup_hierarchy=0"),
}
