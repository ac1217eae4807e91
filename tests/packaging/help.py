"""What doorward-agent's --help says, as scripts/completions reads it: {path: (options, commands)}."""
import importlib.machinery
import importlib.util
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]


def completions():
    path = str(ROOT / "scripts" / "completions")
    loader = importlib.machinery.SourceFileLoader("completions", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("completions", loader))
    loader.exec_module(module)
    return module


def tree(program):
    return completions().tree(program)
