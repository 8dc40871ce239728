"""Fits small networks with every annotated shape checked at run time; started by test_shapes.py.

The checks are installed by an import hook and must be there before the package is imported, hence a process of its own.
"""

import sys

from jaxtyping import TypeCheckError, install_import_hook

SHAPED = (
    "bedside.networks.blocks",
    "bedside.networks.embeddings",
    "bedside.networks.features",
    "bedside.modalities.tabular.encoder",
    "bedside.endpoints.binary.head",
    "bedside.endpoints.multiclass.head",
    "bedside.endpoints.continuous.head",
)

with install_import_hook(SHAPED, "beartype.beartype"):
    import torch
    from tests.training.cohorts import KINDS, cohort
    from tests.training.test_conformance import network

    from bedside.networks.blocks import MemberLinear


def main() -> int:
    for kind in KINDS:
        simulated = cohort(kind, 60)
        recipe = network(simulated.endpoint)
        fitted, _ = recipe.fit(recipe.defaults, simulated.samples[:40], simulated.samples[40:], seed=1)
        assert len(fitted.predict([sample.predictors for sample in simulated.samples])) == 60
    try:
        MemberLinear(2, 3, 1)(torch.zeros(5, 3))
    except TypeCheckError:
        return 0
    print("a vector of the wrong shape was accepted: the checks are not installed")
    return 1


if __name__ == "__main__":
    sys.exit(main())
