"""Reads what `build.sh` left in a directory, and prints it as Markdown.

`times` holds the name, the begin and the end of every phase, one a line. Beside it are each phase's report of
`cargo --timings` and what it printed.
"""

import json
import pathlib
import re
import subprocess
import sys
from collections import Counter

BARS = {"demo": 240, "test": 480, "install": 300}
PACKAGE = "tongbu"


def units(report: pathlib.Path) -> list[dict]:
    """Everything that cargo compiled or ran, with its seconds; what was fresh is there, too, with next to none."""
    data = re.search(r"^const UNIT_DATA = (\[.*?\]);$", report.read_text(), re.DOTALL | re.MULTILINE)
    if data is None:
        sys.exit(f"error: {report.name} holds no units")
    return json.loads(data[1])


def crate(unit: dict) -> str:
    return f"{unit['name']} {unit['version']}"


def seconds(units: list[dict]) -> Counter:
    """Seconds by crate, its build script included."""
    sums = Counter()
    for unit in units:
        sums[crate(unit)] += unit["duration"]
    return sums


def compiled(log: pathlib.Path) -> set[str]:
    """The crates that were not fresh; our own, which tests compile in a form of their own, is left out."""
    crates = re.findall(r"^ *Compiling (\S+) v(\S+)", log.read_text(), re.MULTILINE)
    return {f"{name} {version}" for name, version in crates if name != PACKAGE}


def table(head: list[str], rows: list[list[str]]) -> None:
    for row in [head, ["---"] * len(head), *rows]:
        print(f"| {' | '.join(row)} |")


def direct_costs(measured: Counter) -> list[list[str]]:
    """For each direct dependency: its seconds, and the seconds and the count of the crates that leave with it."""
    command = ["cargo", "metadata", "--offline", "--locked", "--format-version=1", "--features=sandbox"]
    host = re.search(r"^host: (.*)$", subprocess.check_output(["rustc", "-vV"], text=True), re.MULTILINE)[1]
    metadata = json.loads(subprocess.check_output([*command, f"--filter-platform={host}"]))
    names = {package["id"]: f"{package['name']} {package['version']}" for package in metadata["packages"]}
    used = {
        node["id"]: [dep["pkg"] for dep in node["deps"] if any(kind["kind"] != "dev" for kind in dep["dep_kinds"])]
        for node in metadata["resolve"]["nodes"]
    }
    root = metadata["resolve"]["root"]

    def reached(without: str | None = None) -> set[str]:
        seen, open_ids = set(), [dep for dep in used[root] if dep != without]
        while open_ids:
            package = open_ids.pop()
            if package not in seen:
                seen.add(package)
                open_ids.extend(used[package])
        return seen

    everything, rows = reached(), []
    for dep in sorted(used[root], key=names.get):
        gone = everything - reached(dep)
        own, alone = measured[names[dep]], sum(measured[names[package]] for package in gone)
        rows.append([f"`{names[dep].split()[0]}`", f"{own:.1f}", f"{alone:.1f}", str(len(gone))])
    return rows


def main(directory: pathlib.Path) -> None:
    phases = {}
    for line in (directory / "times").read_text().splitlines():
        name, begin, end = line.split()
        crates = compiled(directory / f"{name}.log")
        phases[name] = (float(end) - float(begin), seconds(units(directory / f"{name}.html")), crates)

    print()
    rows, failures = [], []
    for name, (duration, sums, crates) in phases.items():
        bar = BARS.get(name)
        rows.append([name, f"{duration:.0f}", str(bar or ""), f"{sum(sums.values()):.0f}", str(len(crates))])
        if bar and duration > bar:
            failures.append(f"{name} takes {duration:.0f} s of {bar} s")
    table(["phase", "seconds", "at most", "compiler seconds", "crates compiled"], rows)

    if "demo" in phases and "test" in phases:
        twice = sorted(phases["demo"][2] & phases["test"][2])
        print(f"\nCompiled twice by demo and test: {', '.join(twice) or 'none'}.")
        if twice:
            failures.append(f"{len(twice)} crates are compiled twice")

    for name, (_, sums, _) in phases.items():
        print(f"\nThe ten dearest crates of {name}, each with its build script:\n")
        dearest = sums.most_common(10)
        table(["crate", "seconds"], [[crate, f"{duration:.1f}"] for crate, duration in dearest])
        if name == "costs":
            print("\nDirect dependencies:\n")
            table(["crate", "seconds", "with what it alone brings", "crates"], direct_costs(sums))

    if failures:
        sys.exit(f"error: {'; '.join(failures)}")


main(pathlib.Path(sys.argv[1]))
