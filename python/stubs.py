"""stubs.py BUILT FOLDER: writes the stubs of the modules whose functions take options, into FOLDER.

A stub is the module's source without bodies and private functions; `**options` becomes the keywords of the library's
table.
BUILT: the folder that the extension module has been built in."""

import ast
import sys
import types
from pathlib import Path

SOURCE = Path(__file__).resolve().parent / "jopa"
MODULES = ("model", "session", "bench", "result")
TYPES = {
    "integer": "int",
    "number": "float",
    "switch": "bool",
    "text": "str",
    "file": "str | os.PathLike[str] | Mapping[str, Any] | Sequence[Any]",
    "list": "str | Sequence[str]",
    "texts": "str | Sequence[str]",
}
TARGET = "str | tuple[int, int] | slice | range"


def load_table(built):
    """jopa.options, without what else importing jopa would need."""
    package = types.ModuleType("jopa")
    package.__path__ = [str(SOURCE), built]
    sys.modules["jopa"] = package
    import jopa.options

    return jopa.options


def type_of(option):
    if option.name == "target":
        return TARGET
    many = option.type in ("text", "file") and option.argument == "JSON"
    return TYPES[option.type] + (" | Mapping[str, Any] | Sequence[Any]" if many else "")


def described(tree, table):
    """{function: rows of its keywords}, of the module's calls of `describe`."""
    found = {}
    for statement in tree.body:
        call = getattr(statement, "value", None)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "describe":
            rows = eval(compile(ast.Expression(call.args[1]), "describe", "eval"), vars(table))
            found[ast.unparse(call.args[0])] = rows.values()
    return found


def is_private(name):
    return name.startswith("_") and not name.startswith("__")


def stub_function(node, name, keywords):
    node.body = [ast.Expr(ast.Constant(...))]
    rows = keywords.get(name)
    if rows:
        taken = {a.arg for a in (*node.args.args, *node.args.kwonlyargs)}
        node.args.kwarg = None
        for option in rows:
            if option.name not in taken:
                annotation = ast.parse(f"{type_of(option)} | None", mode="eval").body
                node.args.kwonlyargs.append(ast.arg(option.name, annotation))
                node.args.kw_defaults.append(ast.Constant(...))
    return node


def stub_class(node, keywords):
    kept = []
    for part in node.body:
        if isinstance(part, ast.FunctionDef):
            kept.append(stub_function(part, f"{node.name}.{part.name}", keywords))
        elif isinstance(part, ast.AnnAssign):
            part.value = None
            kept.append(part)
    node.body = kept or [ast.Expr(ast.Constant(...))]
    return node


def stub(source, table):
    tree = ast.parse(source)
    keywords = described(tree, table)
    kept = [ast.parse("import os\nfrom typing import Any, Mapping, Sequence").body]  # of the keywords' types
    for part in tree.body:
        if isinstance(part, (ast.Import, ast.ImportFrom, ast.If)):
            kept.append([part])
        elif isinstance(part, ast.ClassDef):
            kept.append([stub_class(part, keywords)])
        elif isinstance(part, ast.FunctionDef) and not is_private(part.name):
            kept.append([stub_function(part, part.name, keywords)])
        elif isinstance(part, ast.Assign) and not is_private(part.targets[0].id):
            kept.append([part])
    tree.body = [statement for statements in kept for statement in statements]
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def main():
    built, folder = sys.argv[1:]
    table = load_table(built)
    for name in MODULES:
        source = (SOURCE / f"{name}.py").read_text(encoding="utf-8")
        Path(folder, f"{name}.pyi").write_text(stub(source, table), encoding="utf-8")


if __name__ == "__main__":
    main()
