from tests.support import CheckCase

PATH = "cutwater/core/a.hpp"
WORDS = "/// A limiter.\n///\n/// It limits.\n"


class Headers(CheckCase):
    check = "headers"

    def test_the_comment_before_or_after(self) -> None:
        before = WORDS.replace("///", "//") + "#pragma once\n"
        self.passes({PATH: "#pragma once\n\n" + WORDS, "cutwater/core/b.hpp": before})

    def test_only_public_headers(self) -> None:
        others = ("cutwater/core/detail/a.hpp", "cutwater/core/a.cpp", "test/a.hpp", "cutwater/core/a_test.hpp")
        self.passes({path: "" for path in others})

    def test_pragma_first(self) -> None:
        text = "// Why.\n#include <x>\n#pragma once\n" + WORDS
        self.finds({PATH: text}, f"pragma-first {PATH}:2", remedy="only comments")

    def test_too_little_is_said(self) -> None:
        legal = "// Copyright us\n// SPDX-License-Identifier: Apache-2.0\n// Licensed\n"
        self.passes({PATH: "#pragma once\n" + "\n" * 36 + WORDS})
        for text in ("struct s {};\n", legal, "\n" * 40 + WORDS):
            files = {PATH: "#pragma once\n" + text}
            self.finds(files, f"header-comment {PATH}:1", remedy="what the type is for")
