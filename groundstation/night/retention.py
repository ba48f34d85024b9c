"""Which nights are kept when old ones are pruned."""

from collections.abc import Iterable


def kept_nights(
    nights: Iterable[str], *, keep_nights: int, keep_monthly: int, since: str
) -> frozenset[str]:
    """The newest nights, the last one of each of the newest months, and all from a date on.

    Parameters
    ----------
    nights : dates of the evenings on record, ISO 8601, in any order
    keep_nights, keep_monthly : how many nights, and how many months with nights on record
    since : date from which every night is kept, whatever the numbers are
    """
    newest = sorted(set(nights), reverse=True)
    last_of: dict[str, str] = {}
    for night in newest:
        last_of.setdefault(night[:7], night)
    monthly = list(last_of.values())[:keep_monthly]
    recent = [night for night in newest if night >= since]
    return frozenset([*newest[:keep_nights], *monthly, *recent])
