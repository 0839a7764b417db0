// What most tests include, read once: only where CUTWATER_PRECOMPILE says so. No test relies on it: each includes what it uses.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "cutwater/asio.hpp"
#include "cutwater/cutwater.hpp"
#include "cutwater/testing/asio/stage.hpp"
