from tests.support import CheckCase

PROJECT = {
    "README.md": "# Title\n\n[docs](docs) [core](cutwater/core/README.md)\n",
    "docs/README.md": "# Docs\n\n[guide](guide.md) and `tools/fresh`\n",
    "docs/guide.md": "# Guide\n",
    ".github/pull_request.md": "# Change\n",
    "cutwater/core/README.md": "# Core\n",
    "cutwater/core/CMakeLists.txt": "",
    "cutwater/core/error.hpp": "",
    "cutwater/core/detail/error.cpp": '#include "cutwater/core/error.hpp"\n',
    "tools/fresh": "#!/bin/sh\n",
    "tools/data.txt": "",
}


class Dead(CheckCase):
    check = "dead"

    def test_all_in_use(self) -> None:
        self.passes(PROJECT)

    def test_unused_headers(self) -> None:
        own = '#include "cutwater/core/a.hpp"\n'
        files = PROJECT | {"cutwater/core/a.hpp": own, "test/helper.hpp": ""}
        self.finds(files, "unused-header cutwater/core/a.hpp:1", remedy="Delete it")

    def test_unbuilt_sources(self) -> None:
        self.finds(PROJECT | {"fuzz/config/a.cpp": ""}, "unbuilt-source fuzz/config/a.cpp:1", remedy="Add one")
        self.passes(PROJECT | {"fuzz/config/a.cpp": "", "fuzz/CMakeLists.txt": "", "a.cpp": ""})

    def test_unlinked_pages(self) -> None:
        page = "# A\n\n[itself](lost.md#a)\n"
        self.finds(PROJECT | {"docs/lost.md": page}, "unlinked-page docs/lost.md:1", remedy="Link it")
        page = "# A\n\n[its own folder](.)\n"
        self.finds(PROJECT | {"docs/lost/README.md": page}, "unlinked-page docs/lost/README.md:1")

    def test_unnamed_scripts(self) -> None:
        script = "#!/bin/sh\n# other: not named elsewhere\n"
        self.finds(PROJECT | {"tools/other": script}, "unnamed-script tools/other:1", remedy="Name it")
