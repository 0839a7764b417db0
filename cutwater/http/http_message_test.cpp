#include "cutwater/http/http_message.hpp"

#include <gtest/gtest.h>

#include <string>

namespace cutwater {
namespace {

TEST(http_message, a_response_tells_what_it_owns) {
    http_response page{.status = 200};
    const std::size_t before = page.heap_bytes();
    page.body = std::string(10'000, 'x');
    const std::size_t with_body = page.heap_bytes();
    EXPECT_GE(with_body, before + 9'900);
    page.fields.add("x-long", std::string(5'000, 'y'));
    EXPECT_GE(page.heap_bytes(), with_body + 5'000);
}

}  // namespace
}  // namespace cutwater
