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


def imported(node: ast.AST, package: list[str]) -> list[list[str]]:
    """What a statement imports of the package, as parts within it; relative or by the package's full name."""
    if isinstance(node, ast.ImportFrom):
        module = node.module.split(".") if node.module else []
        if node.level:
            base = package[: len(package) - (node.level - 1)] + module
        elif module and module[0] == PACKAGE.name:
            base = module[1:]
        else:
            return []
        return [[*base, alias.name] for alias in node.names]
    if isinstance(node, ast.Import):
        names = [alias.name.split(".") for alias in node.names]
        return [name[1:] for name in names if name[0] == PACKAGE.name and len(name) > 1]
    return []


def modules() -> dict[str, set[str]]:
    """Dotted name within the package -> what it imports of the package, inside functions included."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name, package = ".".join(parts), list(parts[:-1])
        targets = set()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            for inside in imported(node, package):
                is_module = (PACKAGE.joinpath(*inside).with_suffix(".py")).exists()
                targets.add(".".join(inside if is_module else inside[:-1]))
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


def test_every_folder_of_modules_is_a_package():
    """Without its `__init__.py` a folder works in a checkout and is absent from what pip installs."""
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert [str(folder.relative_to(PACKAGE)) for folder in folders if not (folder / "__init__.py").exists()] == []
