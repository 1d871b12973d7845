#!/bin/sh
# Measure graphmer on the CUDA card of this machine, in under four minutes and without network:
#     sh benchmarks/speed/gpu.sh [PYTHON]
# PYTHON has graphmer's dependencies with a CUDA build of torch. The result, which names the card, is stored in
# benchmarks/results/speed/gpu.json.
set -eu
cd "$(dirname "$0")/../.."
python=${1:-python}
if ! "$python" -c 'import sys, torch; sys.exit(not torch.cuda.is_available())' 2>/dev/null; then
    echo "gpu.sh: $python finds no CUDA card here (torch.cuda.is_available() is false). Nothing was measured." >&2
    exit 2
fi
exec timeout 230 "$python" -m benchmarks.speed.gpu
