from checks.cast import POLICY, SECTIONS
from tests.support import CheckCase

ROOM = "cutwater/policy/retry"
PAGE = "# Retry\n\n" + "".join(f"## {section}\n\nText.\n\n" for section in SECTIONS)
COMPLETE = {f"{ROOM}/{name.format(room='retry')}": "" for name in POLICY} | {f"{ROOM}/README.md": PAGE}


class Cast(CheckCase):
    check = "cast"

    def test_a_complete_room(self) -> None:
        self.passes(COMPLETE | {f"{ROOM}/detail/sum.hpp": "", "cutwater/policy/CMakeLists.txt": ""})

    def test_each_member_is_missed(self) -> None:
        for path in COMPLETE:
            files = {other: text for other, text in COMPLETE.items() if other != path}
            self.finds(files, f"cast {path}:1", remedy="Every policy has the same cast")

    def test_every_folder_with_code_has_a_page_and_a_target(self) -> None:
        files = {"cutwater/core/error.hpp": "", "cutwater/core/README.md": ""}
        self.finds(files, "cast cutwater/core/CMakeLists.txt:1", remedy="a page and a target")
        files = {"cutwater/core/error.hpp": "", "cutwater/core/CMakeLists.txt": ""}
        self.finds(files, "cast cutwater/core/README.md:1")

    def test_a_missing_section(self) -> None:
        page = PAGE.replace("## Events", "### Events")
        self.finds(COMPLETE | {f"{ROOM}/README.md": page}, f"sections {ROOM}/README.md:1", message="## Events")

    def test_sections_in_another_order(self) -> None:
        page = PAGE.replace("## About", "## x").replace("## Usage", "## About").replace("## x", "## Usage")
        remedy = "About, Usage, Defaults"
        self.finds(COMPLETE | {f"{ROOM}/README.md": page}, f"sections {ROOM}/README.md:3", remedy=remedy)

    def test_more_sections_may_stand_between(self) -> None:
        self.passes(COMPLETE | {f"{ROOM}/README.md": PAGE.replace("## Events", "## Cost\n\n## Events")})
