"""What holds for every test."""

from pathlib import Path

import pytest
from hypothesis import settings

HERE = Path(__file__).parent
ONE_GROUND = {"faults": "kafka"}  # a folder whose files share one costly ground

# A law is right or wrong, not fast: on a busy machine a deadline fails by chance.
settings.register_profile("pacesetter", deadline=None)
settings.load_profile("pacesetter")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let one process of xdist run a whole file, since its tests share grounds."""
    if not config.pluginmanager.hasplugin("xdist"):
        return
    for item in items:
        path = item.path.relative_to(HERE)
        group = ONE_GROUND.get(path.parts[0], str(path))
        item.add_marker(pytest.mark.xdist_group(group))
