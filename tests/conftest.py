"""What holds for all tests."""

import torch

# tensors are small here: several threads would spend their time waiting for one another
torch.set_num_threads(1)
