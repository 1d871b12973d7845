import subprocess
import sys


def test_layers_and_data_sets_of_pyg_are_imported_when_they_are_used():
    code = """
import sys
from graphmer import pyg

def there(name):
    return type(sys.modules[name]).__name__ == "module"

names = ["torch_geometric.nn", "torch_geometric.datasets", "torch._dynamo"]
print([there(name) for name in names])
from torch_geometric.nn import GATv2Conv
import torch_geometric
print(there("torch_geometric.nn"), torch_geometric.nn.GATv2Conv is GATv2Conv is pyg.nn.GATv2Conv)
"""
    command = [sys.executable, "-W", "ignore", "-c", code]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert printed.splitlines() == ["[False, False, False]", "True True"]
