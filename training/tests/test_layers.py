"""Who may know whom: stages are on top, and no module imports itself by a detour."""

import ast
from pathlib import Path

import dctoon_training

PACKAGE = Path(dctoon_training.__file__).parent
# From below; a package may import from itself and from those before it. `convert` and `student` are one layer: a graph
# is built from a student, and a student is calibrated for a graph.
LAYERS = [
    ["paths", "runs"],
    ["metrics", "teacher", "faces"],
    ["data", "losses", "composed", "student", "convert", "evaluation"],
    ["stages"],
    ["__main__"],
]


def modules() -> dict[str, set[str]]:
    """Dotted name within the package -> what it imports of the package, inside functions included."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name, package = ".".join(parts), list(parts[:-1])
        targets = set()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.ImportFrom) or not node.level:
                continue
            base = package[: len(package) - (node.level - 1)] + (node.module or "").split(".") * bool(node.module)
            for alias in node.names:
                inside = [*base, alias.name]
                is_module = (PACKAGE.joinpath(*inside).with_suffix(".py")).exists()
                targets.add(".".join(inside if is_module else base))
        found[name] = targets
    return found


def test_dependencies_run_one_way():
    level = {room: index for index, rooms in enumerate(LAYERS) for room in rooms}
    wrong = [
        f"{name} -> {target}"
        for name, targets in modules().items()
        if not name.endswith("__init__")
        for target in targets
        if level[target.split(".")[0]] > level[name.split(".")[0]]
    ]
    assert wrong == []


def test_nothing_imports_itself_by_a_detour():
    graph, done, circles = modules(), set(), []

    def visit(name: str, path: list[str]) -> None:
        if name in path:
            circles.append(" -> ".join([*path[path.index(name) :], name]))
        elif name not in done:
            for target in graph.get(name, ()):
                visit(target, [*path, name])
            done.add(name)

    for name in graph:
        visit(name, [])
    assert circles == []
