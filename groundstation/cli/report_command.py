"""`groundstation report`: the page of a night, a pass or a month, written again."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from groundstation.cli.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from groundstation.report.pdf.document import Document

DEGRADED = 3
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@click.command("report")
@click.argument("subject", required=False, metavar="[NIGHT|PASS|MONTH]")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write, .html or .pdf [default: night-DATE.html, PASS.html, month-MONTH.html].",
)
@click.option("--pdf", is_flag=True, help="Also as PDF beside it (needs the extra [pdf]).")
@click.pass_obj
def command(settings: Settings, subject: str | None, out: Path | None, pdf: bool) -> int:
    """Write the report of a night, a pass or a month as one self-contained page.

    A date is a night (default: tonight): it is computed from the present network file and element
    sets; nothing is published. A pass id, as `passes` lists them, gives the report of that pass
    with the published decision and, where it is recorded, the result. A month, like 2026-06, gives
    the report of what was planned and recorded in it. A report that is degraded says so at its top
    and exits with 3.

    \b
    Examples:
      groundstation report 2026-06-14
      groundstation report speqtre-helmos-20260614T2043 --pdf
      groundstation report 2026-06 -o june.pdf
      groundstation --example micius-2016 report --out micius.html
    """
    from groundstation.cli.report_sources import month_report, night_report, pass_report
    from groundstation.night.month import is_month

    if subject is not None and is_month(subject):
        written = month_report(settings, subject)
    elif subject is None or _DATE.fullmatch(subject):
        written = night_report(settings, subject)
    else:
        written = pass_report(settings, subject)
    if written.plan_id:
        click.echo(f"plan {written.plan_id}")
    for path in _write(written.name, written.page, written.document, out, is_pdf=pdf):
        click.echo(f"report: {path}")
    for sentence in written.warnings:
        click.echo(f"warning: {sentence}", err=True)
    return DEGRADED if written.warnings else 0


def _write(
    name: str,
    page: "Callable[[], str]",
    document: "Callable[[], Document]",
    out: Path | None,
    *,
    is_pdf: bool,
) -> list[Path]:
    """The page, the PDF or both, atomically; a PDF that cannot be made leaves nothing behind."""
    from groundstation.atomic import write_atomically

    target = out or Path(f"{name}.html")
    files: dict[Path, str | bytes] = {}
    if is_pdf or target.suffix.lower() == ".pdf":
        from groundstation.report.pdf.typeset import typeset

        files[target.with_suffix(".pdf")] = typeset(document())
    if target.suffix.lower() != ".pdf":
        files[target] = page()
    for path, content in files.items():
        write_atomically(path, content)
    return sorted(files, key=lambda path: path.suffix)
