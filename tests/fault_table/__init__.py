"""Bad inputs and faults as one table: it drives tests/test_faults.py and makes docs/bad-inputs.md."""

from fault_table.blocks import BLOCKS
from fault_table.clusters import CLUSTERS
from fault_table.csv_files import CSV
from fault_table.entry import Entry
from fault_table.labels import LABELS
from fault_table.large_tables import LARGE
from fault_table.models import MODELS
from fault_table.running import RUNNING
from fault_table.shapes import SHAPES
from fault_table.values import VALUES

SECTIONS: dict[str, tuple[Entry, ...]] = {
    "Values": VALUES,
    "Labels": LABELS,
    "Shapes and containers": SHAPES,
    "Tables read in blocks": BLOCKS,
    "Large tables and folders": LARGE,
    "Clusters": CLUSTERS,
    "CSV and other files": CSV,
    "Models and checkpoints": MODELS,
    "Running": RUNNING,
}
ENTRIES = tuple(entry for entries in SECTIONS.values() for entry in entries)
