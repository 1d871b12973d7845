"""What holds for all tests."""

import os

import torch

from tests.ray_cluster import cluster  # noqa: F401  # a fixture

# tensors are small here: several threads would spend their time waiting for one another
os.environ["OMP_NUM_THREADS"] = "1"  # of processes that tests start
torch.set_num_threads(1)
