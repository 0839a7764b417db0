// Files that are said to be ledgers: what is read can be written, and is then read as the same.
#include "cutwater/observe/ledger/ledger_book.hpp"

#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>

namespace {

std::string written(const std::vector<cutwater::ledger_book>& books) {
    std::ostringstream out;
    for (const cutwater::ledger_book& book : books) cutwater::write_ledger(out, book);
    return out.str();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::istringstream in{std::string{reinterpret_cast<const char*>(data), size}};
    const auto books = cutwater::read_ledger(in);
    if (!books) {
        if (books.error().words.empty()) std::abort();
        return 0;
    }
    const std::string text = written(*books);
    std::istringstream again{text};
    const auto back = cutwater::read_ledger(again);
    if (!back || written(*back) != text) std::abort();
    return 0;
}
