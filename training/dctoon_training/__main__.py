"""Command line: `python -m dctoon_training <stage>`.

Every stage module has `add_parser(subparsers)`, which registers its command and sets `run` to a function that
takes the parsed arguments. Modules are imported only when their command is wanted, so that a stage without
torch does not pay for torch.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

# command -> module. Add a stage here.
STAGES: dict[str, str] = {
    "face-models": "face_models",
    "prepare": "prepare",
    "blend-mask": "blend_mask",
    "variants": "variants",
    "targets": "targets",
    "train": "train",
    "prune": "prune",
    "qat": "qat",
    "ablate": "ablate",
    "pack": "pack",
    "gpu": "gpu",
    "gpu-import": "gpu",
    "evaluate": "evaluate",
    "export": "export",
    "keep": "kept",
    "restore": "kept",
    "baselines": "baselines",
    "manifest": "manifest",
    "styles": "styles",
    "thumbnails": "styles",
    "contact-sheet": "styles",
    "report": "results",
    "all": "chain",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Parses the command line and runs one stage."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(prog="dctoon_training", description="Training stages of dctoon")
    subparsers = parser.add_subparsers(dest="stage", required=True)
    wanted = arguments[0] if arguments and arguments[0] in STAGES else None
    for module in [STAGES[wanted]] if wanted else dict.fromkeys(STAGES.values()):
        importlib.import_module(f".{module}", __package__).add_parser(subparsers)
    parsed = parser.parse_args(arguments)
    parsed.run(parsed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
