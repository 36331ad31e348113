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
    "face-models": "stages.face_models",
    "face-finder": "stages.face_finder",
    "prepare": "stages.prepare",
    "blend-mask": "stages.blend_mask",
    "variants": "stages.variants",
    "targets": "stages.targets",
    "train": "stages.train",
    "prune": "stages.prune",
    "qat": "stages.qat",
    "ablate": "stages.ablate",
    "pack": "data.pack",
    "gpu": "stages.gpu",
    "gpu-import": "stages.gpu",
    "evaluate": "stages.evaluate",
    "export": "stages.export",
    "keep": "stages.kept",
    "restore": "stages.kept",
    "baselines": "stages.baselines",
    "costs": "stages.costs",
    "manifest": "stages.manifest",
    "styles": "stages.styles",
    "thumbnails": "stages.styles",
    "contact-sheet": "stages.styles",
    "report": "stages.results",
    "all": "stages.chain",
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
