"""Everything that is known of one link along a track: budget, causes, totals, uncertainty."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from groundstation.network import Satellite, Station
from groundstation.night.links import receiver_for
from groundstation.results.constants import LinkConstants, calibrated_source
from groundstation.results.spread import drawn_counts
from passes.counts.by_cause import RatesByCause, rates_by_cause
from passes.counts.source import DecoySource
from passes.counts.spread.forecast import CountForecast
from passes.forecast import PassForecast, slot_s
from passes.key.block.distribution import KeyDistribution, forecast_key
from passes.key.decoy.counts import decoy_counts_from_moments
from passes.key.decoy.waterfall import WaterfallStep, key_waterfall
from passes.key.records import SecurityParameters
from passes.key.repeaterless import plob_2017_bits
from passes.link.air.extinction import water_line_warning
from passes.link.terminals import Atmosphere, Receiver, Transmitter
from passes.track import Track

Floats = NDArray[np.float64]

INTENSITIES = ("signal", "decoy", "vacuum")
BASES = ("key", "test")


@dataclass(frozen=True)
class LinkDetail:
    """One link along a track with the causes of its clicks and errors.

    Parameters
    ----------
    pass_id : of the pass; None for a satellite that was only placed
    satellite, station : names in the network
    transmitter, source, receiver, atmosphere : what the budget was made from
    track, forecast : of the same samples
    security : promises of the key
    declared_source : `source` before the calibration
    constants : what counts have taught of the link; None if nothing
    """

    pass_id: str | None
    satellite: str
    station: str
    transmitter: Transmitter
    source: DecoySource
    receiver: Receiver
    atmosphere: Atmosphere
    track: Track
    forecast: PassForecast
    security: SecurityParameters
    declared_source: DecoySource
    constants: LinkConstants | None = None

    @cached_property
    def causes(self) -> RatesByCause:
        """Clicks and errors by cause along the track."""
        return rates_by_cause(self.forecast.budget, self.forecast.noise, self.source, self.receiver)

    @cached_property
    def spread(self) -> CountForecast | None:
        """Counts of the usable seconds under what is not known, always with the same draws.

        None where no second is usable.
        """
        return drawn_counts(
            self.track,
            self.forecast,
            transmitter=self.transmitter,
            source=self.declared_source,
            receiver=self.receiver,
            atmosphere=self.atmosphere,
            constants=self.constants,
        )

    @cached_property
    def key_spread(self) -> KeyDistribution | None:
        """Key of the usable seconds as one block under the same draws."""
        if self.spread is None:
            return None
        return forecast_key(
            self.spread,
            self.source,
            self.receiver,
            self.security,
            proof=self.forecast.key.proof,
        )

    @cached_property
    def repeaterless_bits(self) -> float:
        """What no protocol without a repeater exceeds in the usable seconds."""
        use = self.track.is_usable
        pulses = self.source.pulse_rate_hz * slot_s(self.track)
        return plob_2017_bits(self.forecast.budget.efficiency[use], pulses)

    @cached_property
    def waterfall(self) -> tuple[WaterfallStep, ...]:
        """What each cause costs between the sifted bits and the key."""
        counts = decoy_counts_from_moments(
            self.forecast.moments,
            self.source,
            self.receiver.detector.key_basis_probability,
            self.receiver.detector.afterpulse_probability,
        )
        return key_waterfall(counts, self.source, self.security, proof=self.forecast.key.proof)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader should know before trusting the budget, one sentence each."""
        return link_remarks(self.transmitter)

    def counted(self, rate_hz: Floats) -> Floats:
        """Counts of the usable seconds, from rates of shape (..., n)."""
        return np.asarray(rate_hz[..., self.track.is_usable].sum(axis=-1) * slot_s(self.track))

    def qber_by_cause(self) -> dict[str, float]:
        """Error rate of the usable seconds' sifted signal clicks by cause; they add up."""
        sifted_hz = self.forecast.rates.sifted_hz
        sifted = float(self.counted(sifted_hz))
        return {
            name: float(self.counted(qber * sifted_hz)) / sifted if sifted > 0.0 else float("nan")
            for name, qber in self.causes.qber_by_cause.items()
        }


def link_remarks(transmitter: Transmitter) -> tuple[str, ...]:
    """A sentence where the laser sits among water lines and its own loss is not declared."""
    remark = water_line_warning(transmitter.wavelength_m)
    if remark is None or transmitter.water_line_zenith_loss_db is not None:
        return ()
    return (f"{remark}; declare water_line_zenith_loss_db",)


def link_detail(
    pass_id: str | None,
    satellite: Satellite,
    station: Station,
    track: Track,
    forecast: PassForecast,
    security: SecurityParameters,
    constants: LinkConstants | None = None,
) -> LinkDetail | None:
    """The detail of a link that has a forecast; None where a record is missing after all."""
    receiver = receiver_for(satellite, station)
    transmitter, source, atmosphere = satellite.transmitter, satellite.source, station.atmosphere
    if receiver is None or transmitter is None or source is None or atmosphere is None:
        return None
    return LinkDetail(
        pass_id=pass_id,
        satellite=satellite.name,
        station=station.name,
        transmitter=transmitter,
        source=calibrated_source(source, receiver, constants),
        receiver=receiver,
        atmosphere=atmosphere,
        track=track,
        forecast=forecast,
        security=security,
        declared_source=source,
        constants=constants,
    )
