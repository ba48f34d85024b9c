"""groundstation init: a working folder from a shipped example."""

from pathlib import Path

import click

from groundstation.cli.settings import Settings

DEFAULT_EXAMPLE = "europe-2026"


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--example",
    metavar="NAME",
    help=f"Example to copy: europe-2026 or micius-2016 [default: {DEFAULT_EXAMPLE}].",
)
@click.pass_obj
def command(settings: Settings, folder: Path, example: str | None) -> None:
    """Create a working folder with a commented network file and its element sets.

    \b
    Files that are there already are never overwritten: the same content is fine, other content
    stops the command before it writes anything.

    \b
    Examples:
      groundstation init night
      groundstation init micius --example micius-2016
    """
    from groundstation.config.examples import copy_example

    copied = copy_example(example or settings.example or DEFAULT_EXAMPLE, folder)
    for name in copied.written:
        click.echo(f"written: {folder / name}")
    for name in copied.unchanged:
        click.echo(f"unchanged: {folder / name}")
    if copied.written:
        click.echo(f"next: groundstation -C {folder} --offline nightly", err=True)
