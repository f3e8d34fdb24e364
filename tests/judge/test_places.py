"""Where a rule stands, as a forge looks for it."""

from __future__ import annotations

import pytest

from registry.judge.places import in_repository
from registry.model.judgement import Place
from registry.workspace.config import Config
from registry.workspace.git import init
from registry.workspace.workspace import Workspace


@pytest.mark.parametrize(("below", "expected"), [(".", "checks/x.yaml"), ("팀/da ta", "팀/da ta/checks/x.yaml")])
def test_places_are_relative_to_the_repository(tmp_path, below, expected):
    init(tmp_path)
    (tmp_path / below).mkdir(parents=True, exist_ok=True)
    places = in_repository(Workspace(tmp_path / below, Config(), {}), {("x", "leak"): Place("checks/x.yaml", 7)})
    assert places == {("x", "leak"): Place(expected, 7)}
