"""The tables of `status` and `list`."""

from . import components, supervisor
from .api import Api, ApiError
from .instance import Instance, clusters_root


def show(instance: Instance) -> None:
    config = instance.read()
    processes = supervisor.recorded(instance)
    rows = [("COMPONENT", "PID", "STATE", "PORT")]
    for name in (*components.NAMES, "supervisor"):
        if name != "supervisor" and name not in config.get("commands", {}):
            continue
        process = processes.get(name)
        state = process.state() if process else "down"
        rows.append((name, str(process.pid) if process and state != "down" else "-", state,
                     str(config["ports"].get(name, "-"))))
    _table(rows)
    print()
    try:
        nodes = Api(instance).get("/api/v1/nodes")["items"]
    except (ApiError, OSError) as error:
        print(f"nodes: {error}")
        return
    kinds = {True: [], False: []}
    for each in nodes:
        kinds[each["metadata"].get("labels", {}).get("type") == "kwok"].append(each)
    print(f"nodes: {len(kinds[False])} real, {len(kinds[True])} simulated")
    shown = kinds[False] + kinds[True][:5]
    if shown:
        _table([("NODE", "READY", "CPUS", "ADDRESS"), *map(_node_row, shown)])
    if len(kinds[True]) > 5:
        print(f"  and {len(kinds[True]) - 5} more")


def show_all() -> None:
    names = sorted(p.parent.name for p in clusters_root().glob("*/instance.json"))
    rows = [("INSTANCE", "UP", "DOWN", "NODES")]
    for name in names:
        instance = Instance(name)
        config, processes = instance.read(), supervisor.recorded(instance)
        known = list(config.get("commands", {}))
        up = [c for c in known if c in processes and processes[c].alive()]
        rows.append((name, str(len(up)), str(len(known) - len(up)),
                     str(config.get("nodes", 0) + bool(config.get("with_node")) + bool(config.get("with_vm")))))
    _table(rows)


def _node_row(node: dict) -> tuple[str, ...]:
    status = node.get("status", {})
    ready = [c["status"] for c in status.get("conditions", []) if c["type"] == "Ready"]
    address = [a["address"] for a in status.get("addresses", []) if a["type"] == "InternalIP"]
    return (node["metadata"]["name"], ready[0] if ready else "-", status.get("capacity", {}).get("cpu", "-"),
            address[0] if address else "-")


def _table(rows) -> None:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
