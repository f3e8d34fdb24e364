"""One Spark for all tests of it; without Java they are skipped."""

from __future__ import annotations

import shutil

import pytest

from registry.tables.spark import SparkSettings, connect

OPTIONS = {  # of small data: no compiling, no planning anew, one task a step
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.driver.memory": "1g",
}


@pytest.fixture(scope="session")
def spark_settings() -> SparkSettings:
    """Settings under which Spark runs already."""
    pytest.importorskip("pyspark", reason="pyspark is not installed")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java 17, and no `java` is on the PATH")
    settings = SparkSettings("local[2]", "", OPTIONS)
    connect(settings)
    return settings
