from tests.support import CheckCase

PAGE = """# Title

See [the guide](docs/guide.md#the-first-step "a title"), [below](#about-x_y-and-z), [root](.), [docs](docs/),
[a reference] and ![a picture](docs/a.svg). [Elsewhere](https://example.org/no#no) is not [followed
over lines](docs/guide.md). `[code](gone.md)` and ``a ` [b](gone.md)`` are code.

[a reference]: docs/guide.md

## About `x_y`, and z!

```cpp
# no title
[no link](gone.md)
```

  ~~~text
  ```
  ~~~

````text
```
[no link](gone.md)
```` is no end
[no link](gone.md)
````
"""
PROJECT = {"README.md": PAGE, "docs/guide.md": "# Guide\n\n## The first step\n", "docs/a.svg": "<svg/>\n"}


class Pages(CheckCase):
    check = "docs"

    def refuses(self, text: str, expected: str, remedy: str = "") -> None:
        self.finds(PROJECT | {"docs/a.md": text}, expected, remedy=remedy)

    def test_a_good_page(self) -> None:
        self.passes(PROJECT)

    def test_titles(self) -> None:
        self.refuses("Text\n", "title docs/a.md:1", "# Title")
        self.refuses("\nText\n\n# Late\n", "title docs/a.md:2")
        self.refuses("# One\n\n# Two\n", "title docs/a.md:3", "Make it a section")

    def test_links(self) -> None:
        self.refuses("# A\n\n[x](gone.md)\n", "link docs/a.md:3", "Correct the link")
        self.refuses("# A\n\n[x](../../out.md)\n", "link docs/a.md:3")
        self.refuses("# A\n\n[x]\n\n[x]: gone.md\n", "link docs/a.md:5")
        self.refuses('# A\n\n<img src="gone.svg">\n', "link docs/a.md:3")
        self.passes(PROJECT | {"docs/a.md": "# A\n\n[x](/README.md) [y](../README.md) [z](guide.md?plain=1)\n"})

    def test_anchors(self) -> None:
        self.refuses("# A\n\n[x](#b)\n", "anchor docs/a.md:3", "#a")
        self.refuses("# A\n\n[x](guide.md#second)\n", "anchor docs/a.md:3", "#the-first-step")
        self.refuses("# A\n\n[x](sub#b)\n", "link docs/a.md:3")
        self.passes(PROJECT | {"docs/a.md": "# A\n\n[x](a.svg#L1) [x](../docs#a)\n"})
        folder = PROJECT | {"docs/sub/README.md": "# Sub\n", "docs/a.md": "# A\n\n[x](sub#sub)\n[x](sub#b)\n"}
        self.finds(folder, "anchor docs/a.md:4")
        self.passes(PROJECT | {"docs/a.md": '# A\n\n## B\n\n## B\n\n<a id="c"></a> [x](#b-1) [x](#c)\n'})

    def test_fences(self) -> None:
        self.refuses("# A\n\n```\ntext\n```\n", "fence docs/a.md:3", "Say what it is")


class Ends(CheckCase):
    check = "docs"

    def test_good_ends(self) -> None:
        self.passes({"a.cpp": "int a;\n", "empty.py": "", "Makefile": "all:\n\ttrue\n"})
        self.passes({"test/golden/a.txt": "a \t\n\n", "test/golden/a.md": "[x](gone.md)"})

    def test_trailing_space(self) -> None:
        for end in (" ", "\t ", "\r"):
            files = {"Makefile": f"a\nb{end}\n"}
            self.finds(files, "trailing-space Makefile:2", remedy="Remove it")

    def test_final_newline(self) -> None:
        self.finds({"a.cpp": "int a;"}, "final-newline a.cpp:1", remedy="exactly one")
        self.finds({"a.cpp": "int a;\n\n"}, "final-newline a.cpp:2")

    def test_tabs(self) -> None:
        self.finds({"a.cpp": "int a;\n\tint b;\n"}, "tab a.cpp:2", remedy="spaces")
