"""One answer into SQLite by another tool: `peers.py sqlite-utils|dlt URL DIRECTORY`."""

import json
import sys
import urllib.request
from pathlib import Path


def rows(url):
    with urllib.request.urlopen(url) as answer:
        return json.load(answer)["data"]


def sqlite_utils(url, directory):
    import sqlite_utils

    database = sqlite_utils.Database(directory / "sqlite-utils.db")
    database["responses"].upsert_all(rows(url), pk="id", alter=True)
    return database["responses"].count


def dlt(url, directory):
    import os

    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    import dlt

    pipeline = dlt.pipeline(
        pipeline_name="bench",
        pipelines_dir=str(directory / "dlt"),
        destination=dlt.destinations.sqlalchemy(f"sqlite:///{directory / 'dlt.db'}"),
        dataset_name="main",
    )
    source = dlt.resource(rows, name="responses", primary_key="id", write_disposition="merge", max_table_nesting=0)
    pipeline.run(source(url))
    with pipeline.sql_client() as client:
        return client.execute_sql("SELECT count(*) FROM responses")[0][0]


peer, url, directory = sys.argv[1:]
count = {"sqlite-utils": sqlite_utils, "dlt": dlt}[peer](url, Path(directory))
print(f"{count} rows")
