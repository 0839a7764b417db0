"""The words are written in two parts, so that they are not found here."""

from tests.support import CheckCase

REGISTRY = "http" "://"


class Clean(CheckCase):
    check = "clean"

    def refuses(self, rule: str, text: str, remedy: str, path: str = "docs/a.txt") -> None:
        self.finds({path: f"\n{text}\n"}, f"{rule} {path}:2", remedy=remedy)

    def test_clean_words(self) -> None:
        words = "the agent of a user, a session, network/" "work/x, example.org/" "home/a, $dir/" "work/x, ~/" "work/y"
        self.passes({"a.txt": words + "\n", ".ci/run": "cp .." "/shared/x .\n"})

    def test_machine_paths(self) -> None:
        for text in ("cd " "/home" "/me", "at " "/work" "/main", "/tmp" "/bash_jobs", "see .." "/shared/x"):
            self.refuses("machine-path", text, "relative to the repository")

    def test_workshop_words(self) -> None:
        for text in ("a sub" "agent", "Cl" "aude", "an AI" " agent", "in this" " session"):
            self.refuses("workshop-word", text, "leave out how it came about")

    def test_registries(self) -> None:
        self.refuses("registry", REGISTRY + "registry.npmjs.org/x", "omit-lockfile-registry-resolved")
        self.refuses("registry", REGISTRY + "deb.debian.org/debian", "settings")
        self.passes({"docs/a.md": REGISTRY + "www.debian.org\n", "a.txt": REGISTRY + "notdebian.org\n"})
