"""`groundstation plan what-if`: the night with something more, less, or under cloud."""

import json
from pathlib import Path

import click

from groundstation.cli.settings import Settings


@click.command("what-if")
@click.option("--night", metavar="DATE", help="Date of the evening [default: tonight].")
@click.option(
    "--add-station",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File with [[stations]] and other tables as in the network file.",
)
@click.option("--without", metavar="SATELLITE", help="Leave a satellite out.")
@click.option("--cloud-out", metavar="STATION", help="A station takes nothing in this night.")
@click.option("--json", "as_json", is_flag=True, help="A JSON document.")
@click.pass_obj
def command(
    settings: Settings,
    night: str | None,
    add_station: Path | None,
    without: str | None,
    cloud_out: str | None,
    as_json: bool,
) -> int:
    """Plan a night as it is and changed, and show what each pair gains or loses.

    \b
    Examples:
      groundstation plan what-if --without spoqc
      groundstation plan what-if --cloud-out matera --json
      groundstation plan what-if --add-station tenerife.toml
    """
    from groundstation.cli.network_option import network_of
    from groundstation.cli.night_option import night_for
    from groundstation.cli.output import Column, write_listing
    from groundstation.night.nightly import open_for_reading
    from groundstation.night.what_if import what_if
    from groundstation.plan.difference import difference_sentences

    network = network_of(settings)
    answer = what_if(
        network,
        night_for(settings, network, night),
        open_for_reading(network),
        now=settings.instant(),
        add_station=add_station,
        without=without,
        cloud_out=cloud_out,
        progress=_silent,
    )
    rows = [
        {
            "demand": pair.demand,
            "a": pair.a,
            "b": pair.b,
            "wanted_bits": pair.wanted_bits,
            "before_bits": pair.before_bits,
            "after_bits": pair.after_bits,
            "change_bits": pair.change_bits,
        }
        for pair in answer.pairs
    ]
    sentences = difference_sentences(answer.difference)
    if as_json:
        document = {
            "schema": "plan-what-if/1",
            "change": answer.change,
            "before": {"value_kbit": answer.before.value, "bound_kbit": answer.before.bound},
            "after": {"value_kbit": answer.after.value, "bound_kbit": answer.after.bound},
            "pairs": rows,
            "sentences": list(sentences),
            "remarks": list(answer.after.remarks),
        }
        click.echo(json.dumps(document, indent=1))
        return 0
    columns = (
        Column("demand", "demand"),
        Column("a", "from"),
        Column("b", "to"),
        Column("before_bits", "as it is kbit", lambda bits: f"{bits / 1e3:,.1f}", is_number=True),
        Column("after_bits", "then kbit", lambda bits: f"{bits / 1e3:,.1f}", is_number=True),
        Column("change_bits", "change kbit", lambda bits: f"{bits / 1e3:+,.1f}", is_number=True),
    )
    write_listing(
        rows, schema="plan-what-if/1", form=None, columns=columns,
        title=f"{answer.change}: value {answer.before.value:,.1f} to "
        f"{answer.after.value:,.1f} kbit",
    )  # fmt: skip
    for sentence in sentences:
        click.echo(sentence)
    for remark in answer.after.remarks:
        click.echo(f"note: {remark}")
    return 0


def _silent(step: str) -> None:
    """Say nothing about a step."""
