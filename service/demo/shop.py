"""The simulated shop behind the API: its world, clock, app permissions, budget and bulk operations."""

from __future__ import annotations

from threading import RLock

from service.demo.bulk import BulkOperations, bulk_table
from service.demo.checkouts import Checkouts
from service.demo.cost import MAX_QUERY_COST, Bucket
from service.demo.index import Index
from service.demo.model import World
from service.demo.ql_budget import POINTS, WINDOW_SECONDS
from service.demo.roots import Request, root_table
from service.demo.schema import VERSIONS
from service.demo.serialise import table
from service.demo.shopifyql import Reports, report_table

SCOPES = ("read_all_orders", "read_customers", "read_orders", "read_products", "read_reports")


class Shop:
    """`now` is the shop's clock in epoch seconds: it stands still until somebody sets it or changes the world."""

    def __init__(
        self,
        world: World,
        *,
        scopes: tuple[str, ...] = SCOPES,
        bucket: int = 2000,
        restore_rate: int = 100,
        max_query_cost: int = MAX_QUERY_COST,
        ql_points: int = POINTS,
        ql_window_seconds: float = WINDOW_SECONDS,
        bulk_slots: int = 5,
        oldest_version: str = "2026-01",
        inclusive_bounds: bool = False,
        checkouts_are_cut: bool = False,
    ) -> None:
        self.world = world
        self.now = world.now
        self.url = ""
        self.lock = RLock()
        self.scopes = set(scopes)
        self.unapproved: set[str] = set()  # fields of protected customer data the app may not use
        self.versions = VERSIONS[VERSIONS.index(oldest_version) :]
        self.max_query_cost = max_query_cost
        self.bucket = Bucket(bucket, restore_rate)
        self.index = Index(world, inclusive_bounds)
        self.checkouts = Checkouts(world, inclusive_bounds, checkouts_are_cut)
        self.bulk = BulkOperations(self, bulk_slots)
        self.reports = Reports(self, ql_points, ql_window_seconds)
        self.table = {**table(self.index), **root_table(), **bulk_table(self.bulk), **report_table()}

    @property
    def domain(self) -> str:
        """The permanent myshopify.com name."""
        return self.world.domain

    def request(self, version: str) -> Request:
        return Request(self, version)
