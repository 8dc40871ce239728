"""A study that was given by its name, and what it is to be run with."""

from pathlib import Path

from bedside.cli.asked import Asked


def named(what: str, trials: int | None, seed: int | None) -> Asked:
    """What is to be run: an application, a study.toml or a module, with other trials or seed where these are given."""
    from bedside.cli.resolve import resolve
    from bedside.study.trials import with_trials

    study = resolve(what)
    if trials is not None:
        study = with_trials(study, trials)
    if not what.endswith(".toml"):
        return Asked(study, seed or 0)
    from bedside.own_data.toml import declaration, moved

    path = Path(what)
    declared = declaration(path)
    chosen = declared.study.seed if seed is None else seed
    kept = declared.study.model_copy(update={"seed": chosen, "trials": study.trials})

    def toml(folder: Path) -> str:
        return moved(declared.model_copy(update={"study": kept}), path.parent, folder)

    return Asked(study, chosen, toml)
