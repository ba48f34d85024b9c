"""Key that grows old in its pool: what is left of it, and what a kilobit with a last day is worth.

The rules it keeps:

1. Key that enters a pool in period t can be delivered in the periods t ... t + lifetime - 1 and is
   lost at the end of the last of them; of the stock a part may be older and be lost earlier.
2. The oldest key goes first. What enters earlier is never lost later, so no other order loses less.
3. Deliveries are possible if and only if there are levels >= 0 at the end of every period with
   level(t) <= level(t - 1) + key(t) - deliveries(t), the rest being lost, and
   level(t) <= key that entered until t and outlives t. Summed over the periods s ... t these rows
   say that deliveries take no more than the key of which some period of life lies among s ... t.
   As no key enters later and is lost earlier, key that two stretches of periods share leaves none
   that only the time between them could use: taking that time in costs nothing. So these are all
   conditions of P. Hall (Journal of the London Mathematical Society 10, 1935), and they suffice.
4. A kilobit is worth the highest price of a delivery in its life, the worth of final stock being
   the price after the last period. Whatever the non-negative prices, no plan makes more of it.
"""

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float64]


def outliving(entered: _Floats, stock_by_life: _Floats) -> _Floats:
    """Key that entered until each period and outlives it, if nobody takes it.

    Parameters
    ----------
    entered : key by pool and period, shape (pools, periods)
    stock_by_life : initial stock by its last period, shape (pools, lifetime)
    """
    lifetime, periods = stock_by_life.shape[1], entered.shape[1]
    left = np.zeros(entered.shape)
    for t in range(periods):
        left[:, t] = entered[:, max(0, t - lifetime + 2) : t + 1].sum(axis=1)
        left[:, t] += stock_by_life[:, t + 1 :].sum(axis=1)
    return left


def usable(stock_by_life: _Floats, periods: int) -> _Floats:
    """Initial stock that is not lost before each period, shape (pools, periods)."""
    return np.stack([stock_by_life[:, t:].sum(axis=1) for t in range(periods)], axis=1)


def levels(supply: _Floats, spent: _Floats, most: _Floats | None) -> _Floats:
    """What each pool holds after each period; below zero where more is spent than there is.

    Parameters
    ----------
    supply : stock (in the first period) and key that enters, shape (pools, periods)
    spent : by deliveries, shape (pools, periods)
    most : what outlives each period; None where nothing is ever lost
    """
    if most is None:
        return np.cumsum(supply - spent, axis=1)
    level, found = np.zeros(len(supply)), np.zeros(supply.shape)
    for t in range(supply.shape[1]):
        level = np.minimum(level + supply[:, t] - spent[:, t], most[:, t])
        found[:, t] = level
    return found


def best_period(price: _Floats, lifetime: int) -> NDArray[np.int64]:
    """In which period key that enters in each period is worth most, the earliest of equal ones.

    Parameters
    ----------
    price : of a delivery in each period; the last column is that of final stock, shape
        (pools, periods + 1)
    """
    periods = price.shape[1]
    best = np.zeros(price.shape, np.int64)
    for t in range(periods):
        best[:, t] = t + np.argmax(price[:, t : t + lifetime], axis=1)
    return best


def best_period_of_stock(price: _Floats, lifetime: int) -> NDArray[np.int64]:
    """The same for stock by its last period, shape (pools, lifetime)."""
    last = np.minimum(np.arange(lifetime), price.shape[1] - 1)
    return np.stack([np.argmax(price[:, : t + 1], axis=1) for t in last], axis=1)
