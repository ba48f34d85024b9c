"""`groundstation keys import`: key files of producers into the ledger."""

from pathlib import Path
from typing import Any

import click

from groundstation.cli.keys_desk import DEGRADED, change
from groundstation.cli.output import Column, format_options, write_listing
from groundstation.cli.settings import Settings


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--record",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Public record of the node that hashed the same key.",
)
@format_options
@click.pass_obj
def import_command(
    settings: Settings, files: tuple[Path, ...], record: Path | None, form: str | None
) -> int:
    """Take in key FILES: folders or zip archives with manifest.json and key.bin.

    Final key is taken as it is, reconciled key is verified and hashed. The same file again changes
    nothing; one that is refused is kept in quarantine with the reason.

    Exit 0 if all are in, 3 if some are refused or wait, 1 if all are refused.

    \b
    Examples:
      groundstation keys import inbox/*.zip
      groundstation keys import block.zip --record calern-record.json
    """
    rows: list[dict[str, Any]] = change(
        settings,
        "import",
        {
            "files": [str(path.absolute()) for path in files],
            "record": None if record is None else str(record.absolute()),
        },
    )
    columns = (
        Column("file", "file", lambda text: Path(text).name),
        Column("outcome", "outcome"),
        Column("pool", "pool"),
        Column("n_bits", "bits", is_number=True),
        Column("stage", "stage"),
        Column("segment_id", "segment"),
        Column("detail", "", wraps=True),
    )
    write_listing(rows, schema="key-import/1", form=form, columns=columns)
    refused = [row for row in rows if row["outcome"] == "refused"]
    if len(refused) == len(rows):
        return 1
    return DEGRADED if any(row["outcome"] in {"refused", "waiting"} for row in rows) else 0
