"""Search settings of a system, measure it, draw what is stored.

    export IEMOCAP4=$PWD/data/iemocap4
    python -m benchmarks.accuracy.systems search iemocap4 gcnet --jobs 2
    python -m benchmarks.accuracy.systems measure iemocap4 gcnet --seed 1 --jobs 2
    python -m benchmarks.accuracy.systems figure iemocap4
    python -m benchmarks.accuracy.table

Everything can be interrupted and continued with the same command. What is found goes to
``benchmarks/results/systems/<system>.json``. A claim is named by its corpus, or by its file.
"""

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    search = commands.add_parser("search", help="find the settings of systems on validation")
    search.add_argument("--steps", nargs="+", help="steps of the search; all if left out")
    measure = commands.add_parser("measure", help="train and test systems with the settings found")
    measure.add_argument("--seed", type=int, default=1)
    for each in (search, measure):
        each.add_argument("claim")
        each.add_argument("systems", nargs="+")
        each.add_argument("--jobs", type=int, default=2, help="parallel processes, one thread each")
    trial = commands.add_parser("trial", help="train one candidate of a search")
    trial.add_argument("claim")
    trial.add_argument("system")
    trial.add_argument("candidate")
    commands.add_parser("figure", help="draw WA over the missing rate").add_argument("claim")
    run(parser.parse_args())


def run(options: argparse.Namespace) -> None:
    """Carry out a command."""
    from benchmarks.accuracy.systems import figure, measure, search
    from benchmarks.accuracy.systems.claim import Candidate, Claim

    claim = Claim.read(options.claim)
    if options.command == "trial":
        search.trial(claim, options.system, Candidate.from_key(options.candidate))
    elif options.command == "figure":
        figure.draw(claim)
    for system in getattr(options, "systems", ()):
        if options.command == "search":
            search.search(claim, system, options.jobs, options.steps or search.STEPS)
        else:
            measure.measure(claim, system, options.seed, options.jobs)


if __name__ == "__main__":
    main()
