"""``dropstudy explain``: what a network drops and costs, before any training."""

from typing import TYPE_CHECKING

from dropstudy.cli.console import align_columns, console
from dropstudy.cli.options import ConfigFile, Overrides
from dropstudy.training.framework import import_framework, quiet_framework

if TYPE_CHECKING:
    from dropstudy.models.summary import DropoutSite


def explain(file: ConfigFile, overrides: Overrides) -> None:
    """Show each place of dropout and what the network costs, without training."""
    from dropstudy.config import load_experiment
    from dropstudy.config.description import describe_experiment

    experiment = load_experiment(file, overrides)
    channels = experiment.data.channel_count
    size, batch = experiment.data.patch_size, experiment.training.batch_size
    with quiet_framework(experiment.runtime.backend):
        import_framework()
        from dropstudy.models import build_network
        from dropstudy.models.summary import (
            count_multiply_adds,
            count_parameters,
            find_dropout_sites,
        )

        network = build_network(
            experiment.architecture,
            experiment.dropout,
            channels=channels,
            seed=experiment.seed,
            size=size,
        )
        sites = find_dropout_sites(network, experiment.dropout, batch_size=batch)
        parameters, multiply_adds = count_parameters(network), count_multiply_adds(network)
    console.print(f"[bold]{experiment.name}[/bold]  {describe_experiment(experiment)}\n")
    if sites:
        _print_sites(sites, batch)
    else:
        console.print("No dropout: nothing is dropped and no random numbers are drawn.")
    console.print(
        f"\nparameters     {parameters:,}\n"
        f"multiply-adds  {multiply_adds / 1e6:,.0f} million for a patch of "
        f"{size}×{size}×{channels}, {3 * batch * multiply_adds / 1e9:,.1f} billion for "
        f"a training step of {batch} (forward, and twice that backward)"
    )


def _print_sites(sites: "list[DropoutSite]", batch: int) -> None:
    heading = ("group", "layer", "kind", "rate", "dropped", "features", "mask", "draws")
    rows = [
        (
            site.group,
            site.layer,
            site.kind,
            f"{site.rate:g}",
            f"{site.share_dropped:.1%}",
            "×".join(map(str, site.feature_shape)),
            "×".join(map(str, site.mask_shape)),
            f"{site.draws:,}",
        )
        for site in sites
    ]
    lines = align_columns([heading, *rows], left=3)
    console.print(f"[bold]{lines[0]}[/bold]")
    console.print("\n".join(lines[1:]), markup=False)
    total = sum(site.draws for site in sites)
    console.print(
        f"\n{total:,} random numbers drawn for a training step of {batch} patches; "
        "dropped: the expected share of values that become zero"
    )
