"""Run in dlt's own environment: extract every issue through its REST source (no normalising, no loading)."""

import os
import sys

os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}

import dlt
from dlt.sources.rest_api import rest_api_source


def main(url: str, folder: str) -> None:
    """Extract into *folder* and print how many issues there were."""
    source = rest_api_source(
        {
            "client": {
                "base_url": f"{url}/rest/api/3/",
                "paginator": {"type": "cursor", "cursor_path": "nextPageToken", "cursor_param": "nextPageToken"},
            },
            "resources": [
                {
                    "name": "issues",
                    "endpoint": {
                        "path": "search/jql",
                        "data_selector": "issues",
                        "params": {"jql": "created >= 2000-01-01", "fields": "*all", "maxResults": 100},
                    },
                }
            ],
        }
    )
    pipeline = dlt.pipeline("bench", pipelines_dir=folder, destination="filesystem", dataset_name="bench")
    info = pipeline.extract(source)
    metrics = [each for some in info.metrics.values() for each in some]
    tables = [each["table_metrics"] for each in metrics]
    print(sum(each["issues"].items_count for each in tables if "issues" in each))


main(*sys.argv[1:])
