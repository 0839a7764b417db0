#include "cutwater/store/sqlite/sqlite_error.hpp"

#include <sqlite3.h>

#include "cutwater/core/errc.hpp"
#include "cutwater/core/known_category.hpp"

namespace cutwater {

namespace {

std::string_view text_of(sqlite_errc code) noexcept {
    switch (code) {
        case sqlite_errc::foreign_file: return "the file is not a store of cells";
        case sqlite_errc::newer_file: return "the file is of a newer schema";
        case sqlite_errc::moved_file: return "the file was moved, deleted or replaced while it was open";
        case sqlite_errc::forked: return "the file was opened before a fork";
    }
    return {};
}

std::error_condition condition_of(int value, const std::error_category& of) noexcept {
    switch (static_cast<sqlite_errc>(value)) {
        case sqlite_errc::foreign_file:
        case sqlite_errc::newer_file: return std::errc::not_supported;
        case sqlite_errc::moved_file: return std::errc::no_such_file_or_directory;
        case sqlite_errc::forked: return std::errc::operation_not_permitted;
    }
    if (value == SQLITE_CANTOPEN_ISDIR) return std::errc::is_a_directory;
    if (value == SQLITE_IOERR_NOMEM) return std::errc::not_enough_memory;
    switch (value & 0xff) {  // the extended codes are kinds of these
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_PROTOCOL: return std::errc::device_or_resource_busy;
        case SQLITE_FULL: return std::errc::no_space_on_device;
        case SQLITE_READONLY: return std::errc::read_only_file_system;
        case SQLITE_PERM:
        case SQLITE_AUTH: return std::errc::permission_denied;
        case SQLITE_CANTOPEN: return std::errc::no_such_file_or_directory;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB: return std::errc::bad_message;
        case SQLITE_IOERR: return std::errc::io_error;
        case SQLITE_NOMEM: return std::errc::not_enough_memory;
        case SQLITE_TOOBIG: return std::errc::value_too_large;
        default: return {value, of};
    }
}

class sqlite_texts : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "sqlite"; }
    [[nodiscard]] std::string message(int value) const override {
        const std::string_view ours = text_of(static_cast<sqlite_errc>(value));
        return ours.empty() ? sqlite3_errstr(value) : std::string{ours};
    }
    [[nodiscard]] std::error_condition default_error_condition(int value) const noexcept override {
        return condition_of(value, *this);
    }
};

class unsent_texts final : public sqlite_texts {
public:
    [[nodiscard]] const char* name() const noexcept override { return "sqlite.unsent"; }
    [[nodiscard]] bool equivalent(int value, const std::error_condition& asked) const noexcept override {
        return asked == make_error_condition(condition::never_sent) || sqlite_texts::equivalent(value, asked);
    }
};

}  // namespace

const std::error_category& sqlite_category() noexcept {
    static const sqlite_texts category;
    return category;
}

const std::error_category& sqlite_unsent_category() noexcept {
    static const unsent_texts category;
    return category;
}

namespace {

/// So that what was kept of a failure is it again.
const known_category codes{sqlite_category()};
const known_category unsent_codes{sqlite_unsent_category()};

}  // namespace

std::string_view sqlite_remedy(int code) noexcept {
    switch (static_cast<sqlite_errc>(code)) {
        case sqlite_errc::foreign_file: return "Name a file of its own";
        case sqlite_errc::newer_file: return "Use a Cutwater as new as the one that wrote it, or name another file";
        case sqlite_errc::moved_file: return "Put it back, or make the store anew";
        case sqlite_errc::forked: return "Make the store after the fork, in each child";
    }
    switch (code & 0xff) {
        case SQLITE_BUSY: return "Somebody else writes for long, or holds a transaction open";
        case SQLITE_FULL: return "Make room on the disk";
        case SQLITE_READONLY:
        case SQLITE_PERM: return "Let this process write the file and its folder";
        case SQLITE_CORRUPT: return "Restore a copy; `sqlite3 FILE .recover` reads what can still be read";
        case SQLITE_NOTADB: return "Name another path, or move what is there";
        default: return {};
    }
}

}  // namespace cutwater
