"""One Spark for all tests of it; without Java they are skipped."""

from __future__ import annotations

import gc
import shutil
import warnings
from collections.abc import Iterator

import pytest

from registry.tables.spark import SparkSettings, connect

OPTIONS = {  # of small data: no compiling, no planning anew, one task a step
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.broadcast.compress": "false",
    "spark.shuffle.compress": "false",
    "spark.driver.memory": "1g",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmn400m",
}


@pytest.fixture(scope="session")
def spark_settings() -> Iterator[SparkSettings]:
    """Settings under which Spark runs already."""
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java 17, and no `java` is on the PATH")
    settings = SparkSettings("local[2]", "", OPTIONS)
    connect(settings)
    yield settings
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()


def pytest_collection_modifyitems(items):
    """Spark's client leaves its sockets to the garbage collector."""
    for item in items:
        if "spark_settings" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.filterwarnings("ignore::ResourceWarning"))
            item.add_marker(pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"))
