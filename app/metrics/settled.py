"""Figures that do not change while a server runs: its version, and what its settings want."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from app.settings import Settings


class Settled(Collector):
    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def collect(self) -> Iterator[GaugeMetricFamily]:
        build = GaugeMetricFamily("mypage_build_info", "1, with the version that runs", labels=["version"])
        build.add_metric([version("mypage")], 1)
        yield build
        wanted = "Licence keys of a product below which operators are warned (MYPAGE_LOW_STOCK)"
        yield GaugeMetricFamily("mypage_licences_wanted", wanted, value=self.settings.low_stock)
