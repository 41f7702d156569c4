"""dlt's pipeline from a bulk file into SQLite, merged by id; run by its own interpreter.

    python dlt_orders.py orders.jsonl store.db FOLDER

Orders are handed over whole, with their agreements and sales nested, and dlt makes the child tables: the way its
documentation shows for nested records. FOLDER keeps its working files. How many orders it holds is printed.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

for name, value in (
    ("RUNTIME__DLTHUB_TELEMETRY", "false"),
    ("NORMALIZE__WORKERS", "1"),
    ("RUNTIME__LOG_LEVEL", "ERROR"),
):
    os.environ[name] = value

import dlt  # noqa: E402  # reads its settings when imported


def whole_orders(file: Path) -> Iterator[dict[str, object]]:
    """The file's orders with their children inside; the file is grouped."""
    order, agreements = {}, {}
    with file.open("rb") as lines:
        for text in lines:
            line = json.loads(text)
            parent = line.pop("__parentId", None)
            if parent is None:
                if order:
                    yield order
                order, agreements = line | {"agreements": []}, {}
            elif "lineType" in line:
                agreements[parent]["sales"].append(line)
            else:
                agreements[line["id"]] = line | {"sales": []}
                order["agreements"].append(agreements[line["id"]])
    yield order


def main(file: Path, store: Path, folder: Path) -> None:
    pipeline = dlt.pipeline(
        "orders",
        pipelines_dir=str(folder),
        destination=dlt.destinations.sqlalchemy(f"sqlite:///{store}"),
        dataset_name="main",
    )
    resource = dlt.resource(whole_orders(file), name="orders", primary_key="id", write_disposition="merge")
    pipeline.run(resource).raise_on_failed_jobs()
    with pipeline.sql_client() as client:
        print(json.dumps({"orders": client.execute_sql("select count(*) from orders")[0][0]}))


if __name__ == "__main__":
    main(*(Path(argument).absolute() for argument in sys.argv[1:4]))
