"""What the evening of a night may be told: passes of the nights ahead, forecasts of their sky."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from planner_comparison.drawn_sky import DrawnSky, Flags
from planner_comparison.nights import NightPasses, Nights

from groundstation.plan.records import Candidate, Span
from groundstation.plan.sky import Sky


@dataclass(frozen=True, slots=True, eq=False)
class Evening:
    """Tonight and the nights after it.

    Parameters
    ----------
    number : of tonight
    nights : passes, tonight's first
    sky : that all is drawn from
    ahead_of : how many nights after tonight each pass is, by its id
    """

    number: int
    nights: tuple[NightPasses, ...]
    sky: DrawnSky
    ahead_of: Mapping[str, int]

    @property
    def tonight(self) -> NightPasses:
        """The night that is carried out."""
        return self.nights[0]

    def candidates(self, nights: int) -> tuple[Candidate, ...]:
        """Passes of the first nights."""
        return tuple(c for night in self.nights[:nights] for c in night.candidates)

    def key_of(self, pass_id: str, windows: tuple[Span, ...]) -> int:
        """Whole bits of a part of a pass under a clear sky."""
        return self.nights[self.ahead_of[pass_id]].key_of(pass_id, windows)

    def is_clear(self, ahead: int = 0) -> dict[str, bool]:
        """What comes: whether each pass of a night is clear."""
        clear = dict(zip(self.sky.stations, self.sky.is_clear(self.number + ahead), strict=True))
        return {c.pass_id: bool(clear[c.station]) for c in self.nights[ahead].candidates}

    def forecast(self, step: int, nights: int) -> Sky:
        """The sky of the first nights, as one of tonight's forecasts sees it."""
        ahead = self.sky.ahead(self.number, nights - 1)
        worlds = [self.sky.tonight(self.number, step), *ahead]
        return self._sky(worlds, "world")

    def truth(self, nights: int) -> Sky:
        """The sky that comes."""
        clear = [self.sky.is_clear(self.number + n)[None, :] for n in range(nights)]
        return self._sky(clear, "truth")

    def _sky(self, clear: list[Flags], word: str) -> Sky:
        """Clear stations of each night, shapes (worlds, stations), as clear passes."""
        column = {name: i for i, name in enumerate(self.sky.stations)}
        nights = self.nights[: len(clear)]
        tables = [
            flags[:, [column[c.station] for c in night.candidates]]
            for flags, night in zip(clear, nights, strict=True)
        ]
        return Sky(
            tuple(f"{word} {i}" for i in range(len(clear[0]))),
            tuple(c.pass_id for c in self.candidates(len(clear))),
            np.concatenate(tables, axis=1).astype(np.float64),
        )


def evening_of(nights: Nights, sky: DrawnSky, number: int, ahead: int) -> Evening:
    """A night, and as many as asked for after it."""
    seen = tuple(nights.night(number + n) for n in range(1 + ahead))
    ahead_of = {c.pass_id: n for n, night in enumerate(seen) for c in night.candidates}
    return Evening(number, seen, sky, ahead_of)


def with_truth(sky: Sky, is_clear: dict[str, bool]) -> Sky:
    """The sky with the truth in place of the forecast for some passes."""
    table = sky.clear.copy()
    for name, clear in is_clear.items():
        table[:, sky.pass_ids.index(name)] = clear
    return replace(sky, clear=table)
