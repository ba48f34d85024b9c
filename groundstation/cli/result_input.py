"""A result from the options and the file of `groundstation result record`."""

from collections.abc import Mapping
from pathlib import Path

from groundstation.errors import UsageError
from groundstation.results.reading import checked, read_result
from groundstation.results.records import Result, Sky
from groundstation.results.store import PassOnRecord

_SKIES = {
    "--clouded-out": Sky.CLOUDED_OUT,
    "--partly-cloudy": Sky.PARTLY_CLOUDY,
    "--failed": Sky.FAILED,
}


def result_of(
    item: PassOnRecord,
    file: Path | None,
    *,
    skies: Mapping[str, bool],
    totals: Mapping[str, int | None],
    remark: str,
) -> Result:
    """The result that was given, checked as a whole.

    Parameters
    ----------
    file : counts or totals; None if the options say it all
    skies : the options that say how the sky was, and which of them are given
    totals : sifted, errors and key_bits; what is given stands beside what the file says
    """
    given = [name for name, is_given in skies.items() if is_given]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} exclude each other", hint="give one of them")
    counted = file is not None or any(value is not None for value in totals.values())
    if counted and given and given[0] != "--partly-cloudy":
        raise UsageError(f"{given[0]} excludes a file and totals", hint="nothing came, then")
    if not counted and not given:
        raise UsageError(
            "neither a file nor totals are given",
            hint="give FILE, --sifted or --key-bits, or say --clouded-out or --failed REASON",
        )
    sky = _SKIES[given[0]] if given else None
    where = "command line" if file is None else str(file)
    base = Result(item.pass_id, Sky.CLEAR) if file is None else read_result(file, item)
    for name, value in totals.items():
        known = getattr(base, name)
        if value is not None and known is not None and known != value:
            raise UsageError(
                f"--{name.replace('_', '-')} {value} is not what the file says, {known}",
                where=where,
            )
    merged = Result(
        item.pass_id,
        sky or base.sky,
        base.counts,
        _given(totals["sifted"], base.sifted),
        _given(totals["errors"], base.errors),
        _given(totals["key_bits"], base.key_bits),
        remark or base.remark,
    )
    return checked(merged, item, where)


def _given(option: int | None, of_file: int | None) -> int | None:
    return of_file if option is None else option
